/* Usage This Period: used and included with what is above it, or pay-as-you-go products with their total. */
import { h } from "../dom.js";
import { daysBetween } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { badge, card, missing, money, skeleton } from "../parts.js";
import { dayChart } from "./chart.js";

// Figures older than this are told as late: calls are counted within seconds.
const LATE_MS = 10 * 60_000;

const meter = (used, included, trial) => {
  const over = used > included && !trial;
  const bar = h("div", { class: over ? "bar over" : "bar", "aria-hidden": "true" }, h("div"), over && h("div", { class: "above" }));
  const share = over ? (100 * included) / used : included ? Math.min(100, (100 * used) / included) : 0;
  bar.children[0].style.inlineSize = `${share}%`;
  return bar;
};

const included = (name, hint, figure, allowance, bar, note, over) =>
  h("div", { class: "meter" },
    h("h3", { class: "h3" }, name, hint && h("span", { class: "note" }, ` ${hint}`)),
    h("p", {}, h("span", { class: "meter-figure" }, figure), " ", h("span", { class: "second" }, t("usage.included", { n: allowance }))),
    bar,
    h("p", { class: over ? "note warn-text" : "note" }, note));

const sumOf = (lines, kind, currency) =>
  lines && { minor: lines.filter((line) => line.kind === kind).reduce((sum, line) => sum + line.amount.minor, 0), currency };

/** "2 above × $12.00 = $24.00", where the sum is known and is that product. */
const above = (context, count, price, amount) =>
  amount && amount.minor > 0 ? t("usage.above", { n: count, price, amount: context.format.money(amount) }) : t("usage.above_price", { n: count, price });

const counted = (context, name, hint, product, amount, currency, trial) => {
  const { format } = context;
  const over = product.used - product.included;
  return included(name, hint, format.count(product.used), format.count(product.included), meter(product.used, product.included, trial),
    over <= 0 ? t("usage.left", { n: format.count(-over) }) : trial ? t("usage.above_free", { n: format.count(over) })
      : above(context, format.count(over), format.price(product.unit_price, currency), amount), over > 0 && !trial);
};

// Whole minutes as a plan writes them; a short period's share may have a fraction.
const allowanceWords = (format, seconds) => (seconds % 60 ? format.minutes(seconds) : format.count(seconds / 60));

const talked = (context, minutes, amount, currency, trial) => {
  const { format } = context;
  const allowance = minutes.included_seconds;
  const left = allowance - minutes.billed_seconds;
  const price = format.price(minutes.unit_price, currency);
  return included(t("usage.minutes"), null, format.minutes(minutes.billed_seconds), allowanceWords(format, allowance),
    meter(minutes.billed_seconds, allowance, trial),
    left >= 0 ? t(trial ? "usage.left" : "usage.left_then", { n: format.minutes(left), price })
      : trial ? t("usage.above_free", { n: format.minutes(-left) }) : above(context, format.minutes(-left), price, amount), left < 0 && !trial);
};

/** Stands where the total would: what is used in a trial is metered and never billed (R44). */
const notBilled = (context, trial) =>
  h("p", { class: "usage-total" }, h("span", {}, h("strong", {}, t("usage.trial")), " ", t("usage.trial_from", { day: context.format.day(trial.trial_ends_on) })));

const unknown = () => h("span", { class: "note" }, t("usage.not_known"));

const flatRate = (context, usage, currency, trial) => h("div", { class: "meters" },
  counted(context, t("usage.extensions"), null, usage.extensions, sumOf(usage.lines, "extensions", currency), currency, trial),
  counted(context, t("usage.dids"), t("usage.phone_numbers"), usage.dids, sumOf(usage.lines, "dids", currency), currency, trial),
  talked(context, usage.minutes, sumOf(usage.lines, "minutes", currency), currency, trial));

const accruing = (context, usage, next, trial) => (trial ? notBilled(context, trial)
  : h("p", { class: "usage-total" },
    h("span", {}, h("strong", {}, t("usage.accruing")),
      h("span", { class: "note" }, " · ", next ? t("usage.added_to", { day: context.format.day(next) }) : t("usage.before_tax"))),
    usage.accruing ? money(context.format, usage.accruing) : unknown()));

const lineQuantity = (format, line) =>
  line.unit === "min" ? `${format.count(line.quantity)}\u00a0min` : format.count(line.quantity);

const product = (context, currency, name, hint, quantity, price, amount) =>
  h("div", { class: "product" },
    h("p", { class: "row" }, h("span", {}, h("strong", {}, name), hint && h("span", { class: "note" }, ` ${hint}`)),
      amount ? h("strong", {}, money(context.format, amount)) : h("span", { class: "note" }, "–")),
    h("p", { class: "note" }, `${quantity} × ${context.format.price(price, currency)}`));

const payAsYouGo = (context, usage, currency, preview, trial) => {
  const { format } = context;
  const sumFor = (kind) => (trial ? null : sumOf(usage.lines, kind, currency));
  const tax = preview && preview.tax.minor !== 0 && usage.accruing
    && { minor: usage.accruing.minor + preview.tax.minor, currency };
  return [
    product(context, currency, t("usage.extensions"), null, format.count(usage.extensions.used), usage.extensions.unit_price, sumFor("extensions")),
    product(context, currency, t("usage.dids"), t("usage.phone_numbers"), format.count(usage.dids.used), usage.dids.unit_price, sumFor("dids")),
    product(context, currency, t("usage.minutes"), null, format.minutes(usage.minutes.billed_seconds), usage.minutes.unit_price, sumFor("minutes")),
    trial ? notBilled(context, trial) : h("div", { class: "estimated" },
      h("p", { class: "row" }, h("strong", {}, t("usage.estimated")), usage.accruing ? h("strong", { class: "large" }, money(format, usage.accruing)) : unknown()),
      tax && h("p", { class: "note" }, t("usage.with_tax", { amount: format.money(tax) }))),
  ];
};

/** Whether newer calls may be missing: by the server's word, else by the age of the figures on the same clock. */
export const isLate = (overview) => {
  const { usage, standing } = overview;
  if (!usage || usage.error) return false;
  if (typeof usage.stale === "boolean") return usage.stale;
  return Boolean(standing && !standing.error && Date.parse(standing.as_of) - Date.parse(usage.as_of) > LATE_MS);
};

const beside = (context, overview, today) => {
  const { usage } = overview;
  const { format } = context;
  if (isLate(overview)) return badge([t("usage.stale", { time: format.time(usage.as_of) }), "warn", "clock"]);
  const day = daysBetween(usage.period.start_date, today) + 1;
  const days = daysBetween(usage.period.start_date, usage.period.end_date);
  return h("p", { class: "note" }, day >= 1 && day <= days ? t("usage.day_of", { period: format.period(usage.period), day, days }) : format.period(usage.period));
};

export const usageThisPeriod = (context, overview) => {
  if (!overview) return skeleton("usage", t("usage.heading"), 12);
  const { usage, subscription } = overview;
  if (usage.error) return missing("usage", t("usage.heading"), context.reload);
  const currency = overview.session.currency || (usage.accruing && usage.accruing.currency) || "USD";
  const trial = !subscription.error && subscription.status === "Trial" && subscription.trial_ends_on ? subscription : null;
  const today = context.today(overview);
  const flat = usage.billing_model === "flat_rate";
  return card(
    "usage",
    t("usage.heading"),
    beside(context, overview, today),
    flat ? flatRate(context, usage, currency, trial) : payAsYouGo(context, usage, currency, subscription.error ? null : subscription.next_invoice, trial),
    dayChart(context, usage, today),
    flat && accruing(context, usage, subscription.error ? null : subscription.next_invoice_on, trial),
  );
};

export { lineQuantity };
