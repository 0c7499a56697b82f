/* The course of a payment once Pay is pressed: the bank's confirmation, the server's word, the new figures. */
import { announce } from "../dom.js";
import { t } from "../language.js";
import { methodName } from "../statuses.js";
import { stripeFor } from "../stripe.js";

const ASK_EVERY_MS = 1500;
const ASK_FOR_MS = 60_000;
const RUNNING = new Set(["created", "submitted", "unknown"]);

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What is due on these invoices together. */
export const sum = (invoices) => ({ minor: invoices.reduce((total, one) => total + one.balance.minor, 0), currency: invoices[0].balance.currency });

/** The bank's confirmation where it is wanted, then the payment as the server sees it, until it is final. */
export const settle = async (context, first) => {
  let payment = first;
  if (payment.status === "requires_action" && payment.client_secret) {
    announce(t("pay.confirm"));
    const session = context.store.get().session;
    const stripe = await stripeFor(session.stripe.js_url, { publishable_key: payment.publishable_key || session.stripe.publishable_key, stripe_account: payment.stripe_account });
    // Whatever Stripe.js says, the server asks Stripe itself.
    await stripe.handleNextAction({ clientSecret: payment.client_secret });
    payment = await context.api.send("POST", `/billing/payments/${payment.payment_id}/refresh`);
  }
  const until = Date.now() + ASK_FOR_MS;
  while (RUNNING.has(payment.status) && Date.now() < until) {
    await pause(ASK_EVERY_MS);
    payment = await context.api.get(`/billing/payments/${payment.payment_id}`).catch(() => payment);
  }
  return payment;
};

/** Waits until invoicing has heard of the payment too, so that the page's figures are the new ones. */
export const waitForInvoices = async (context, invoices, paid) => {
  const before = sum(invoices).minor;
  const wanted = new Set(invoices.map((one) => one.invoice_id));
  for (let tries = 0; tries < 8; tries += 1) {
    await context.reload();
    const { balance } = context.store.get().overview;
    if (balance.error) return;
    const left = balance.invoices.filter((one) => wanted.has(one.invoice_id)).reduce((total, one) => total + one.balance.minor, 0);
    if (left <= before - paid.minor) return;
    await pause(700);
  }
};

/** Whether the due day is over, by invoicing's word: a provider's calendar is not always the browser's (R53). */
export const isLate = (invoice) => invoice.overdue ?? invoice.status === "Overdue";

/** What a part payment leaves, with the due day of the first invoice that it does not cover. */
const stillDue = (format, payment, invoices, left) => {
  const shares = new Map((payment.invoices || []).map((part) => [part.invoice_id, part.amount.minor]));
  const [first] = invoices.filter((one) => one.balance.minor > (shares.get(one.invoice_id) || 0))
    .sort((one, other) => (one.due_on < other.due_on ? -1 : 1));
  const amount = format.money(left);
  if (!first) return t("pay.still", { amount });
  return t(isLate(first) ? "pay.still_was_due" : "pay.still_due", { amount, day: format.day(first.due_on) });
};

/** By when a bank debit arrives: four business days after it was begun. */
export const expected = (format, payment) => {
  const at = new Date(`${format.localDay(payment.at)}T00:00:00Z`);
  for (let days = 4; days;) {
    at.setUTCDate(at.getUTCDate() + 1);
    if (at.getUTCDay() % 6) days -= 1;
  }
  return at.toISOString().slice(0, 10);
};

/** What is said of a bank debit that is on its way. */
export const debit = (format, payment) =>
  payment && payment.at && payment.method && payment.invoices?.length
    ? t("bank.debit", { method: methodName(payment.method), number: payment.invoices.map((one) => one.number).join(", "), day: format.weekday(expected(format, payment)) })
    : t("bank.debit_plain");

/** Tone, title and detail of a payment that has ended or goes on without the person. */
export const outcome = (context, payment, invoices, amount, restores) => {
  const { format } = context;
  const left = { ...amount, minor: sum(invoices).minor - amount.minor };
  if (payment.status === "succeeded") {
    const detail = left.minor > 0
      ? stillDue(format, payment, invoices, left)
      : invoices.length === 1 ? t("pay.invoice_paid", { number: invoices[0].number }) : t("pay.invoices_paid", { n: invoices.length });
    return ["good", t("pay.done", { amount: format.money(amount) }),
      [detail, t("pay.receipt_coming"), restores && left.minor <= 0 && t("pay.works_again")].filter(Boolean).join(" ")];
  }
  if (payment.status === "processing") return ["info", t("pay.on_its_way"), debit(format, payment)];
  return ["warn", null, t("pay.unknown")];
};

/**
 * Looks again at what is due after a refusal; true when it is something else than what the person saw. A conflict
 * says that it is, and invoicing hears of a payment a moment after it: then it is looked at a few times.
 */
export const dueChanged = async (context, invoices, { conflict }) => {
  for (let tries = 0; tries < (conflict ? 4 : 1); tries += 1) {
    if (tries) await pause(700);
    await context.reload();
    const { balance } = context.store.get().overview;
    if (balance.error) return false;
    const due = new Map(balance.invoices.map((one) => [one.invoice_id, one.balance.minor]));
    if (invoices.some((one) => due.get(one.invoice_id) !== one.balance.minor)) return true;
  }
  return false;
};
