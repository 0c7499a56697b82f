/* Payment History: every payment and refund with date, amount, method, invoice and status. */
import { expected } from "../dialogs/payment_course.js";
import { h, link } from "../dom.js";
import { t } from "../language.js";
import { badge, button, card, missing, money, skeleton, table } from "../parts.js";
import { mark, methodName, reason, status } from "../statuses.js";
import { listFoot } from "./invoices.js";

const FIRST = 5;

const invoices = (context, payment) =>
  payment.invoices.length
    ? payment.invoices.map((part, place) => [place > 0 && ", ", link(context.go, `/billing/invoices/${part.invoice_id}`, {}, part.number)])
    : "–";

const isRefund = (payment) => payment.amount.minor < 0;

const toCredit = (payment) => isRefund(payment) && (payment.to === "credit" || !payment.method);

const method = (payment) => {
  if (toCredit(payment)) return t("payments.refund_credit");
  const name = methodName(payment.method);
  return h("span", { class: "with-mark" }, mark(payment.method), h("span", {}, isRefund(payment) ? t("payments.refund_to", { method: name }) : name));
};

/** Who gave back what, and where it went (design/ui.md, Words). */
const refund = (context, payment) => {
  const provider = context.store.get().session?.provider?.name || t("page.your_provider");
  const amount = context.format.money({ ...payment.amount, minor: -payment.amount.minor });
  return toCredit(payment) ? t("payments.credit", { provider, amount }) : t("payments.refund", { provider, amount, method: methodName(payment.method) });
};

const outcome = (context, payment) => {
  const { format } = context;
  const note = (words) => h("span", { class: "note" }, words);
  // A refund's own states are said as such: succeeded means that the money went back.
  const shown = isRefund(payment) && payment.status === "succeeded" ? "refunded" : payment.status;
  return h("span", { class: "outcome" },
    badge(status("payment", shown)),
    payment.status === "failed" && !isRefund(payment) && note(reason(payment)),
    payment.status === "failed" && payment.next_retry_at && note(t("payments.retry", { day: format.dayOf(payment.next_retry_at) })),
    (payment.disputes || []).map((dispute) => note(dispute.sentence)),
    payment.status === "processing" && !isRefund(payment) && note(t("payments.until", { day: format.shortDay(expected(format, payment)) })),
    payment.status === "requires_action" && button("quiet", t("payments.continue"), () => context.continuePayment(payment), { "data-key": `continue-${payment.payment_id}` }),
    isRefund(payment) && shown === "refunded" && note(refund(context, payment)),
    payment.status === "succeeded" && !isRefund(payment) && payment.method && button("quiet receipt", t("payments.receipt"), () => context.downloadReceipt(payment),
      { "data-key": `receipt-${payment.payment_id}`, "aria-label": t("payments.receipt_for", { amount: format.money(payment.amount), day: format.dayOf(payment.at) }) }));
};

/** A refund and what a bank took back stand as rows of their own, by their day (R58). */
const rowsOf = (payments) =>
  payments.flatMap((payment) => [
    payment,
    ...(payment.refunds || []).map((one) => ({ ...one, payment_id: one.refund_id, method: payment.method, invoices: payment.invoices })),
  ]).sort((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0));

export const paymentTable = (context, payments, { withInvoice = true } = {}) =>
  table(t("payments.caption"), [
    { name: t("payments.date"), class: "when-cell", cell: (payment) => context.format.instant(payment.at) },
    { name: t("payments.amount"), class: "number amount-cell", cell: (payment) => money(context.format, payment.amount) },
    { name: t("payments.method"), class: "method-cell", cell: method },
    withInvoice && { name: t("payments.invoice"), class: "invoice-cell", cell: (payment) => invoices(context, payment) },
    { name: t("payments.status"), class: "status-cell", cell: (payment) => outcome(context, payment) },
  ].filter(Boolean), rowsOf(payments));

export const paymentHistory = (context, overview) => {
  if (!overview) return skeleton("payments", t("payments.heading"), 6);
  const { payments } = overview;
  if (payments.error) return missing("payments", t("payments.heading"), context.reload);
  const rows = payments.payments.slice(0, context.store.get().paymentsShown);
  return card(
    "payments listed",
    t("payments.heading"),
    null,
    rows.length ? paymentTable(context, rows) : h("p", { class: "empty" }, t("payments.empty")),
    rows.length > 0 && listFoot("payments", rows.length, payments, payments.payments.length - rows.length, () => context.morePayments(), "more-payments"),
  );
};

export const firstPayments = FIRST;
export const PAYMENTS_STEP = 10;
