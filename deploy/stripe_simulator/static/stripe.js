/*
 * Stand-in for Stripe.js. Card fields and 3-D Secure pages live in frames of the simulator's origin: no card
 * number is ever in the page that loads this script. Works under a policy without 'unsafe-inline': styles are
 * set through the CSSOM only. Needs script-src and frame-src for the simulator.
 */
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[src*="/v3"], script[src*="stripe.js"]');
  const ORIGIN = new URL(script.src).origin;
  const FRAME_SECONDS_MAX = 15;

  const style = (node, rules) => {
    for (const [name, value] of Object.entries(rules)) node.style.setProperty(name, value);
  };
  const integration = (message) => {
    const error = new Error(message);
    error.name = "IntegrationError";
    return error;
  };
  const failed = (message, code) => ({ error: { type: "invalid_request_error", code, message } });

  /** A framed page of the simulator, spoken to by messages; only its own window and origin are listened to. */
  class Frame {
    constructor(host, mode, title, options) {
      this.calls = new Map();
      this.next = 1;
      this.listeners = new Map();
      this.node = document.createElement("iframe");
      this.node.title = title;
      this.node.name = `__privateStripeFrame${mode}`;
      this.node.setAttribute("allow", "payment *");
      this.node.src = `${ORIGIN}/v3/elements#${encodeURIComponent(JSON.stringify({ mode, ...options, parent: location.origin }))}`;
      this.ready = new Promise((resolve, reject) => {
        this.on("ready", resolve);
        const late = () => reject(integration("The simulator's frame did not load. Does frame-src allow " + ORIGIN + "?"));
        this.timer = setTimeout(late, FRAME_SECONDS_MAX * 1000);
      });
      this.ready.then(() => clearTimeout(this.timer), () => {});
      this.receive = (message) => {
        if (message.source !== this.node.contentWindow || message.origin !== ORIGIN) return;
        const { id, result, event, detail } = message.data || {};
        if (event) (this.listeners.get(event) || []).forEach((listener) => listener(detail));
        else if (this.calls.has(id)) {
          this.calls.get(id)(result);
          this.calls.delete(id);
        }
      };
      window.addEventListener("message", this.receive);
      host.appendChild(this.node);
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) || []), listener]);
    }

    async ask(method, params) {
      await this.ready;
      return new Promise((resolve) => {
        const id = this.next++;
        this.calls.set(id, resolve);
        this.node.contentWindow.postMessage({ id, method, params }, ORIGIN);
      });
    }

    remove() {
      clearTimeout(this.timer);
      window.removeEventListener("message", this.receive);
      this.node.remove();
      this.calls.forEach((resolve) => resolve(failed("The element was unmounted before it finished.", "unmounted")));
    }
  }

  class Element {
    constructor(type, stripe, options) {
      this.type = type;
      this.stripe = stripe;
      this.options = options || {};
      this.handlers = new Map();
      this.frame = null;
      this.chosen = "card";
    }

    mount(where) {
      const host = typeof where === "string" ? document.querySelector(where) : where;
      if (!host) throw integration(`The selector you specified (${where}) applies to no DOM elements that are currently on the page.`);
      if (host.getRootNode() instanceof ShadowRoot) throw integration("Elements cannot be mounted in a ShadowRoot. Please mount in the Light DOM.");
      if (this.frame) this.unmount();
      host.replaceChildren();
      host.classList.add("StripeElement");
      this.host = host;
      this.frame = new Frame(host, "fields", "Secure payment input frame", {
        ...this.stripe.identity,
        clientSecret: this.type === "payment" ? this.options.clientSecret : null,
        appearance: this.options.appearance || null,
        hidePostalCode: Boolean(this.options.hidePostalCode),
      });
      style(this.frame.node, { border: "0", width: "100%", display: "block", height: "190px", "color-scheme": "inherit" });
      this.frame.on("ready", () => this.emit("ready", { elementType: this.type }));
      this.frame.ready.catch((error) => this.emit("loaderror", { elementType: this.type, error: { type: "api_connection_error", message: error.message } }));
      this.frame.on("height", (pixels) => style(this.frame.node, { height: `${Math.ceil(Number(pixels))}px` }));
      this.frame.on("change", (detail) => {
        this.chosen = detail.value.type;
        host.classList.toggle("StripeElement--complete", detail.complete);
        host.classList.toggle("StripeElement--invalid", Boolean(detail.error));
        this.emit("change", { elementType: this.type, collapsed: false, ...detail });
      });
      for (const name of ["focus", "blur", "escape"]) this.frame.on(name, () => this.emit(name, { elementType: this.type }));
      return this;
    }

    on(event, handler) {
      this.handlers.set(event, [...(this.handlers.get(event) || []), handler]);
      return this;
    }

    once(event, handler) {
      const only = (detail) => { this.off(event, only); handler(detail); };
      return this.on(event, only);
    }

    off(event, handler) {
      const kept = (this.handlers.get(event) || []).filter((entry) => handler && entry !== handler);
      this.handlers.set(event, kept);
      return this;
    }

    emit(event, detail) {
      (this.handlers.get(event) || []).forEach((handler) => handler(detail));
    }

    update(options) {
      Object.assign(this.options, options);
      if (this.frame && options.appearance) this.frame.ask("appearance", options.appearance);
    }

    focus() { if (this.frame) this.frame.ask("focus"); }
    blur() { if (this.frame) this.frame.node.blur(); }
    clear() { if (this.frame) this.frame.ask("clear"); }
    collapse() {}

    unmount() {
      if (!this.frame) return;
      this.frame.remove();
      this.frame = null;
      this.host.classList.remove("StripeElement", "StripeElement--complete", "StripeElement--invalid");
    }

    destroy() {
      this.unmount();
      this.handlers.clear();
      if (this.owner) this.owner.forget(this);
    }
  }

  class Elements {
    constructor(stripe, options) {
      this.stripe = stripe;
      this.options = options || {};
      this.elements = new Map();
    }

    create(type, options) {
      if (!["payment", "card"].includes(type)) throw integration(`The Stripe simulator has no '${type}' element; it has 'payment' and 'card'.`);
      if (this.elements.has(type)) throw integration(`Can only create one Element of type ${type} through elements().`);
      const element = new Element(type, this.stripe, { appearance: this.options.appearance, clientSecret: this.options.clientSecret, ...options });
      element.owner = this;
      this.elements.set(type, element);
      return element;
    }

    getElement(type) { return this.elements.get(typeof type === "string" ? type : type && type.type) || null; }
    forget(element) { this.elements.delete(element.type); }

    update(options) {
      Object.assign(this.options, options);
      if (options.appearance) this.elements.forEach((element) => element.update({ appearance: options.appearance }));
    }

    async fetchUpdates() { return {}; }

    async submit() {
      const element = this.mounted();
      if (!element) throw integration("elements.submit() needs a mounted Payment Element.");
      const problem = await element.frame.ask("validate");
      return problem ? { error: { type: "validation_error", ...problem } } : { selectedPaymentMethod: element.chosen };
    }

    mounted() { return [...this.elements.values()].find((element) => element.frame) || null; }
  }

  class Stripe {
    constructor(key, options) {
      if (!/^pk_test_/.test(key || "")) throw integration("Please call Stripe() with your publishable key. The simulator takes pk_test_… only.");
      this.identity = { key, account: (options && options.stripeAccount) || null };
      this._controller = null;
    }

    get controller() {
      if (!this._controller) {
        this._controller = new Frame(document.body, "controller", "Stripe simulator controller", this.identity);
        this._controller.node.setAttribute("aria-hidden", "true");
        this._controller.node.tabIndex = -1;
        style(this._controller.node, { display: "none" });
      }
      return this._controller;
    }

    elements(options) { return new Elements(this, options); }
    registerAppInfo() {}

    async createPaymentMethod(options) {
      const given = options.elements ? options.elements.mounted() : options.card;
      if (!given || !given.frame) throw integration("createPaymentMethod needs a mounted element.");
      const details = options.params ? options.params.billing_details : options.billing_details;
      return given.frame.ask("createPaymentMethod", { billing_details: details || {} });
    }

    confirmPayment(options) { return this._confirmElements("payment_intent", options); }
    confirmSetup(options) { return this._confirmElements("setup_intent", options); }
    confirmCardPayment(secret, data, options) { return this._confirmCard("payment_intent", secret, data, options); }
    confirmCardSetup(secret, data, options) { return this._confirmCard("setup_intent", secret, data, options); }
    retrievePaymentIntent(clientSecret) { return this.controller.ask("retrieve", { kind: "payment_intent", clientSecret }); }
    retrieveSetupIntent(clientSecret) { return this.controller.ask("retrieve", { kind: "setup_intent", clientSecret }); }

    async handleNextAction({ clientSecret }) {
      const kind = clientSecret.startsWith("seti_") ? "setup_intent" : "payment_intent";
      return this._finish(kind, clientSecret, await this.controller.ask("retrieve", { kind, clientSecret }));
    }

    handleCardAction(clientSecret) { return this.handleNextAction({ clientSecret }); }

    async _confirmElements(kind, { elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const secret = clientSecret || (elements && elements.options.clientSecret);
      if (!secret) throw integration("A clientSecret is needed: give it to elements() or to the confirmation.");
      if (redirect !== "if_required" && !confirmParams.return_url) throw integration("confirmParams.return_url is required unless redirect is 'if_required'.");
      let method = confirmParams.payment_method;
      let frame = this.controller;
      if (!method) {
        const element = elements && elements.mounted();
        if (!element) throw integration("Invalid value for elements: it has no mounted Payment Element, and confirmParams has no payment_method.");
        const problem = await element.frame.ask("validate");
        if (problem) return { error: { type: "validation_error", ...problem } };
        const billing = (confirmParams.payment_method_data || {}).billing_details || {};
        const made = await element.frame.ask("createPaymentMethod", { billing_details: billing });
        if (made.error) return made;
        method = made.paymentMethod.id;
        frame = element.frame;
      }
      const params = { payment_method: method };
      if (confirmParams.return_url) params.return_url = confirmParams.return_url;
      if (confirmParams.setup_future_usage) params.setup_future_usage = confirmParams.setup_future_usage;
      const confirmed = await frame.ask("confirm", { kind, clientSecret: secret, params });
      const result = await this._finish(kind, secret, confirmed);
      if (!result.error && redirect !== "if_required") {
        location.assign(returnAddress(kind, secret, confirmParams.return_url));
        return new Promise(() => {});
      }
      return result;
    }

    async _confirmCard(kind, clientSecret, data = {}, options = {}) {
      const params = {};
      let frame = this.controller;
      const method = data.payment_method;
      if (typeof method === "string") params.payment_method = method;
      else if (method && method.card && method.card.frame) {
        frame = method.card.frame;
        const made = await frame.ask("createPaymentMethod", { billing_details: method.billing_details || {} });
        if (made.error) return made;
        params.payment_method = made.paymentMethod.id;
      } else if (method) throw integration("payment_method must be an identifier or {card: a mounted element}.");
      if (data.setup_future_usage) params.setup_future_usage = data.setup_future_usage;
      if (data.return_url) params.return_url = data.return_url;
      const confirmed = await frame.ask("confirm", { kind, clientSecret, params });
      return options.handleActions === false ? confirmed : this._finish(kind, clientSecret, confirmed);
    }

    /** Take an intent through 3-D Secure when it asks for it; Stripe.js resolves with what became of it. */
    async _finish(kind, clientSecret, outcome) {
      const name = kind === "setup_intent" ? "setupIntent" : "paymentIntent";
      const intent = outcome[name];
      if (outcome.error || intent.status !== "requires_action") return outcome;
      // Days pass until the deposit has arrived: the page tells its person, as with Stripe's own script.
      if (intent.next_action.type === "verify_with_microdeposits") return outcome;
      await this._challenge(intent.id, clientSecret);
      const after = await this.controller.ask("retrieve", { kind, clientSecret });
      if (after.error) return after;
      if (after[name].status === "canceled") {
        return { error: { type: "invalid_request_error", code: `${kind}_unexpected_state`, message: "This payment was canceled meanwhile. Nothing was charged.", [kind]: after[name] } };
      }
      const error = after[name].last_payment_error || after[name].last_setup_error;
      if (after[name].status === "requires_payment_method" && error) return { error: { ...error, [kind]: after[name] } };
      return after;
    }

    _challenge(intent, clientSecret) {
      return new Promise((resolve) => {
        const before = document.activeElement;
        const cover = document.createElement("div");
        cover.tabIndex = -1;
        cover.setAttribute("role", "dialog");
        cover.setAttribute("aria-modal", "true");
        cover.setAttribute("aria-label", "3D Secure authentication");
        style(cover, {
          position: "fixed", inset: "0", "z-index": "2147483647", display: "flex", "align-items": "center",
          "justify-content": "center", background: "rgba(0, 0, 0, 0.55)",
        });
        const node = document.createElement("iframe");
        node.title = "3D Secure authentication";
        node.name = "__privateStripeFrameChallenge";
        style(node, { border: "0", width: "min(400px, 94vw)", height: "min(360px, 90vh)", "border-radius": "8px", background: "#fff" });
        const query = new URLSearchParams({ intent, client_secret: clientSecret, key: this.identity.key });
        if (this.identity.account) query.set("account", this.identity.account);
        // The secret travels behind the '#': it stays out of the address that servers log.
        node.src = `${ORIGIN}/v3/challenge#${query}`;
        const receive = (message) => {
          if (message.source !== node.contentWindow || message.origin !== ORIGIN) return;
          if (!message.data || message.data.event !== "authenticated") return;
          window.removeEventListener("message", receive);
          cover.remove();
          if (before && before.focus) before.focus();
          resolve();
        };
        window.addEventListener("message", receive);
        cover.appendChild(node);
        // In the body, as Stripe does: a page that shows a modal <dialog> must close it first, here and there.
        document.body.appendChild(cover);
        node.focus();
      });
    }
  }

  const returnAddress = (kind, clientSecret, url) => {
    const address = new URL(url, location.href);
    address.searchParams.set(kind, clientSecret.split("_secret_")[0]);
    address.searchParams.set(`${kind}_client_secret`, clientSecret);
    address.searchParams.set("redirect_status", "succeeded");
    return address.href;
  };

  const make = (key, options) => new Stripe(key, options);
  make.version = "endive";
  window.Stripe = make;
})();
