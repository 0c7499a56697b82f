/* The Billing page: balance strip, then the guide's sections in the guide's order. */
import { h, heading, render } from "../dom.js";
import { t } from "../language.js";
import { notice } from "../parts.js";
import { usageAlerts } from "../sections/alerts.js";
import { balanceStrip, suspendedNotice } from "../sections/balance.js";
import { invoiceList } from "../sections/invoices.js";
import { paymentMethods } from "../sections/methods.js";
import { paymentHistory } from "../sections/payments.js";
import { paymentPlans } from "../sections/plans.js";
import { subscriptionSummary } from "../sections/subscription.js";
import { isLate, usageThisPeriod } from "../sections/usage.js";

const SECTIONS = ["balance", "subscription", "usage", "methods", "invoices", "payments"];

export const title = () => t("page.billing");

/** How fresh the figures are: a dot, a word and a time. */
const freshness = (context, overview) => {
  const { loadedAt, offline } = context.store.get();
  if (!overview || !loadedAt) return null;
  const time = context.format.time(loadedAt);
  const away = SECTIONS.some((name) => overview[name]?.error);
  const [tone, words] = offline ? ["warn", t("page.offline_short", { time })]
    : away ? ["warn", t("page.some_away", { time })]
      : isLate(overview) ? ["warn", t("page.usage_late", { time })] : ["good", t("page.fresh", { time })];
  return h("p", { class: `note fresh ${tone}` }, words);
};

/** Shows the overview in `host` and keeps it up with the store; gives back how to stop. */
export const show = (context, host) => {
  const draw = () => {
    const { overview, session, offline, loadedAt } = context.store.get();
    const provider = session && session.provider;
    render(host,
      h("div", { class: "heading" }, h("div", {}, heading(1, {}, t("page.billing")),
        provider && h("p", { class: "second" }, t("page.billed_by", { provider: provider.name }))), freshness(context, overview)),
      offline && loadedAt && notice("warn", null, t("page.offline", { time: context.format.time(loadedAt) })),
      session && session.service && session.service.suspended && suspendedNotice(context),
      usageAlerts(context, overview),
      balanceStrip(context, overview),
      paymentPlans(context, overview),
      h("div", { class: "columns" }, subscriptionSummary(context, overview), usageThisPeriod(context, overview)),
      paymentMethods(context, overview), invoiceList(context, overview), paymentHistory(context, overview));
  };
  draw();
  const stop = context.store.subscribe(draw);
  context.reload();
  context.loadPlans();
  return stop;
};
