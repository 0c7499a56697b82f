/* Subscription Summary: plan, status, billing model, monthly fee, period, next invoice date. */
import { h } from "../dom.js";
import { t } from "../language.js";
import { badge, card, facts, missing, money, skeleton } from "../parts.js";
import { status } from "../statuses.js";

const nextInvoice = (format, preview) =>
  h("div", { class: "sunken" },
    h("p", { class: "row strong" }, h("span", {}, t("summary.so_far")), money(format, preview.total)),
    preview.lines.map((line) => h("p", { class: "row note" }, h("span", {}, line.description), money(format, line.amount))),
    preview.tax.minor !== 0 && h("p", { class: "row note" }, h("span", {}, t("summary.tax")), money(format, preview.tax)));

export const subscriptionSummary = (context, overview) => {
  if (!overview) return skeleton("subscription", t("summary.heading"), 12);
  const { subscription } = overview;
  if (subscription.error) return missing("subscription", t("summary.heading"), context.reload);
  const { format } = context;
  const flat = subscription.billing_model === "flat_rate";
  return card(
    "subscription",
    t("summary.heading"),
    null,
    facts([
      [t("summary.plan"), subscription.plan_name],
      [t("summary.status"), badge(status("service", subscription.status))],
      [t("summary.model"), t(`model.${subscription.billing_model}`)],
      subscription.monthly_fee && [t("summary.fee"), money(format, subscription.monthly_fee)],
      [t("summary.period"), format.period(subscription.period)],
      subscription.trial_ends_on && subscription.status === "Trial" && [t("summary.trial"), format.day(subscription.trial_ends_on)],
      [t("summary.next"), subscription.next_invoice_on ? format.day(subscription.next_invoice_on) : t("summary.none")],
    ]),
    // Pay-as-you-go tells the same under Usage.
    flat && subscription.next_invoice_on && subscription.next_invoice && subscription.next_invoice.lines.length > 0 && nextInvoice(format, subscription.next_invoice),
  );
};
