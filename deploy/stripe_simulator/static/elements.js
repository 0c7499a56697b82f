/* The framed page: card fields, and the only place from which the simulator is called with what is typed in them. */
const settings = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const form = document.getElementById("card");
const fields = Object.fromEntries(["number", "expiry", "cvc", "postal"].map((id) => [id, document.getElementById(id)]));
const THEME = ["colorPrimary", "colorBackground", "colorText", "colorDanger", "fontFamily", "fontSizeBase", "borderRadius"];

const tell = (message) => parent.postMessage(message, settings.parent);
const emit = (event, detail) => tell({ event, detail });

const digits = (text) => text.replace(/\D/g, "");

const passesLuhn = (number) =>
  [...number].reverse().reduce((sum, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0) % 10 === 0;

const expiry = () => {
  const text = digits(fields.expiry.value);
  const year = text.slice(2);
  return { month: Number(text.slice(0, 2)), year: year.length === 4 ? Number(year) : 2000 + Number(year), complete: text.length === 4 || text.length === 6 };
};

/** What is wrong with each field; the checks the simulator makes again. */
const problems = () => {
  const number = digits(fields.number.value);
  const date = expiry();
  const now = new Date();
  const cvcLength = /^3[47]/.test(number) ? 4 : 3;
  const found = {};
  if (number.length < 14) found.number = ["incomplete_number", "Your card number is incomplete."];
  else if (!passesLuhn(number)) found.number = ["invalid_number", "Your card number is invalid."];
  if (!date.complete) found.expiry = ["incomplete_expiry", "Your card's expiration date is incomplete."];
  else if (date.month < 1 || date.month > 12) found.expiry = ["invalid_expiry_month", "Your card's expiration month is invalid."];
  else if (date.year < now.getFullYear() || (date.year === now.getFullYear() && date.month < now.getMonth() + 1)) {
    found.expiry = ["invalid_expiry_year_past", "Your card's expiration year is in the past."];
  }
  if (digits(fields.cvc.value).length < cvcLength) found.cvc = ["incomplete_cvc", "Your card's security code is incomplete."];
  return found;
};

const show = (id, problem) => {
  const text = problem ? problem[1] : "";
  document.getElementById(`${id}-error`).textContent = text;
  fields[id].setAttribute("aria-invalid", String(Boolean(problem)));
  tellHeight();
};

const tellHeight = () => emit("height", document.documentElement.scrollHeight);

const changed = () => {
  const found = problems();
  const empty = ["number", "expiry", "cvc"].every((id) => fields[id].value === "");
  const shown = ["number", "expiry", "cvc"].find((id) => fields[id].getAttribute("aria-invalid") === "true");
  const error = shown && found[shown] ? { type: "validation_error", code: found[shown][0], message: found[shown][1] } : undefined;
  emit("change", { complete: Object.keys(found).length === 0, empty, error });
};

const layOut = (input) => {
  if (input === fields.number) {
    input.value = digits(input.value).slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 ");
  } else if (input === fields.expiry && !/[/]/.test(input.value)) {
    let text = digits(input.value);
    if (/^[2-9]$/.test(text)) text = `0${text}`;
    if (text.length > 2) input.value = `${text.slice(0, 2)} / ${text.slice(2, 6)}`;
  } else if (input === fields.cvc) {
    input.value = digits(input.value).slice(0, 4);
  }
};

const encode = (value, name, pairs) => {
  if (value === null || value === undefined) return pairs;
  if (typeof value === "object") for (const [key, child] of Object.entries(value)) encode(child, name ? `${name}[${key}]` : key, pairs);
  else pairs.append(name, String(value));
  return pairs;
};

const call = async (method, path, params) => {
  const headers = { Authorization: `Bearer ${settings.key}` };
  if (settings.account) headers["Stripe-Account"] = settings.account;
  const pairs = encode(params, "", new URLSearchParams());
  const address = method === "GET" ? `${path}?${pairs}` : path;
  try {
    const response = await fetch(address, { method, headers, body: method === "GET" ? undefined : pairs });
    return await response.json();
  } catch {
    return { error: { type: "api_connection_error", message: "We are experiencing issues connecting to our payments provider. You have not been charged. Please check your internet connection and try again." } };
  }
};

const address = (kind, clientSecret) => `/v1/${kind}s/${encodeURIComponent(String(clientSecret).split("_secret_")[0])}`;
const named = (kind, body) => (body.error ? body : { [kind === "setup_intent" ? "setupIntent" : "paymentIntent"]: body });

const methods = {
  async retrieve({ kind, clientSecret }) {
    return named(kind, await call("GET", address(kind, clientSecret), { client_secret: clientSecret }));
  },
  async confirm({ kind, clientSecret, params }) {
    const body = { ...params, client_secret: clientSecret, use_stripe_sdk: true };
    return named(kind, await call("POST", `${address(kind, clientSecret)}/confirm`, body));
  },
  async validate() {
    const found = problems();
    for (const id of ["number", "expiry", "cvc"]) show(id, found[id]);
    const first = ["number", "expiry", "cvc"].find((id) => found[id]);
    if (!first) return null;
    fields[first].focus();
    changed();
    return { code: found[first][0], message: found[first][1] };
  },
  async createPaymentMethod({ billing_details: billing }) {
    const problem = await methods.validate();
    if (problem) return { error: { type: "validation_error", ...problem } };
    const date = expiry();
    const card = { number: digits(fields.number.value), exp_month: date.month, exp_year: date.year, cvc: fields.cvc.value };
    const details = { ...billing };
    if (fields.postal.value) details.address = { ...details.address, postal_code: fields.postal.value };
    const body = await call("POST", "/v1/payment_methods", { type: "card", card, billing_details: details });
    return body.error ? body : { paymentMethod: body };
  },
  async appearance(appearance) {
    dress(appearance);
    return null;
  },
  async focus() {
    fields.number.focus();
    return null;
  },
  async clear() {
    form.reset();
    for (const id of ["number", "expiry", "cvc"]) show(id, null);
    changed();
    return null;
  },
};

const dress = (appearance) => {
  const variables = (appearance && appearance.variables) || {};
  for (const name of THEME) {
    if (variables[name]) document.documentElement.style.setProperty(`--${name}`, String(variables[name]));
  }
};

window.addEventListener("message", async (message) => {
  if (message.source !== parent || message.origin !== settings.parent) return;
  const { id, method, params } = message.data || {};
  if (!id || !Object.hasOwn(methods, method)) return;
  tell({ id, result: await methods[method](params || {}) });
});

if (settings.mode === "card") {
  form.hidden = false;
  document.getElementById("postal-field").hidden = settings.hidePostalCode;
  dress(settings.appearance);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    layOut(event.target);
    if (event.target !== fields.postal && event.target.getAttribute("aria-invalid") === "true") show(event.target.id, problems()[event.target.id]);
    changed();
  });
  form.addEventListener("focusout", (event) => {
    const id = event.target.id;
    if (id !== "postal" && event.target.value) show(id, problems()[id]);
    changed();
    emit("blur");
  });
  form.addEventListener("focusin", () => emit("focus"));
  form.addEventListener("keydown", (event) => event.key === "Escape" && emit("escape"));
  new ResizeObserver(tellHeight).observe(document.body);
}
emit("ready");
