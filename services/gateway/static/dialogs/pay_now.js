/* Pay Now: amount, payment method, the bank's confirmation when it asks for one, and what became of it. */
import { announce, h, render, uniqueId } from "../dom.js";
import { openDialog } from "../dialog.js";
import { decimal, parseAmount } from "../format.js";
import { icon } from "../icons.js";
import { badge, button, money, notice } from "../parts.js";
import { expiry, methodName } from "../words.js";
import { showMethodForm } from "./method_form.js";
import { dueChanged, isLate, outcome, settle, sum, waitForInvoices } from "./payment_course.js";

const requestId = () => crypto.randomUUID();

class PayNow {
  constructor(context, invoices, { restores = false } = {}) {
    this.context = context;
    this.invoices = invoices;
    this.restores = restores;
    this.balance = sum(invoices);
    this.amount = this.balance;
    // As typed: the field is drawn again after each detour, also while it holds no amount.
    this.text = this.typed(this.balance);
    this.busy = false;
    this.request = requestId();
    this.declined = new Map();
    this.methods = [];
    this.chosen = null;
    this.takeMethods();
    this.host = h("div", {});
  }

  /** The saved methods as the page knows them now; one that is gone is no longer chosen. */
  takeMethods() {
    const { methods } = this.context.store.get().overview;
    if (!methods.error) this.methods = methods.methods;
    if (this.methods.some((method) => method.method_id === this.chosen)) return;
    this.chosen = (this.methods.find((method) => method.is_default) || this.methods[0] || {}).method_id || null;
  }

  heading() {
    return this.invoices.length === 1 ? `Pay invoice ${this.invoices[0].number}` : `Pay ${this.invoices.length} invoices`;
  }

  open() {
    openDialog({
      heading: this.heading(),
      busy: () => this.busy,
      build: (close) => {
        this.close = close;
        this.form();
        return this.host;
      },
    });
  }

  words() {
    if (this.busy) return "Paying…";
    return this.amount ? `Pay ${this.context.format.money(this.amount)}` : "Pay";
  }

  update() {
    const { format } = this.context;
    this.pay.textContent = this.words();
    this.pay.disabled = this.busy || !this.chosen;
    const left = this.amount && { ...this.balance, minor: this.balance.minor - this.amount.minor };
    render(this.rest, left && left.minor > 0 && ["Still due after this payment: ", money(format, left),
      this.restores && ". A partial payment does not restore service."]);
  }

  amountField() {
    const { format } = this.context;
    const id = uniqueId("amount");
    const hint = uniqueId("amount-hint");
    this.wrong = h("p", { class: "field-problem", id: hint });
    this.input = h("input", {
      id, type: "text", inputmode: "decimal", autocomplete: "off", class: "amount", "data-first": true, "aria-describedby": hint,
      set: { value: this.text },
      on: { input: () => this.read() },
    });
    return h("div", { class: "field" },
      h("div", { class: "row" }, h("label", { for: id }, `Amount (${this.balance.currency})`),
        button("quiet", "Use full balance", () => { this.input.value = this.typed(this.balance); this.read(); })),
      this.input, this.wrong, h("p", { class: "note" }, "Balance due ", money(format, this.balance), this.invoices.length === 1 && `${isLate(this.invoices[0]) ? ", was due on" : " by"} ${format.day(this.invoices[0].due_on)}`));
  }

  typed(amount) {
    const { locale } = this.context.format;
    const mark = new Intl.NumberFormat(locale).formatToParts(1.1).find((part) => part.type === "decimal").value;
    return decimal(amount).replace(".", mark);
  }

  read() {
    this.text = this.input.value;
    // Another amount is another payment.
    this.request = requestId();
    this.judge();
    this.update();
  }

  /** Takes what is typed as the amount, or says beside the field what is wrong with it. */
  judge() {
    const { format } = this.context;
    const minor = parseAmount(this.text, this.balance.currency, format.locale);
    const problem = minor === null || minor === 0 ? `Enter an amount like ${this.typed(this.balance)}.`
      : minor > this.balance.minor ? `The balance is ${format.money(this.balance)}; enter that or less.` : "";
    this.amount = problem ? null : { ...this.balance, minor };
    this.wrong.textContent = problem;
    this.input.setAttribute("aria-invalid", String(Boolean(problem)));
  }

  methodField() {
    const name = uniqueId("method");
    const option = (method) => {
      const note = this.declined.get(method.method_id) || (method.kind === "card" ? expiry(method) : "Takes up to 4 business days to arrive");
      return h("label", { class: "option" },
        h("input", { type: "radio", name, value: method.method_id, set: { checked: method.method_id === this.chosen },
          on: { change: () => { this.chosen = method.method_id; this.request = requestId(); this.update(); } } }),
        h("span", {}, h("strong", {}, methodName(method)), " ", method.is_default && badge(["Default", "plain", null]),
          h("span", { class: this.declined.has(method.method_id) ? "note block bad-text" : "note block" }, note)));
    };
    return h("fieldset", { class: "options" }, h("legend", {}, "Payment Method"), this.methods.map(option),
      button("quiet", [icon("plus"), "Add Payment Method"], () => this.addMethod()));
  }

  form(problem = null) {
    this.pay = button("filled", "", () => this.submit());
    this.rest = h("p", { class: "note", "aria-live": "polite" });
    this.cancel = button("edged", "Cancel", this.close);
    render(this.host, problem, this.amountField(), this.rest, this.methodField(),
      h("p", { class: "note" }, "Card details go directly to Stripe. They are never stored here."),
      h("div", { class: "dialog-actions" }, this.cancel, this.pay));
    this.judge();
    this.update();
    if (problem) problem.focus();
  }

  addMethod() {
    const known = new Set(this.methods.map((method) => method.method_id));
    showMethodForm({
      context: this.context,
      host: this.host,
      setBusy: (running) => { this.busy = running; },
      cancel: () => this.form(),
      saved: async () => {
        await this.context.reload();
        this.takeMethods();
        const added = this.methods.find((method) => !known.has(method.method_id));
        if (added) this.chosen = added.method_id;
        this.request = requestId();
        this.form();
        announce("The payment method is saved. Press Pay to go on.");
      },
    });
  }

  async submit() {
    if (this.busy) return;
    if (!this.amount) {
      this.input.focus();
      return;
    }
    const { amount, context } = this;
    this.busy = true;
    this.cancel.disabled = this.input.disabled = true;
    this.update();
    announce("Paying…");
    let payment;
    try {
      payment = await settle(context, await context.api.send("POST", "/billing/payments", {
        invoice_ids: this.invoices.map((one) => one.invoice_id), amount, method_id: this.chosen, request_id: this.request,
      }));
    } catch (error) {
      await this.failed(error);
      return;
    }
    if (payment.status === "failed" || payment.status === "canceled" || payment.status === "requires_action") {
      this.declinedBy(payment);
      return;
    }
    if (payment.status === "succeeded") await waitForInvoices(context, this.invoices, amount);
    else await context.reload();
    this.end(...outcome(context, payment, this.invoices, amount, this.restores));
  }

  /** Nothing is left to do here: says what became of it. */
  end(tone, title, detail) {
    this.busy = false;
    const shown = notice(tone, title, detail);
    render(this.host, shown, h("div", { class: "dialog-actions" }, button("edged", "Done", this.close)));
    shown.focus();
    announce([title, detail].filter(Boolean).join(" "));
    this.context.checkService();
  }

  /** The request itself failed. Without an answer we cannot know: the same request id makes trying again safe. */
  async failed(error) {
    if (error.status === 0 || error.status >= 500) {
      this.busy = false;
      this.form(notice("warn", "We don't know yet whether this payment went through.", "Pressing Pay again is safe: it is still one payment."));
      return;
    }
    this.request = requestId();
    const reason = [error.slug === "payment-on-its-way" ? null : "No money was taken.", error.detail || error.message];
    // Somebody else may have paid meanwhile; then the figures here are old and nothing may be paid by them.
    const changed = await dueChanged(this.context, this.invoices, { conflict: error.status === 409 && Boolean(reason[0]) });
    if (changed || !reason[0]) {
      this.end("warn", ...reason);
      return;
    }
    this.busy = false;
    this.takeMethods();
    this.form(notice("bad", ...reason));
  }

  declinedBy(payment) {
    this.busy = false;
    this.request = requestId();
    const sentence = payment.sentence || "Your bank declined this payment. No money was taken. Choose another payment method or call your bank.";
    if (this.chosen) this.declined.set(this.chosen, "Declined just now");
    this.form(notice("bad", null, sentence));
    this.context.reload();
  }
}

export const payNow = (context, invoices, options) => {
  if (invoices.length) new PayNow(context, invoices, options).open();
};
