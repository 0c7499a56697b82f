/* How a status, a method and a reason are called and drawn: one label, colour and icon for each. */
import { h, s } from "./dom.js";
import { icon } from "./icons.js";
import { has, t } from "./language.js";

const BRANDS = {
  visa: "Visa", mastercard: "Mastercard", amex: "American Express", discover: "Discover", diners: "Diners Club",
  jcb: "JCB", unionpay: "UnionPay",
};
const BANKS = { us_bank_account: "method.ach", sepa_debit: "method.sepa" };

export const isBank = (method) => Boolean(method && BANKS[method.kind]);

/** "Visa •••• 4242", "Bank account (ACH) •••• 6789". */
export const methodName = (method) => {
  if (!method) return t("method.none");
  const brand = BANKS[method.kind] ? t(BANKS[method.kind]) : BRANDS[method.brand] || method.brand || t("method.card");
  return `${brand}\u00a0••••\u00a0${method.last4}`;
};

/** The method's mark: a picture beside its name. */
export const mark = (method) => {
  const brand = method && method.kind === "card" ? method.brand : null;
  if (brand === "visa") return h("span", { class: "mark visa", "aria-hidden": "true" }, "VISA");
  if (brand === "mastercard") {
    return h("span", { class: "mark", "aria-hidden": "true" },
      s("svg", { viewBox: "0 0 24 16", width: 24, height: 16, focusable: "false" },
        s("circle", { cx: 9, cy: 8, r: 5.5, fill: "#EB001B" }), s("circle", { cx: 15, cy: 8, r: 5.5, fill: "#F79E1B", "fill-opacity": "0.9" })));
  }
  return h("span", { class: "mark", "aria-hidden": "true" }, icon(isBank(method) ? "bank" : "card"));
};

/** MM/YYYY as the guide writes it. */
export const expiry = (method) => (method.expires ? t("methods.expires", { date: method.expires }) : "");

/** "expired", "soon" (in this month) or null; `today` is a local day. */
export const expires = (method, today) => {
  if (!method.expires) return null;
  const [month, year] = method.expires.split("/");
  const last = `${year}-${month}`;
  const now = today.slice(0, 7);
  return last < now ? "expired" : last === now ? "soon" : null;
};

const LOOKS = {
  "service.Active": ["good", "check"], "service.Trial": ["info", "clock"], "service.Suspended": ["bad", "pause"],
  "service.Closed": ["plain", "cross"], "service.Unknown": ["warn", "clock"],
  "invoice.Sent": ["info", "ring"], "invoice.Partially Paid": ["info", "half"], "invoice.Paid": ["good", "check"],
  "invoice.Overdue": ["bad", "alert"], "invoice.Cancelled": ["plain", "cross"],
  "payment.succeeded": ["good", "check"], "payment.failed": ["bad", "cross"], "payment.refunded": ["plain", "back"],
  "payment.processing": ["info", "clock"], "payment.disputed": ["warn", "alert"], "payment.requires_action": ["warn", "alert"],
  "payment.unknown": ["info", "clock"], "payment.created": ["info", "clock"], "payment.submitted": ["info", "clock"],
  "payment.canceled": ["plain", "cross"], "payment.pending": ["info", "clock"],
  "plans.state.agreed": ["info", "clock"], "plans.state.kept": ["good", "check"], "plans.state.broken": ["bad", "alert"],
  "plans.state.cancelled": ["plain", "cross"],
};

/** Words, tone and picture of a status; one that is new to the page is shown as it comes. */
export const status = (of, value) => {
  const key = `${of}.${value}`;
  const [tone, picture] = LOOKS[key] || ["plain", "ring"];
  return [has(key) ? t(key) : String(value), tone, picture];
};

/** Why a payment failed, in a few words. */
export const reason = (payment) => t(has(`reason.${payment.reason}`) ? `reason.${payment.reason}` : "reason.other");

/** Why a payment failed, whether money moved and what next (design/ui.md, Words). */
export const declined = (payment, method) =>
  t(has(`decline.${payment.reason}`) ? `decline.${payment.reason}` : "decline.other", { method: methodName(method) });
