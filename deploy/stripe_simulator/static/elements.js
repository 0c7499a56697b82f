/* The framed page: the payment fields, and the only place from which the simulator is called with what is typed in them. */
import { sepaDebit, usBankAccount } from "./bank_fields.js";
import { card } from "./card_fields.js";

const settings = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const form = document.getElementById("fields");
const KINDS = { card, us_bank_account: usBankAccount, sepa_debit: sepaDebit };
const THEME = ["colorPrimary", "colorBackground", "colorText", "colorDanger", "fontFamily", "fontSizeBase", "borderRadius"];
let chosen = "card";
const kind = () => KINDS[chosen];

const tell = (message) => parent.postMessage(message, settings.parent);
const emit = (event, detail) => tell({ event, detail });

const show = (id, problem) => {
  const text = problem ? problem[1] : "";
  document.getElementById(`${id}-error`).textContent = text;
  document.getElementById(id).setAttribute("aria-invalid", String(Boolean(problem)));
  tellHeight();
};

const tellHeight = () => emit("height", document.documentElement.scrollHeight);

const isWrong = (id) => document.getElementById(id).getAttribute("aria-invalid") === "true";

const changed = () => {
  const found = kind().problems();
  const { ids } = kind();
  const empty = ids.every((id) => document.getElementById(id).value === "");
  const shown = ids.find(isWrong);
  const error = shown && found[shown] ? { type: "validation_error", code: found[shown][0], message: found[shown][1] } : undefined;
  emit("change", { complete: Object.keys(found).length === 0, empty, error, value: { type: chosen } });
};

const choose = (name) => {
  chosen = name;
  for (const one of Object.keys(KINDS)) document.getElementById(one).hidden = one !== name;
  tellHeight();
};

/** The kinds that the intent takes, where the element was given one; a choice between them where there are several. */
const offer = async () => {
  const secret = settings.clientSecret;
  const asked = secret && (await methods.retrieve({ kind: secret.startsWith("seti_") ? "setup_intent" : "payment_intent", clientSecret: secret }));
  const intent = asked && (asked.setupIntent || asked.paymentIntent);
  const names = ((intent && intent.payment_method_types) || ["card"]).filter((name) => Object.hasOwn(KINDS, name));
  choose(names[0]);
  if (names.length < 2) return;
  const host = document.getElementById("kinds");
  for (const name of names) {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "kind", value: name, checked: name === chosen });
    input.addEventListener("change", () => choose(name));
    const label = document.createElement("label");
    label.append(input, KINDS[name].words);
    host.append(label);
  }
  host.hidden = false;
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
    const found = kind().problems();
    const { ids } = kind();
    for (const id of ids) show(id, found[id]);
    const first = ids.find((id) => found[id]);
    if (!first) return null;
    document.getElementById(first).focus();
    changed();
    return { code: found[first][0], message: found[first][1] };
  },
  async createPaymentMethod({ billing_details: billing }) {
    const problem = await methods.validate();
    if (problem) return { error: { type: "validation_error", ...problem } };
    const body = await call("POST", "/v1/payment_methods", kind().method(billing));
    return body.error ? body : { paymentMethod: body };
  },
  async appearance(appearance) {
    dress(appearance);
    return null;
  },
  async focus() {
    document.getElementById(kind().ids[0]).focus();
    return null;
  },
  async clear() {
    form.reset();
    for (const id of kind().ids) show(id, null);
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

if (settings.mode === "fields") {
  form.hidden = false;
  document.getElementById("postal-field").hidden = settings.hidePostalCode;
  dress(settings.appearance);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    kind().layOut(event.target);
    if (kind().ids.includes(event.target.id) && isWrong(event.target.id)) show(event.target.id, kind().problems()[event.target.id]);
    changed();
    tellHeight();
  });
  form.addEventListener("focusout", (event) => {
    const { id } = event.target;
    if (kind().ids.includes(id) && event.target.value) show(id, kind().problems()[id]);
    changed();
    emit("blur");
  });
  form.addEventListener("focusin", () => emit("focus"));
  form.addEventListener("keydown", (event) => event.key === "Escape" && emit("escape"));
  new ResizeObserver(tellHeight).observe(document.body);
  await offer();
}
emit("ready");
