/*
 * <tollgate-billing lang theme heading-level>: the page inside of a provider's portal.
 *
 * The host gives the token by a function (`element.token = () => "…"`, sync or async, asked again when it no longer
 * holds), never by an attribute. `navigate` tells each new address (`event.detail.address`), `paid` each payment.
 * `element.address` reads and sets the address. One element in a page.
 */
import { startBilling } from "./billing.js";
import { h } from "./dom.js";
import { here } from "./here.js";
import { LANGUAGES } from "./language.js";

const ORIGIN = new URL(import.meta.url).origin;
const FIRST = "/billing";

const sheet = new CSSStyleSheet();
const styled = fetch(new URL("./billing.css", import.meta.url)).then((answer) => answer.text()).then((css) => sheet.replace(css));

const THEMES = new Set(["light", "dark"]);

/** The dialog: its own element at the body's end, with Stripe's frame slotted from the light DOM. */
class BillingDialog extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  /** Room in the light DOM for Stripe's frames, shown where the slot stands. */
  fieldsIn(place) {
    this.querySelector("[slot=stripe-fields]")?.remove();
    const fields = document.createElement("div");
    fields.slot = "stripe-fields";
    this.append(fields);
    place.append(h("slot", { name: "stripe-fields" }));
    return fields;
  }
}
customElements.define("tollgate-billing-dialog", BillingDialog);

class Billing extends HTMLElement {
  static observedAttributes = ["theme"];

  #token = null;
  #held = null;
  #address = FIRST;
  #billing = null;
  #dialog = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  /** A function that gives the bearer's token, or a promise of it. */
  set token(give) {
    if (typeof give !== "function") throw new TypeError("token is a function that gives the token");
    this.#token = give;
    if (this.isConnected && !this.#billing) this.#start();
  }

  get address() {
    return this.#address;
  }

  set address(address) {
    this.#address = String(address);
    this.#billing?.show();
  }

  connectedCallback() {
    if (this.#token) this.#start();
  }

  disconnectedCallback() {
    this.#billing?.stop();
    this.#billing = null;
    this.#dialog?.remove();
  }

  attributeChangedCallback() {
    this.#dress();
  }

  #dress() {
    const theme = this.getAttribute("theme");
    for (const one of [this, this.#dialog].filter(Boolean)) one.style.colorScheme = THEMES.has(theme) ? theme : "light dark";
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #place() {
    const { shadowRoot: root } = this;
    this.#dialog = document.createElement("tollgate-billing-dialog");
    document.body.append(this.#dialog);
    const [main, foot, announcer] = [h("div", { class: "main", tabindex: "-1" }), h("div", {}), h("div", { class: "unseen", role: "status", "aria-live": "polite" })];
    const layer = h("div", { class: "dialogs" });
    root.replaceChildren(main, foot, announcer);
    this.#dialog.shadowRoot.replaceChildren(layer);
    const level = Number(this.getAttribute("heading-level"));
    const move = (address) => {
      this.#address = address;
      this.#tell("navigate", { address });
    };
    Object.assign(here, {
      root, main, foot, announcer, dialogs: layer, top: h("div", {}), embedded: true, origin: ORIGIN,
      headingLevel: level >= 1 && level <= 4 ? level : 2,
      // What Stripe.js has put into the body, and what it will put there, must stay within reach.
      beneath: () => [...document.body.children].filter((one) => one !== this.#dialog && !["IFRAME", "SCRIPT", "STYLE", "LINK"].includes(one.tagName)
        && !(one.childElementCount === 1 && one.firstElementChild.tagName === "IFRAME")),
      fieldsHost: (place) => this.#dialog.fieldsIn(place),
      path: () => this.#address.split("?")[0],
      search: () => (this.#address.includes("?") ? `?${this.#address.split("?")[1]}` : ""),
      href: (address) => `#${address}`,
      move,
      replace: move,
      name: () => {},
      dress: this,
      dialogDress: this.#dialog,
      told: (name, detail) => this.#tell(name, detail),
    });
  }

  async #start() {
    this.#place();
    this.#dress();
    await styled;
    this.#held = await this.#token();
    const wanted = this.getAttribute("lang");
    this.#billing = startBilling({
      token: () => this.#held,
      forget: () => this.#renew(),
      wanted: LANGUAGES.includes(wanted?.split("-")[0]) ? wanted.split("-")[0] : null,
    });
  }

  /** The token no longer holds: the host is asked for another one, once for each that it gives. */
  async #renew() {
    const before = this.#held;
    this.#held = null;
    if (!before) return;
    const next = await this.#token();
    if (!next || next === before) return;
    this.#billing?.stop();
    this.#held = next;
    this.#billing = startBilling({ token: () => this.#held, forget: () => this.#renew(), wanted: this.getAttribute("lang")?.split("-")[0] || null });
  }
}
customElements.define("tollgate-billing", Billing);
