/* Pay Now: amount, payment method, the bank's confirmation when it asks for one, and what became of it. */
import { announce, h, render, uniqueId } from "../dom.js";
import { openDialog } from "../dialog.js";
import { decimal, parseAmount } from "../format.js";
import { icon } from "../icons.js";
import { language, t } from "../language.js";
import { badge, button, notice } from "../parts.js";
import { declined, expiry, isBank, mark, methodName, reason } from "../statuses.js";
import { showMethodForm } from "./method_form.js";
import { dueChanged, isLate, outcome, settle, sum, waitForInvoices } from "./payment_course.js";

const requestId = () => crypto.randomUUID();

class PayNow {
  constructor(context, invoices, { restores = false, plan = null } = {}) {
    this.context = context;
    this.invoices = invoices;
    this.restores = restores;
    this.plan = plan;
    this.balance = plan ? plan.remaining : sum(invoices);
    this.amount = plan ? plan.next_amount : this.balance;
    // As typed: the field is drawn again after each detour, also while it holds no amount.
    this.text = this.typed(this.amount);
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
    if (!methods.error) this.methods = methods.methods.filter((method) => !method.blocked);
    if (this.methods.some((method) => method.method_id === this.chosen)) return;
    this.chosen = (this.methods.find((method) => method.is_default) || this.methods[0] || {}).method_id || null;
  }

  heading() {
    if (this.plan) return t("plans.title");
    return this.invoices.length === 1 ? t("pay.one", { number: this.invoices[0].number }) : t("pay.many", { n: this.invoices.length });
  }

  lead() {
    const { format } = this.context;
    const amount = format.money(this.balance);
    if (this.plan) return t("plans.next", { amount: format.money(this.plan.next_amount), day: format.day(this.plan.next_due_on) });
    if (this.invoices.length > 1) return t("pay.due", { amount });
    const [one] = this.invoices;
    return t(isLate(one) ? "pay.was_due" : "pay.due_by", { amount, day: format.day(one.due_on) });
  }

  open() {
    openDialog({
      heading: this.heading(),
      lead: this.lead(),
      busy: () => this.busy,
      build: (close) => {
        this.close = close;
        this.form();
        return this.host;
      },
    });
  }

  words() {
    if (this.busy) return t("pay.paying");
    return this.amount ? t("pay.pay_amount", { amount: this.context.format.money(this.amount) }) : t("pay.pay");
  }

  update() {
    const { format } = this.context;
    this.pay.textContent = this.words();
    this.pay.disabled = this.busy || !this.chosen;
    const left = this.amount && { ...this.balance, minor: this.balance.minor - this.amount.minor };
    render(this.rest, left && left.minor > 0 && [
      h("span", { class: "second" }, t("pay.left")), " ",
      h("strong", { class: "money" }, t("pay.left_sum", { balance: format.money(this.balance), amount: format.money(this.amount), left: format.money(left) })),
      this.restores && h("span", { class: "note whole-row" }, t("pay.no_restore"))]);
  }

  amountField() {
    const id = uniqueId("amount");
    const hint = uniqueId("amount-hint");
    const sign = this.context.format.sign(this.balance.currency);
    this.wrong = h("p", { class: "field-problem", id: hint });
    this.input = h("input", {
      id, type: "text", inputmode: "decimal", autocomplete: "off", class: "amount", "data-first": true, "aria-describedby": hint,
      set: { value: this.text },
      on: { input: () => this.read() },
    });
    const money = h("span", { class: "note", "aria-hidden": "true" }, sign.text);
    return h("div", { class: "field" },
      h("div", { class: "row" }, h("label", { for: id }, t("pay.amount", { currency: this.balance.currency })),
        button("quiet", t("pay.full"), () => { this.input.value = this.typed(this.balance); this.read(); })),
      h("div", { class: "amount-box" }, sign.before && money, this.input, !sign.before && money,
        h("span", { class: "note", "aria-hidden": "true" }, this.balance.currency)),
      this.wrong);
  }

  typed(amount) {
    const { locale } = this.context.format;
    const point = new Intl.NumberFormat(locale).formatToParts(1.1).find((part) => part.type === "decimal").value;
    return decimal(amount).replace(".", point);
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
    const problem = minor === null || minor === 0 ? t("pay.like", { amount: this.typed(this.balance) })
      : minor > this.balance.minor ? t("pay.too_much", { amount: format.money(this.balance) })
        : this.plan && minor < this.plan.next_amount.minor ? t("pay.too_little", { amount: format.money(this.plan.next_amount) }) : "";
    this.amount = problem ? null : { ...this.balance, minor };
    this.wrong.textContent = problem;
    this.input.setAttribute("aria-invalid", String(Boolean(problem)));
  }

  methodField() {
    const name = uniqueId("method");
    const option = (method) => {
      const refused = this.declined.get(method.method_id);
      return h("label", { class: "option" },
        h("input", { type: "radio", name, value: method.method_id, set: { checked: method.method_id === this.chosen },
          on: { change: () => { this.chosen = method.method_id; this.request = requestId(); this.update(); } } }),
        mark(method),
        h("span", { class: "grow" }, h("span", { class: "named" }, methodName(method), method.is_default && badge([t("methods.default"), "plain", null])),
          h("span", { class: refused ? "note block bad-text" : "note block" }, refused || (isBank(method) ? t("pay.slow") : expiry(method)))));
    };
    return h("fieldset", { class: "options-field" }, h("legend", {}, t("pay.method")),
      h("div", { class: "options" }, this.methods.map(option), button("quiet option", [icon("plus"), t("methods.add")], () => this.addMethod())));
  }

  receipts() {
    const { session } = this.context.store.get();
    const to = [...new Set([session?.email, session?.tenant?.billing_email].filter(Boolean))];
    return h("div", { class: "assurances" },
      to.length > 0 && h("p", { class: "note" }, icon("mail"),
        h("span", {}, t("pay.receipt", { addresses: to.length === 2 ? t("list.and", { first: to[0], last: to[1] }) : to[0] }))),
      h("p", { class: "note" }, icon("lock"), h("span", {}, t("form.stripe"))));
  }

  form(problem = null) {
    this.pay = button("filled", "", () => this.submit());
    this.rest = h("p", { class: "row rest", "aria-live": "polite" });
    this.cancel = button("edged", t("do.cancel"), this.close);
    render(this.host, problem, h("div", { class: "stack" }, this.amountField(), this.rest), this.methodField(), this.receipts(),
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
        announce(t("form.saved_pay"));
      },
    });
  }

  async submit() {
    if (this.busy) return;
    if (!this.amount) {
      this.input.focus();
      return;
    }
    if (!navigator.onLine) {
      this.form(notice("warn", t("pay.offline"), null));
      return;
    }
    const { amount, context } = this;
    this.busy = true;
    this.cancel.disabled = this.input.disabled = true;
    this.update();
    announce(t("pay.paying"));
    const what = this.plan ? { payment_plan_id: this.plan.payment_plan_id } : { invoice_ids: this.invoices.map((one) => one.invoice_id) };
    let payment;
    try {
      payment = await settle(context, await context.api.send("POST", "/billing/payments", {
        ...what, amount, method_id: this.chosen, request_id: this.request,
      }));
    } catch (error) {
      await this.failed(error);
      return;
    }
    if (payment.status === "failed" || payment.status === "canceled" || payment.status === "requires_action") {
      this.declinedBy(payment);
      return;
    }
    if (payment.status === "succeeded" && !this.plan) await waitForInvoices(context, this.invoices, amount);
    else await context.reload();
    context.paid(payment, amount);
    this.end(...this.told(payment, amount));
  }

  told(payment, amount) {
    const { format } = this.context;
    if (!this.plan || payment.status !== "succeeded") return outcome(this.context, payment, this.invoices, amount, this.restores);
    const left = { ...amount, minor: this.balance.minor - amount.minor };
    return ["good", t("pay.done", { amount: format.money(amount) }),
      `${left.minor > 0 ? `${t("pay.still", { amount: format.money(left) })} ` : ""}${t("pay.receipt_coming")}`];
  }

  /** Nothing is left to do here: says what became of it. */
  end(tone, title, detail) {
    this.busy = false;
    const shown = notice(tone, title, detail);
    render(this.host, shown, h("div", { class: "dialog-actions" }, button("edged", t("do.done"), this.close)));
    shown.focus();
    announce([title, detail].filter(Boolean).join(" "));
    this.context.checkService();
  }

  /** The request itself failed. Without an answer we cannot know: the same request id makes trying again safe. */
  async failed(error) {
    if (error.status === 0 || error.status >= 500) {
      this.busy = false;
      this.form(notice("warn", t("pay.unsure"), t("pay.safe")));
      return;
    }
    this.request = requestId();
    const running = error.slug === "payment-on-its-way";
    const told = [running ? null : t("pay.no_money"), error.detail || (running ? t("pay.running") : error.message)];
    // Somebody else may have paid meanwhile; then the figures here are old and nothing may be paid by them.
    const changed = !this.plan && await dueChanged(this.context, this.invoices, { conflict: error.status === 409 && !running });
    if (changed || running) {
      this.end("warn", ...told);
      return;
    }
    this.busy = false;
    this.takeMethods();
    this.form(notice("bad", ...told));
  }

  declinedBy(payment) {
    const { format } = this.context;
    this.busy = false;
    this.request = requestId();
    const method = this.methods.find((one) => one.method_id === this.chosen) || payment.method;
    const asked = payment.status !== "failed" && !payment.reason;
    const said = asked ? { reason: payment.status === "canceled" ? "canceled" : "authentication" } : payment;
    const sentence = declined(said, method);
    const end = sentence.indexOf(". ");
    const why = reason(said);
    if (this.chosen) this.declined.set(this.chosen, t("pay.declined_at", { time: format.time(Date.now()), reason: language() === "de" ? why : why.charAt(0).toLowerCase() + why.slice(1) }));
    this.form(end > 0 ? notice("bad", sentence.slice(0, end + 1), sentence.slice(end + 2)) : notice("bad", null, sentence));
    this.context.reload();
  }
}

export const payNow = (context, invoices, options) => {
  if (invoices.length || options?.plan) new PayNow(context, invoices, options).open();
};
