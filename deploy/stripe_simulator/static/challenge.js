/* The 3-D Secure page: in a frame it tells its parent when it is done, by itself it returns to return_url. */
const query = new URLSearchParams(location.hash.length > 1 ? location.hash.slice(1) : location.search);
const intent = query.get("intent");
const buttons = [document.getElementById("complete"), document.getElementById("fail")];

const goBack = (status) => {
  const kind = intent.startsWith("seti_") ? "setup_intent" : "payment_intent";
  const address = new URL(query.get("return_url"));
  if (!/^https?:$/.test(address.protocol)) return;
  address.searchParams.set(kind, intent);
  address.searchParams.set(`${kind}_client_secret`, query.get("client_secret"));
  address.searchParams.set("redirect_status", status === "succeeded" ? "succeeded" : "failed");
  location.assign(address);
};

const finish = async (passed) => {
  buttons.forEach((button) => { button.disabled = true; });
  const body = {
    publishable_key: query.get("key") || "pk_test_challenge",
    account: query.get("account"),
    intent,
    client_secret: query.get("client_secret"),
    passed,
  };
  try {
    const response = await fetch("/v3/authentications", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (query.get("return_url") && parent === window) goBack(answer.status);
    else parent.postMessage({ event: "authenticated", detail: answer }, "*");
  } catch {
    document.getElementById("problem").textContent = "The simulator did not answer. Try again.";
    buttons.forEach((button) => { button.disabled = false; });
  }
};

buttons[0].addEventListener("click", () => finish(true));
buttons[1].addEventListener("click", () => finish(false));
buttons[0].focus();
