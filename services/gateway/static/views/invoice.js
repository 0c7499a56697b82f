/* One invoice: header, billed by and to, every line, taxes, totals; why it is higher; what was paid; whom to ask. */
import { withQuery } from "../api.js";
import { openDialog } from "../dialog.js";
import { h, heading, link, render } from "../dom.js";
import { icon } from "../icons.js";
import { language, t, w } from "../language.js";
import { badge, button, card, facts, missing, money, notice, skeleton, table } from "../parts.js";
import { explanation } from "../sections/explanation.js";
import { canBePaid } from "../sections/invoices.js";
import { paymentTable } from "../sections/payments.js";
import { lineQuantity } from "../sections/usage.js";
import { status } from "../statuses.js";

// The history is read for the payments of one invoice: 1,000 of them, far more than a tenant makes in years.
const PAGE = 100;
const PAGES_MAX = 10;

export const title = (invoice) => (invoice ? t("invoice.title", { number: invoice.number }) : t("invoices.invoice"));

const party = (words, one) =>
  h("div", {}, h("p", { class: "note" }, words), h("p", {}, h("strong", {}, one.name)),
    one.address.map((line) => h("p", { class: "note" }, line)),
    one.tax_id && h("p", { class: "note" }, t("invoice.tax_id", { id: one.tax_id })),
    one.email && h("p", { class: "note" }, one.email));

/** Both ranges of R28: usage in arrears, the fee in advance. */
const periods = (format, invoice) => {
  const named = [["invoice.usage", invoice.usage_period], ["invoice.fee", invoice.fee_period]].filter(([, period]) => period);
  return named.length ? named.map(([words, period]) => h("span", { class: "block" }, t(words, { period: format.period(period) }))) : "–";
};

const header = (context, invoice) => {
  const { format } = context;
  return h("div", { class: "invoice-head" },
    facts([
      [t("invoices.issued"), format.day(invoice.issued_on)],
      [t("invoices.due"), format.day(invoice.due_on)],
      [t("invoice.period"), periods(format, invoice)],
      [t("invoice.balance"), money(format, invoice.balance)],
    ]),
    h("div", { class: "parties" }, party(t("invoice.billed_by"), invoice.billed_by), party(t("invoice.billed_to"), invoice.billed_to)));
};

/** The calls behind a usage line: exactly those where the line says which, else those of its days. */
const callsOf = (context, invoice, line) => {
  const { key, revision, calls } = line.evidence || {};
  const days = { from: line.start_date, to: line.end_date };
  const words = calls ? t("invoice.see_n_calls", { n: calls }) : t("invoice.see_calls");
  if (key && revision && (line.kind === "minutes" || line.kind === "connect_fees" || line.evidence.since)) {
    const place = withQuery("/billing/calls", {
      ...days, line: key, revision, since: line.evidence.since, invoice: invoice.invoice_id, number_of: invoice.number, name: line.description,
    });
    return [" · ", link(context.go, place, {}, words)];
  }
  return line.kind === "minutes" && [" · ", link(context.go, withQuery("/billing/calls", days), {}, words)];
};

/** The address of a mail to the provider that carries the invoice's number and the line. */
const letter = (context, provider, invoice, line) => {
  const { format } = context;
  const subject = t("invoice.subject", { number: invoice.number, line: line.description });
  const days = line.start_date && line.end_date ? `, ${format.period(line)}` : "";
  const body = t("invoice.letter", { number: invoice.number, line: line.description, days, amount: format.money(line.amount) });
  return `mailto:${encodeURIComponent(provider.billing_email).replace("%40", "@")}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
};

const ask = (context, invoice, line) => {
  const provider = context.store.get().session?.provider;
  if (!provider) return null;
  const words = t("invoice.ask_about", { line: line.description });
  return h("a", { class: "ask", href: letter(context, provider, invoice, line), "aria-label": words, title: words }, icon("ask"));
};

const lines = (context, invoice) => {
  const { format } = context;
  return table(t("invoice.lines"), [
    { name: t("invoice.line"), class: "lead-cell", cell: (line) => [h("span", { class: "named" }, line.description),
      line.start_date && line.end_date && h("span", { class: "note block" }, format.period(line), line.note && ` · ${line.note}`,
        callsOf(context, invoice, line))] },
    { name: t("invoice.quantity"), class: "number plain-number", cell: (line) => lineQuantity(format, line) },
    { name: t("invoice.unit_price"), class: "number plain-number", cell: (line) => h("span", { class: "whole" }, format.price(line.unit_price, line.amount.currency)) },
    { name: t("invoices.amount"), class: "number", cell: (line) => money(format, line.amount) },
    { name: t("invoice.ask"), class: "number ask-cell", cell: (line) => ask(context, invoice, line) },
  ], invoice.lines);
};

const totals = (context, invoice) => {
  const { format } = context;
  const row = (name, amount, more = "") => h("p", { class: `row ${more}` }, h("span", {}, name), amount && money(format, amount));
  // Account credit is a part of what is paid; it is shown apart (R31).
  const credit = invoice.credit_applied;
  const minus = (amount) => ({ ...amount, minor: amount.minor ? -amount.minor : 0 });
  return h("div", { class: "totals" },
    row(t("invoice.subtotal"), invoice.subtotal),
    invoice.taxes.map((tax) => row(
      t("invoice.tax_of", { name: tax.name, rate: format.percent(tax.rate), base: format.money(tax.base) }), tax.amount)),
    invoice.taxes.length === 0 && row(t("invoice.tax"), invoice.tax),
    row(t("invoice.total"), invoice.total, "strong ruled"),
    credit.minor > 0 && row(t("invoice.credit"), minus(credit)),
    row(t("invoice.paid"), minus({ ...invoice.paid, minor: invoice.paid.minor - credit.minor })),
    row(t("invoice.balance"), invoice.balance, "strong ruled big"));
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
  return card("invoice-payments listed", t("invoice.payments"), null, rows.length > 0 && paymentTable(context, rows, { withInvoice: false }),
    !complete && h("p", { class: "note" }, w("invoice.older", { billing: link(context.go, "/billing", {}, t("nav.billing")) })));
};

/** A line to ask about, chosen in a dialog: the same mails as beside the lines. */
const askDialog = (context, provider, invoice) =>
  openDialog({
    heading: t("invoice.ask_line"),
    build: () => h("div", {}, h("p", {}, t("invoice.choose_line")),
      h("ul", { class: "plain-list ask-list" }, invoice.lines.map((line) =>
        h("li", {}, h("a", { href: letter(context, provider, invoice, line) }, line.description), money(context.format, line.amount))))),
  });

const disagree = (context, invoice) => {
  const provider = context.store.get().session?.provider;
  return card("disagree", t("invoice.disagree"), null,
    h("p", { class: "second" }, t("invoice.disagree_how", { provider: provider?.name || t("page.your_provider") })),
    provider && h("p", { class: "after" }, button("edged", [icon("ask"), t("invoice.ask_line")], () => askDialog(context, provider, invoice), { "data-key": "ask" })));
};

const page = (context, invoice, paid, why) => [
  h("div", { class: "heading" },
    h("div", { class: "titled" }, heading(1, {}, title(invoice)), badge(status("invoice", invoice.status))),
    h("div", { class: "actions" },
      button("edged", [icon("download"), t("do.download_pdf")], () => context.downloadInvoice(invoice), { "data-key": "pdf" }),
      button("edged", [icon("file"), t("do.einvoice")], () => context.downloadElectronic(invoice), { "data-key": "xml" }),
      canBePaid(invoice) && button("filled", t("do.pay_now"), () => context.pay([invoice]), { "data-key": "pay" }))),
  h("div", { class: "columns wide-first" },
    h("div", {},
      h("section", { class: "card invoice listed", "aria-label": t("invoices.invoice"), "data-section": "invoice" }, header(context, invoice), lines(context, invoice), totals(context, invoice)),
      paid),
    h("div", {}, why, disagree(context, invoice))),
];

/** Shows the invoice with this id. */
export const show = (context, host, { id }) => {
  const crumb = h("p", { class: "crumb" }, link(context.go, "/billing", {}, icon("left"), t("nav.billing")), h("span", { class: "note" }, " / ", t("invoices.heading")));
  const body = h("div", {}, skeleton("invoice", t("invoices.invoice"), 8));
  render(host, crumb, body);
  const paid = h("div", { class: "when-filled" });
  const why = h("div", { class: "when-filled" });
  let going = true;
  const loadWhy = async () => {
    try {
      const explained = await context.api.get(withQuery(`/billing/invoices/${encodeURIComponent(id)}/explanation`, { locale: language() === "en" ? context.format.locale : language() }));
      const before = explained.compared_with && (context.store.get().overview?.invoices?.invoices || []).find((one) => one.invoice_id === explained.compared_with.invoice_id);
      if (going) render(why, explanation(context, explained, before?.issued_on));
    } catch {
      if (going) render(why, missing("explanation", t("why.heading"), loadWhy));
    }
  };
  const loadPayments = async (invoice) => {
    try {
      const found = await paymentsOn(context, invoice);
      if (going) render(paid, payments(context, found));
    } catch {
      if (going) render(paid, missing("invoice-payments", t("invoice.payments"), () => loadPayments(invoice)));
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
      if (going) render(body, heading(1, {}, t("invoices.invoice")), notice("warn", t("error.invoice"), t(problem.status === 404 ? "error.not_found" : "error.away_here"), button("edged", t("do.try_again"), load)));
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
