/* Usage This Period: used and included with what is above it, or pay-as-you-go products with their total. */
import { h } from "../dom.js";
import { card, missing, money, skeleton, table } from "../parts.js";

const HEADING = "Usage This Period";

const meter = (used, included, trial) => {
  const over = used > included && !trial;
  const bar = h("div", { class: over ? "bar over" : "bar", "aria-hidden": "true" }, h("div"), over && h("div", { class: "above" }));
  const share = over ? (100 * included) / used : included ? Math.min(100, (100 * used) / included) : 0;
  bar.children[0].style.inlineSize = `${share}%`;
  return bar;
};

const included = (name, hint, figure, allowance, bar, note, over) =>
  h("div", { class: "meter" },
    h("h3", {}, name, hint && h("span", { class: "note" }, ` ${hint}`)),
    h("p", {}, h("span", { class: "meter-figure" }, figure), h("span", { class: "note" }, ` / ${allowance} included`)),
    bar,
    h("p", { class: over ? "note warn-text" : "note" }, note));

const counted = (context, name, hint, product, currency, trial) => {
  const { format } = context;
  const above = product.used - product.included;
  return included(name, hint, format.count(product.used), format.count(product.included), meter(product.used, product.included, trial),
    above <= 0 ? `${format.count(-above)} left` : trial ? `${format.count(above)} above, not billed`
      : `${format.count(above)} above × ${format.price(product.unit_price, currency)}`, above > 0 && !trial);
};

// Whole minutes as a plan writes them; a short period's share may have a fraction.
const allowanceWords = (format, seconds) => (seconds % 60 ? format.minutes(seconds) : format.count(seconds / 60));

const talked = (context, minutes, currency, trial) => {
  const { format } = context;
  const allowance = minutes.included_seconds;
  const left = allowance - minutes.billed_seconds;
  const price = format.price(minutes.unit_price, currency);
  return included("Minutes", null, format.minutes(minutes.billed_seconds), allowanceWords(format, allowance),
    meter(minutes.billed_seconds, allowance, trial),
    left >= 0 ? `${format.minutes(left)} left${trial ? "" : `, then ${price} a minute`}`
      : `${format.minutes(-left)} above${trial ? ", not billed" : ` × ${price}`}`, left < 0 && !trial);
};

/** Stands where the total would: what is used in a trial is metered and never billed (R44). */
const notBilled = (context, trial) =>
  h("p", { class: "total" }, h("strong", {}, "Trial use is not billed."), ` Charges begin on ${context.format.day(trial.trial_ends_on)}.`);

const flatRate = (context, usage, currency, trial) => [
  h("div", { class: "meters" },
    counted(context, "Extensions", null, usage.extensions, currency, trial),
    counted(context, "DIDs", "(phone numbers)", usage.dids, currency, trial),
    talked(context, usage.minutes, currency, trial)),
  trial ? notBilled(context, trial) : h("p", { class: "row total" },
    h("span", {}, h("strong", {}, "Overage charges accruing"), h("span", { class: "note" }, " · before tax")),
    usage.accruing ? money(context.format, usage.accruing) : h("span", { class: "note" }, "Can't be worked out right now")),
];

const lineQuantity = (format, line) =>
  line.unit === "min" ? `${format.count(line.quantity)} min` : format.count(line.quantity);

const product = (context, currency, name, hint, quantity, price, amount) =>
  h("div", { class: "product" },
    h("p", { class: "row" }, h("span", {}, h("strong", {}, name), hint && h("span", { class: "note" }, ` ${hint}`)),
      amount ? money(context.format, amount) : h("span", { class: "note" }, "–")),
    h("p", { class: "note" }, `${quantity} × ${context.format.price(price, currency)}`));

const sumOf = (lines, kind, currency) =>
  lines && { minor: lines.filter((line) => line.kind === kind).reduce((sum, line) => sum + line.amount.minor, 0), currency };

const payAsYouGo = (context, usage, currency, tax, trial) => {
  const { format } = context;
  const sumFor = (kind) => (trial ? null : sumOf(usage.lines, kind, currency));
  return [
    product(context, currency, "Extensions", null, format.count(usage.extensions.used), usage.extensions.unit_price, sumFor("extensions")),
    product(context, currency, "DIDs", "(phone numbers)", format.count(usage.dids.used), usage.dids.unit_price, sumFor("dids")),
    product(context, currency, "Minutes", null, format.minutes(usage.minutes.billed_seconds), usage.minutes.unit_price, sumFor("minutes")),
    trial ? notBilled(context, trial) : h("p", { class: "row total" }, h("strong", {}, "Total estimated this period"),
      usage.accruing ? money(format, usage.accruing) : h("span", { class: "note" }, "Can't be worked out right now")),
    !trial && tax && tax.minor !== 0 && h("p", { class: "note row" }, h("span", {}, "Before tax; tax so far"), money(format, tax)),
  ];
};

const days = (context, usage) =>
  usage.days.length > 0 &&
  h("details", { class: "days" },
    h("summary", {}, "Minutes a day"),
    table("Minutes a day", [
      { name: "Day", cell: (row) => context.format.day(row.day) },
      { name: "Calls", class: "number", cell: (row) => context.format.count(row.calls) },
      { name: "Minutes", class: "number", cell: (row) => context.format.minutes(row.billed_seconds) },
    ], usage.days));

export const usageThisPeriod = (context, overview) => {
  if (!overview) return skeleton("usage", HEADING, 6);
  const { usage, subscription } = overview;
  if (usage.error) return missing("usage", HEADING, usage.error, context.reload);
  const currency = overview.session.currency || (usage.accruing && usage.accruing.currency) || "USD";
  const tax = subscription.error || !subscription.next_invoice ? null : subscription.next_invoice.tax;
  const trial = !subscription.error && subscription.status === "Trial" && subscription.trial_ends_on ? subscription : null;
  return card(
    "usage",
    HEADING,
    h("p", { class: "note" }, `${context.format.period(usage.period)} · as of ${context.format.instant(usage.as_of)}`),
    usage.billing_model === "flat_rate" ? flatRate(context, usage, currency, trial) : payAsYouGo(context, usage, currency, tax, trial),
    days(context, usage),
  );
};

export { lineQuantity };
