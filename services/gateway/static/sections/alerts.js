/* Usage alerts and the spend limit: what was reached in this period, and what follows. */
import { t } from "../language.js";
import { notice } from "../parts.js";

const spent = (format, { spend_minor: minor, currency }) => format.money({ minor, currency });

const told = (context, one, spending, provider) => {
  const { format } = context;
  const amount = (minor) => format.money({ minor, currency: spending?.currency || "USD" });
  if (one.kind === "included_minutes") return one.percent >= 100 ? t("alerts.minutes_all") : t("alerts.minutes", { share: format.percent(one.percent) });
  if (one.kind === "unusual_international") return t("alerts.unusual", { provider });
  if (one.kind === "spend_limit" && one.percent >= 100) return t("alerts.spend", { amount: amount(one.limit) });
  return t("alerts.spend_near", { used: amount(one.used), amount: amount(one.limit) });
};

export const usageAlerts = (context, overview) => {
  const usage = overview?.usage;
  if (!usage || usage.error) return null;
  const provider = overview.session.provider?.name || t("page.your_provider");
  const { spending, warnings = [] } = usage;
  // The limit that holds says more than the alerts on the way to it.
  if (spending?.holds) {
    return notice("bad", t("alerts.spend", { amount: spent(context.format, { ...spending, spend_minor: spending.limit_minor }) }), t("alerts.blocked", { provider }));
  }
  const sentences = warnings.map((one) => told(context, one, spending, provider));
  return sentences.length > 0 && notice("warn", t("alerts.title"), sentences.join(" "));
};
