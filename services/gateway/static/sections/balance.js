/* The balance strip: what do I owe, by when? Four faces: due, overdue, on its way, nothing to pay. */
import { h, link } from "../dom.js";
import { icon } from "../icons.js";
import { button, missing, money, notice, skeleton } from "../parts.js";
import { methodName } from "../words.js";
import { nextStep, pauses } from "./ladder.js";

const HEADING = "Balance";

const strip = (face, ...content) =>
  h("section", { class: `card strip ${face}`, "aria-label": HEADING, "data-section": "balance", "data-face": face }, content);

const invoiceLink = (context, invoice) =>
  link(context.go, `/billing/invoices/${invoice.invoice_id}`, {}, invoice.number);

const isFallen = (balance) => balance.face === "overdue";

const paidSoFar = (context, invoice) => {
  const { format } = context;
  if (!invoice.paid.minor) return null;
  const bar = h("div", { class: "bar", role: "img", "aria-label": `${format.money(invoice.paid)} of ${format.money(invoice.total)} paid` }, h("div"));
  bar.firstChild.style.inlineSize = `${Math.round((100 * invoice.paid.minor) / invoice.total.minor)}%`;
  return [h("p", { class: "note" }, money(format, invoice.paid), " of ", money(format, invoice.total), " paid"), bar];
};

const openInvoices = (context, balance) => {
  if (balance.invoices.length === 1) {
    return h("div", { class: "strip-middle" }, h("p", {}, "Invoice ", invoiceLink(context, balance.invoices[0])), paidSoFar(context, balance.invoices[0]));
  }
  return h(
    "ul",
    { class: "strip-middle plain-list" },
    balance.invoices.map((invoice) =>
      h("li", {}, invoiceLink(context, invoice), " · ", money(context.format, invoice.balance), ` ${invoice.overdue ? "was due" : "due"} ${context.format.day(invoice.due_on)}`),
    ),
  );
};

const owed = (context, balance, standing) => {
  const { format } = context;
  const stops = !standing.error && !standing.suspended && standing.suspends_on;
  const late = balance.invoices.find((invoice) => invoice.overdue);
  const when = isFallen(balance)
    ? h("p", { class: "strip-when" }, icon("alert"), ` Payment was due on ${format.day(late ? late.due_on : balance.due_on)}`)
    : h("p", { class: "strip-when" }, "by ", h("strong", {}, format.weekday(balance.due_on)));
  return strip(
    balance.face,
    h("div", { class: "strip-figure" },
      h("p", {}, isFallen(balance) ? "Overdue" : "Balance due"),
      h("p", { class: "figure" }, money(format, isFallen(balance) ? balance.overdue : balance.balance)),
      when,
      isFallen(balance) && balance.balance.minor !== balance.overdue.minor
        && h("p", { class: "note" }, "Balance due in all: ", money(format, balance.balance)),
      isFallen(balance) && stops && h("p", { class: "note" }, `Phone service stops on ${format.day(stops)} unless it is paid.`),
      isFallen(balance) && nextStep(context, standing),
      pauses(context, standing)),
    h("div", {}, openInvoices(context, balance), credit(context, balance),
      balance.on_its_way.minor > 0 && h("p", { class: "note" }, "On its way from your bank: ", money(format, balance.on_its_way))),
    h("div", { class: "strip-pay" },
      button("filled", "Pay Now", () => context.pay(balance.invoices.filter((one) => !isFallen(balance) || one.overdue)), { "data-key": "pay-balance" })),
  );
};

const credit = (context, balance) =>
  balance.account_credit && balance.account_credit.minor > 0
    ? h("p", { class: "note" }, "Account credit: ", money(context.format, balance.account_credit), ". It comes off your next invoice.")
    : null;

const onItsWay = (context, balance, payments) => {
  const running = (payments.payments || []).find((payment) => payment.status === "processing");
  return strip(
    "on_its_way",
    h("div", { class: "strip-figure" },
      h("p", { class: "strip-when" }, icon("clock"), " Payment on its way"),
      h("p", { class: "figure" }, money(context.format, balance.on_its_way))),
    h("div", {},
      h("p", {}, (running && running.sentence)
        || `From ${running ? methodName(running.method) : "your bank"}. Banks take up to 4 business days. There is nothing you need to do.`),
      credit(context, balance)),
  );
};

const nothing = (context, balance, invoices) => {
  const paid = (invoices.invoices || []).find((invoice) => invoice.status === "Paid");
  return strip(
    "nothing",
    h("div", { class: "strip-figure" },
      h("p", {}, "Balance due"),
      h("p", { class: "figure" }, money(context.format, balance.balance)),
      h("p", { class: "strip-when" }, "Nothing to pay")),
    h("div", {}, paid && h("p", {}, icon("check"), " Invoice ", invoiceLink(context, paid), " is paid."), credit(context, balance)),
  );
};

export const balanceStrip = (context, overview) => {
  if (!overview) return skeleton("balance", HEADING, 2);
  const { balance } = overview;
  if (balance.error) return missing("balance", HEADING, balance.error, context.reload);
  if (balance.face === "nothing") return nothing(context, balance, overview.invoices);
  if (balance.face === "on_its_way") return onItsWay(context, balance, overview.payments);
  return owed(context, balance, overview.standing);
};

/** Stands above everything while service is suspended, with the way to the suspension page. */
export const suspendedNotice = (context) =>
  notice("bad", "Your phone service is suspended.", "Pay what is overdue to restore it.",
    link(context.go, "/billing/suspended", { class: "button edged" }, "See what to do"));
