/* The page on which the holder of a typed bank account says which code came with the deposit. */
const query = new URLSearchParams(location.hash.slice(1));
const node = (id) => document.getElementById(id);

node("verify").addEventListener("submit", async (event) => {
  event.preventDefault();
  node("problem").textContent = "";
  node("send").disabled = true;
  const headers = { Authorization: `Bearer ${query.get("key") || "pk_test_microdeposits"}` };
  if (query.get("account")) headers["Stripe-Account"] = query.get("account");
  const body = new URLSearchParams({ client_secret: query.get("client_secret"), descriptor_code: node("code").value.trim() });
  try {
    const response = await fetch(`/v1/setup_intents/${encodeURIComponent(query.get("intent"))}/verify_microdeposits`, { method: "POST", headers, body });
    const answer = await response.json();
    const error = answer.error || answer.last_setup_error;
    if (answer.status === "succeeded") node("done").textContent = "The bank account is verified. You may close this page.";
    else node("problem").textContent = error ? error.message : "The bank account is not verified.";
    node("send").disabled = !answer.error;
  } catch {
    node("problem").textContent = "The simulator did not answer. Try again.";
    node("send").disabled = false;
  }
});
node("code").focus();
