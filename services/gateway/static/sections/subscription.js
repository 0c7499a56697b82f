/* Subscription Summary: plan, status, billing model, monthly fee, period, next invoice date. */
import { h } from "../dom.js";
import { badge, card, facts, missing, money, skeleton } from "../parts.js";
import { BILLING_MODEL, SERVICE_STATUS, status } from "../words.js";

const HEADING = "Subscription Summary";

const nextInvoice = (format, preview) =>
  h("div", { class: "sunken" },
    h("p", { class: "row strong" }, h("span", {}, "Next invoice so far"), money(format, preview.total)),
    preview.lines.map((line) => h("p", { class: "row note" }, h("span", {}, line.description), money(format, line.amount))),
    preview.tax.minor !== 0 && h("p", { class: "row note" }, h("span", {}, "Tax"), money(format, preview.tax)));

export const subscriptionSummary = (context, overview) => {
  if (!overview) return skeleton("subscription", HEADING, 6);
  const { subscription } = overview;
  if (subscription.error) return missing("subscription", HEADING, subscription.error, context.reload);
  const { format } = context;
  return card(
    "subscription",
    HEADING,
    null,
    facts([
      ["Plan", subscription.plan_name],
      ["Status", badge(status(SERVICE_STATUS, subscription.status))],
      ["Billing model", BILLING_MODEL[subscription.billing_model]],
      subscription.monthly_fee && ["Monthly fee", money(format, subscription.monthly_fee)],
      ["Current billing period", format.period(subscription.period)],
      subscription.trial_ends_on && subscription.status === "Trial" && ["Trial, billed from", format.day(subscription.trial_ends_on)],
      ["Next invoice date", subscription.next_invoice_on ? format.day(subscription.next_invoice_on) : "None"],
    ]),
    subscription.next_invoice_on && subscription.next_invoice && subscription.next_invoice.lines.length > 0 && nextInvoice(format, subscription.next_invoice),
  );
};
