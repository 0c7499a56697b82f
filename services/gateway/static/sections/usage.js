/* Usage This Period: used and included with what is above it, or pay-as-you-go products with their total. */
import { h } from "../dom.js";
import { card, missing, money, skeleton, table } from "../parts.js";

const HEADING = "Usage This Period";

const meter = (used, included) => {
  const over = used > included;
  const bar = h("div", { class: over ? "bar over" : "bar", "aria-hidden": "true" }, h("div"), over && h("div", { class: "above" }));
  const share = over ? (100 * included) / used : included ? (100 * used) / included : 0;
  bar.children[0].style.inlineSize = `${share}%`;
  return bar;
};

const included = (name, hint, figure, allowance, bar, note, over) =>
  h("div", { class: "meter" },
    h("h3", {}, name, hint && h("span", { class: "note" }, ` ${hint}`)),
    h("p", {}, h("span", { class: "meter-figure" }, figure), h("span", { class: "note" }, ` / ${allowance} included`)),
    bar,
    h("p", { class: over ? "note warn-text" : "note" }, note));

const counted = (context, name, hint, product, currency) => {
  const { format } = context;
  const above = product.used - product.included;
  return included(name, hint, format.count(product.used), format.count(product.included), meter(product.used, product.included),
    above > 0 ? `${format.count(above)} above × ${format.price(product.unit_price, currency)}` : `${format.count(-above)} left`, above > 0);
};

// Whole minutes as a plan writes them; a short period's share may have a fraction.
const allowanceWords = (format, seconds) => (seconds % 60 ? format.minutes(seconds) : format.count(seconds / 60));

const talked = (context, minutes, currency) => {
  const { format } = context;
  const allowance = minutes.included_seconds;
  const left = allowance - minutes.billed_seconds;
  const price = format.price(minutes.unit_price, currency);
  return included("Minutes", null, format.minutes(minutes.billed_seconds), allowanceWords(format, allowance),
    meter(minutes.billed_seconds, allowance),
    left >= 0 ? `${format.minutes(left)} left, then ${price} a minute` : `${format.minutes(-left)} above × ${price}`, left < 0);
};

const flatRate = (context, usage, currency) => [
  h("div", { class: "meters" },
    counted(context, "Extensions", null, usage.extensions, currency),
    counted(context, "DIDs", "(phone numbers)", usage.dids, currency),
    talked(context, usage.minutes, currency)),
  h("p", { class: "row total" },
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

const sumOf = (lines, kinds, currency) =>
  lines && { minor: lines.filter((line) => kinds.includes(line.kind)).reduce((sum, line) => sum + line.amount.minor, 0), currency };

const payAsYouGo = (context, usage, currency, tax) => {
  const { format } = context;
  return [
    product(context, currency, "Extensions", null, format.count(usage.extensions.used), usage.extensions.unit_price, sumOf(usage.lines, ["extensions"], currency)),
    product(context, currency, "DIDs", "(phone numbers)", format.count(usage.dids.used), usage.dids.unit_price, sumOf(usage.lines, ["dids"], currency)),
    product(context, currency, "Minutes", null, format.minutes(usage.minutes.billed_seconds), usage.minutes.unit_price, sumOf(usage.lines, ["minutes"], currency)),
    h("p", { class: "row total" }, h("strong", {}, "Total estimated this period"),
      usage.accruing ? money(format, usage.accruing) : h("span", { class: "note" }, "Can't be worked out right now")),
    tax && tax.minor !== 0 && h("p", { class: "note row" }, h("span", {}, "Before tax; tax so far"), money(format, tax)),
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
  return card(
    "usage",
    HEADING,
    h("p", { class: "note" }, `${context.format.period(usage.period)} · as of ${context.format.instant(usage.as_of)}`),
    usage.billing_model === "flat_rate" ? flatRate(context, usage, currency) : payAsYouGo(context, usage, currency, tax),
    days(context, usage),
  );
};

export { lineQuantity };
