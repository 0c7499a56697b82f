/* Payment History: every payment and refund with date, amount, method, invoice and status. */
import { h, link } from "../dom.js";
import { badge, button, card, missing, money, skeleton, table } from "../parts.js";
import { FAILURE, PAYMENT_STATUS, methodName, status } from "../words.js";

const HEADING = "Payment History";

const invoices = (context, payment) =>
  payment.invoices.length
    ? payment.invoices.map((part, place) => [place > 0 && ", ", link(context.go, `/billing/invoices/${part.invoice_id}`, {}, part.number)])
    : "–";

const outcome = (context, payment) => [
  badge(status(PAYMENT_STATUS, payment.status)),
  payment.status === "failed" && h("span", { class: "note" }, ` ${FAILURE[payment.reason] || FAILURE.other}`),
  payment.next_retry_at && payment.status === "failed" && h("span", { class: "note block" }, `Will be tried again on ${context.format.dayOf(payment.next_retry_at)}`),
];

export const paymentTable = (context, payments) =>
  table("Payments and refunds, newest first", [
    { name: "Date", cell: (payment) => context.format.instant(payment.at) },
    { name: "Amount", class: "number", cell: (payment) => money(context.format, payment.amount) },
    { name: "Method", cell: (payment) => (payment.amount.minor < 0 ? `Refund to ${methodName(payment.method)}` : methodName(payment.method)) },
    { name: "Invoice", cell: (payment) => invoices(context, payment) },
    { name: "Status", cell: (payment) => outcome(context, payment) },
  ], payments);

export const paymentHistory = (context, overview) => {
  if (!overview) return skeleton("payments", HEADING, 4);
  const { payments } = overview;
  if (payments.error) return missing("payments", HEADING, payments.error, context.reload);
  return card(
    "payments",
    HEADING,
    null,
    payments.payments.length ? paymentTable(context, payments.payments) : h("p", { class: "empty" }, "No payments yet."),
    payments.next && h("p", { class: "more" }, button("quiet", "Show more", () => context.morePayments(), { "data-key": "more-payments" })),
  );
};
