/* The page's fixed words: the guide's names, and one label, colour and icon for each status. */

export const BRANDS = {
  visa: "Visa", mastercard: "Mastercard", amex: "American Express", discover: "Discover", diners: "Diners Club",
  jcb: "JCB", unionpay: "UnionPay",
};

/** "Visa •••• 4242", "Bank account (ACH) •••• 6789". */
export const methodName = (method) => {
  if (!method) return "Payment method";
  const brand = method.kind === "us_bank_account" ? "Bank account (ACH)"
    : method.kind === "sepa_debit" ? "Bank account (SEPA)"
      : BRANDS[method.brand] || method.brand || "Card";
  return `${brand}\u00a0•••• ${method.last4}`;
};

/** MM/YYYY as the guide writes it. */
export const expiry = (method) => (method.expires ? `Expires ${method.expires}` : "");

export const BILLING_MODEL = { flat_rate: "Flat Rate", pay_as_you_go: "Pay-As-You-Go" };

export const SERVICE_STATUS = {
  Active: ["Active", "good", "check"],
  Trial: ["Trial", "info", "clock"],
  Suspended: ["Suspended", "bad", "pause"],
  Closed: ["Closed", "plain", "cross"],
  Unknown: ["Not known right now", "warn", "clock"],
};

export const INVOICE_STATUS = {
  Sent: ["Sent", "info", "ring"],
  "Partially Paid": ["Partially Paid", "info", "half"],
  Paid: ["Paid", "good", "check"],
  Overdue: ["Overdue", "bad", "alert"],
  Cancelled: ["Cancelled", "plain", "cross"],
};

export const PAYMENT_STATUS = {
  succeeded: ["Succeeded", "good", "check"],
  failed: ["Failed", "bad", "cross"],
  refunded: ["Refunded", "plain", "back"],
  processing: ["Processing", "info", "clock"],
  disputed: ["Disputed", "warn", "alert"],
  requires_action: ["Waiting for you", "warn", "alert"],
  unknown: ["Checking", "info", "clock"],
  created: ["Checking", "info", "clock"],
  submitted: ["Checking", "info", "clock"],
  canceled: ["Not completed", "plain", "cross"],
};

export const FAILURE = {
  no_funds: "Not enough funds",
  expired: "Card expired",
  declined: "Declined by the bank",
  authentication: "Not confirmed with the bank",
  no_method: "No payment method",
  other: "Not accepted",
};

/** The words of a status; one that is new to the page is shown as it comes. */
export const status = (table, value) => table[value] || [String(value), "plain", "ring"];
