/* One invoice: header, billed by and to, every line, taxes, totals. */
import { withQuery } from "../api.js";
import { h, link, render } from "../dom.js";
import { icon } from "../icons.js";
import { badge, button, card, facts, missing, money, notice, skeleton, table } from "../parts.js";
import { explanation } from "../sections/explanation.js";
import { canBePaid } from "../sections/invoices.js";
import { paymentTable } from "../sections/payments.js";
import { lineQuantity } from "../sections/usage.js";
import { INVOICE_STATUS, status } from "../words.js";

const PAYMENTS = "Payments on this invoice";
// The history is read for the payments of one invoice: 1,000 of them, far more than a tenant makes in years.
const PAGE = 100;
const PAGES_MAX = 10;

export const title = (invoice) => (invoice ? `Invoice ${invoice.number}` : "Invoice");

const party = (heading, one) =>
  h("div", {}, h("p", { class: "note" }, heading), h("p", {}, h("strong", {}, one.name)),
    one.address.map((line) => h("p", { class: "note" }, line)),
    one.tax_id && h("p", { class: "note" }, `Tax ID ${one.tax_id}`),
    one.email && h("p", { class: "note" }, one.email));

/** Both ranges of R28: usage in arrears, the fee in advance. */
const periods = (format, invoice) => {
  const named = [["Usage", invoice.usage_period], ["Fee", invoice.fee_period]].filter(([, period]) => period);
  return named.length ? named.map(([words, period]) => h("span", { class: "block" }, `${words} `, format.period(period))) : "–";
};

const header = (context, invoice) => {
  const { format } = context;
  return h("div", { class: "invoice-head" },
    facts([
      ["Issue date", format.day(invoice.issued_on)],
      ["Due date", format.day(invoice.due_on)],
      ["Billing period", periods(format, invoice)],
      ["Balance due", money(format, invoice.balance)],
    ]),
    h("div", { class: "parties" }, party("Billed by", invoice.billed_by), party("Billed to", invoice.billed_to)));
};

/** The calls behind a usage line: exactly those where the line says which, else those of its days. */
const callsOf = (context, invoice, line) => {
  const { key, revision } = line.evidence || {};
  const days = { from: line.start_date, to: line.end_date };
  if (key && revision) {
    const place = withQuery("/billing/calls", { ...days, line: key, revision, since: line.evidence.since, invoice: invoice.number, name: line.description });
    return [" · ", link(context.go, place, {}, "See the calls")];
  }
  return line.kind === "minutes" && [" · ", link(context.go, withQuery("/billing/calls", days), {}, "See the calls")];
};

/** A mail to the provider that carries the invoice's number and the line. */
const ask = (context, invoice, line) => {
  const { session } = context.store.get();
  if (!session?.provider) return null;
  const { format } = context;
  const subject = `Invoice ${invoice.number}: ${line.description}`;
  const days = line.start_date && line.end_date ? `, ${format.period(line)}` : "";
  const body = `Invoice ${invoice.number} of ${format.day(invoice.issued_on)}\nLine: ${line.description}${days}\nAmount: ${format.money(line.amount)}\n\nMy question:\n`;
  const to = encodeURIComponent(session.provider.billing_email).replace("%40", "@");
  return h("a", { class: "ask", href: `mailto:${to}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`, "aria-label": `Ask about ${line.description}`, title: "Ask about this line" }, icon("ask"));
};

const lines = (context, invoice) => {
  const { format } = context;
  return table("Line items", [
    { name: "Line item", cell: (line) => [h("span", {}, line.description),
      line.start_date && line.end_date && h("span", { class: "note block" }, format.period(line), line.note && ` · ${line.note}`,
        callsOf(context, invoice, line))] },
    { name: "Quantity", class: "number", cell: (line) => lineQuantity(format, line) },
    { name: "Unit price", class: "number", cell: (line) => h("span", { class: "whole" }, format.price(line.unit_price, line.amount.currency)) },
    { name: "Amount", class: "number", cell: (line) => money(format, line.amount) },
    { name: "Ask", class: "number", cell: (line) => ask(context, invoice, line) },
  ], invoice.lines);
};

const totals = (context, invoice) => {
  const { format } = context;
  const row = (name, amount, properties = {}) => h("p", { class: "row", ...properties }, h("span", {}, name), amount && money(format, amount));
  // Account credit is a part of what is paid; it is shown apart (R31).
  const credit = invoice.credit_applied;
  const minus = (amount) => ({ ...amount, minor: -amount.minor });
  return h("div", { class: "totals" },
    row("Subtotal", invoice.subtotal),
    invoice.taxes.map((tax) => row(
      `${tax.name}, ${format.percent(tax.rate)} of ${format.money(tax.base)}`, tax.amount)),
    invoice.taxes.length === 0 && row("Tax", invoice.tax),
    row("Total", invoice.total, { class: "row strong ruled" }),
    credit.minor > 0 && row("Account credit", minus(credit)),
    row("Paid", minus({ ...invoice.paid, minor: invoice.paid.minor - credit.minor })),
    row("Balance due", invoice.balance, { class: "row strong ruled big" }));
};

/** The payments that went to this invoice; `complete` is false when the history goes on beyond what is read. */
const paymentsOn = async (context, invoice) => {
  const rows = [];
  let cursor = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const answer = await context.api.get(withQuery("/billing/payments", { cursor, limit: PAGE }));
    rows.push(...answer.payments.filter((payment) => payment.invoices.some((part) => part.invoice_id === invoice.invoice_id)));
    cursor = answer.next;
    if (!cursor) return { rows, complete: true };
  }
  return { rows, complete: false };
};

const payments = (context, { rows, complete }) => {
  if (complete && !rows.length) return null;
  return card("invoice-payments", PAYMENTS, null, rows.length > 0 && paymentTable(context, rows),
    !complete && h("p", { class: "note" }, "Older payments are in the Payment History on ", link(context.go, "/billing", {}, "Billing"), "."));
};

const page = (context, invoice, paid, why) => {
  const { session } = context.store.get();
  const name = session && session.provider ? session.provider.name : "your provider";
  return [
    h("div", { class: "heading" },
      h("div", { class: "titled" }, h("h1", {}, `Invoice ${invoice.number}`), badge(status(INVOICE_STATUS, invoice.status))),
      h("div", { class: "actions" },
        button("edged", [icon("download"), "Download PDF"], () => context.downloadInvoice(invoice), { "data-key": "pdf" }),
        button("edged", [icon("download"), "E-invoice (XML)"], () => context.downloadElectronic(invoice), { "data-key": "xml" }),
        canBePaid(invoice) && button("filled", "Pay Now", () => context.pay([invoice]), { "data-key": "pay" }))),
    h("section", { class: "card", "aria-label": "Invoice", "data-section": "invoice" }, header(context, invoice), lines(context, invoice), totals(context, invoice)),
    paid,
    why,
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Disagree with a charge?")),
      h("p", {}, `Check the calls behind a usage line, then ask ${name} about that line, with the invoice number. Please ask before you start a chargeback at your bank: it takes longer for everyone.`)),
  ];
};

/** Shows the invoice with this id. */
export const show = (context, host, { id }) => {
  const crumb = h("p", { class: "crumb" }, link(context.go, "/billing", {}, icon("left"), "Billing"), " / Invoices");
  const body = h("div", {}, skeleton("invoice", "Invoice", 8));
  render(host, crumb, body);
  const paid = h("div", { class: "payments-on" });
  const why = h("div", { class: "payments-on" });
  const loadWhy = async () => {
    try {
      const explained = await context.api.get(`/billing/invoices/${encodeURIComponent(id)}/explanation`);
      if (going) render(why, explanation(context, explained));
    } catch (problem) {
      const error = { title: "The comparison with the invoice before can't be loaded right now.", detail: problem.detail };
      if (going) render(why, missing("explanation", "Why is my bill different?", error, loadWhy));
    }
  };
  let going = true;
  const loadPayments = async (invoice) => {
    try {
      const found = await paymentsOn(context, invoice);
      if (going) render(paid, payments(context, found));
    } catch (problem) {
      const error = { title: "The payments on this invoice can't be loaded right now.", detail: problem.detail };
      if (going) render(paid, missing("invoice-payments", PAYMENTS, error, () => loadPayments(invoice)));
    }
  };
  const load = async () => {
    try {
      const invoice = await context.api.get(`/billing/invoices/${encodeURIComponent(id)}`);
      if (!going) return;
      context.name(title(invoice));
      render(body, page(context, invoice, paid, why));
      await Promise.all([loadPayments(invoice), loadWhy()]);
    } catch (problem) {
      if (going) render(body, h("h1", {}, "Invoice"), notice("warn", "This invoice can't be shown.", problem.detail, button("edged", "Try Again", load)));
    }
  };
  load();
  context.reload();
  // A payment that settles changes the invoice, too.
  let seen = context.store.get().overview;
  const stop = context.store.subscribe(({ overview }) => {
    if (overview !== seen) {
      seen = overview;
      load();
    }
  });
  return () => {
    going = false;
    stop();
  };
};
