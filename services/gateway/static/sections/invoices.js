/* Invoices: every invoice with number, dates, amount, status and what can be done with it. */
import { h, link } from "../dom.js";
import { icon } from "../icons.js";
import { badge, button, card, missing, money, skeleton, table } from "../parts.js";
import { INVOICE_STATUS, status } from "../words.js";

const HEADING = "Invoices";

const address = (invoice) => `/billing/invoices/${invoice.invoice_id}`;

export const canBePaid = (invoice) => invoice.balance.minor > 0 && invoice.status !== "Cancelled";

const amount = (format, invoice) => [
  money(format, invoice.total),
  invoice.paid.minor > 0 && invoice.balance.minor > 0 && h("span", { class: "note block" }, money(format, invoice.balance), " still due"),
];

const actions = (context, invoice) =>
  h("div", { class: "actions" },
    canBePaid(invoice) && button("edged small", "Pay Now", () => context.pay([invoice]), { "aria-label": `Pay Now: invoice ${invoice.number}`, "data-key": `pay-${invoice.invoice_id}` }),
    link(context.go, address(invoice), { "aria-label": `View Detail: invoice ${invoice.number}` }, "View Detail"),
    button("quiet", [icon("download"), "Download PDF"], () => context.downloadInvoice(invoice), { "aria-label": `Download PDF: invoice ${invoice.number}`, "data-key": `pdf-${invoice.invoice_id}` }));

export const invoiceTable = (context, invoices) => {
  const { format } = context;
  return table("Invoices, newest first", [
    { name: "Invoice", class: "whole", cell: (invoice) => link(context.go, address(invoice), {}, invoice.number) },
    { name: "Issue date", class: "wide-only", cell: (invoice) => format.day(invoice.issued_on) },
    { name: "Due date", cell: (invoice) => format.day(invoice.due_on) },
    { name: "Amount", class: "number", cell: (invoice) => amount(format, invoice) },
    { name: "Status", cell: (invoice) => badge(status(INVOICE_STATUS, invoice.status)) },
    { name: "Actions", class: "last", cell: (invoice) => actions(context, invoice) },
  ], invoices);
};

const empty = (context, overview) => {
  const next = overview.subscription.error ? null : overview.subscription.next_invoice_on;
  return h("p", { class: "empty" }, "No invoices yet.", next && ` The first is issued on ${context.format.day(next)}.`);
};

export const invoiceList = (context, overview) => {
  if (!overview) return skeleton("invoices", HEADING, 5);
  const { invoices } = overview;
  if (invoices.error) return missing("invoices", HEADING, invoices.error, context.reload);
  return card(
    "invoices",
    HEADING,
    null,
    invoices.invoices.length ? invoiceTable(context, invoices.invoices) : empty(context, overview),
    invoices.next && h("p", { class: "more" }, button("quiet", "Show more", () => context.moreInvoices(), { "data-key": "more-invoices" })),
  );
};
