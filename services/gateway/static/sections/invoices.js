/* Invoices: every invoice with number, dates, amount, status and what can be done with it. */
import { h, link } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { badge, button, card, missing, money, skeleton, table } from "../parts.js";
import { status } from "../statuses.js";

const FIRST = 4;
const FILTERS = ["all", "unpaid", "paid"];

const address = (invoice) => `/billing/invoices/${invoice.invoice_id}`;

export const canBePaid = (invoice) => invoice.balance.minor > 0 && invoice.status !== "Cancelled";

const amount = (format, invoice) => [
  money(format, invoice.total),
  invoice.paid.minor > 0 && invoice.balance.minor > 0 && h("span", { class: "note block" }, t("invoices.still_due", { amount: format.money(invoice.balance) })),
];

/** What of a bank debit is on its way for this invoice. */
const processing = (context, invoice) => {
  const open = context.store.get().overview?.balance?.invoices?.find((one) => one.invoice_id === invoice.invoice_id);
  return open && open.on_its_way.minor > 0
    ? h("span", { class: "info-text note block" }, icon("clock"), " ", t("invoices.processing", { amount: context.format.money(open.on_its_way) })) : null;
};

const actions = (context, invoice) =>
  h("div", { class: "actions" },
    canBePaid(invoice) && !processing(context, invoice) && button("edged brand small", t("do.pay_now"), () => context.pay([invoice]), { "aria-label": t("do.pay_now_for", { number: invoice.number }), "data-key": `pay-${invoice.invoice_id}` }),
    link(context.go, address(invoice), { class: "button quiet", "aria-label": t("do.view_detail_for", { number: invoice.number }) }, t("do.view_detail")),
    button("quiet", [icon("download"), t("do.download_pdf")], () => context.downloadInvoice(invoice), { "aria-label": t("do.download_pdf_for", { number: invoice.number }), "data-key": `pdf-${invoice.invoice_id}` }));

const invoiceTable = (context, invoices) => {
  const { format } = context;
  return table(t("invoices.caption"), [
    { name: t("invoices.invoice"), class: "whole lead-cell", cell: (invoice) => link(context.go, address(invoice), {}, invoice.number) },
    { name: t("invoices.issued"), class: "wide-only", cell: (invoice) => format.day(invoice.issued_on) },
    { name: t("invoices.due"), cell: (invoice) => format.day(invoice.due_on) },
    { name: t("invoices.amount"), class: "number amount-cell", cell: (invoice) => amount(format, invoice) },
    { name: t("invoices.status"), class: "status-cell", cell: (invoice) => [badge(status("invoice", invoice.status)), processing(context, invoice)] },
    { name: t("invoices.actions"), class: "last", cell: (invoice) => actions(context, invoice) },
  ], invoices);
};

const empty = (context, overview, filter) => {
  if (filter === "unpaid") return h("p", { class: "empty" }, t("invoices.none_unpaid"));
  if (filter === "paid") return h("p", { class: "empty" }, t("invoices.none_paid"));
  const next = overview.subscription.error ? null : overview.subscription.next_invoice_on;
  return h("p", { class: "empty" }, t("invoices.empty"), next && ` ${t("invoices.first", { day: context.format.day(next) })}`);
};

const filters = (context, chosen) =>
  h("div", { class: "segments", role: "group", "aria-label": t("invoices.filter") },
    FILTERS.map((filter) => button("segment", t(`invoices.${filter}`), () => context.filterInvoices(filter), { "aria-pressed": String(filter === chosen), "data-key": `filter-${filter}` })));

/** How many of how many: a list that goes on only knows its whole number where the server says it. */
export const listFoot = (words, shown, { next, total }, hidden, more, key) => {
  const whole = total ?? (next ? null : shown + hidden);
  return h("div", { class: "list-foot" },
    h("p", { class: "note" }, whole === null || whole === shown ? t(`${words}.shown`, { n: shown }) : t(`${words}.of`, { shown, n: whole })),
    (next || hidden > 0) && button("quiet", [t("do.show_more"), icon("down")], more, { "data-key": key }));
};

export const invoiceList = (context, overview) => {
  if (!overview) return skeleton("invoices", t("invoices.heading"), 6);
  const { filter, only, shown: wanted } = context.store.get().invoiceList;
  const invoices = filter === "all" ? overview.invoices : only;
  if (invoices?.error) return missing("invoices", t("invoices.heading"), filter === "all" ? context.reload : () => context.filterInvoices(filter));
  if (!invoices) return card("invoices", t("invoices.heading"), filters(context, filter), h("p", { class: "empty" }, "…"));
  const rows = invoices.invoices.slice(0, wanted);
  return card(
    "invoices listed",
    t("invoices.heading"),
    overview.invoices.invoices?.length > 0 && filters(context, filter),
    rows.length ? invoiceTable(context, rows) : empty(context, overview, filter),
    rows.length > 0 && listFoot("invoices", rows.length, invoices, invoices.invoices.length - rows.length, () => context.moreInvoices(), "more-invoices"),
  );
};

/** What the list shows before anybody asks for more. */
export const firstInvoices = () => ({ filter: "all", only: null, shown: FIRST });
export const INVOICES_STEP = 12;
