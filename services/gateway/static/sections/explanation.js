/* Why an invoice differs from the one before: each part with its amount, the largest first, and their sum (R56). */
import { h, s } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { card, money } from "../parts.js";

/** "+$41.72", "−$3.10": a change says its direction. */
export const change = (format, amount) => (amount.minor > 0 ? "+" : "") + format.money(amount);

const size = (part) => Math.abs(part.amount.minor);

/** A bar as long as the part is large; the figure beside it says the same, so it is only for the eye. */
const bar = (part, largest) =>
  s("svg", { class: part.amount.minor < 0 ? "part-bar less" : "part-bar", viewBox: "0 0 1000 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { width: largest ? Math.max(8, Math.round((1000 * size(part)) / largest)) : 0, height: 6, rx: 3 }));

const heading = ({ difference, compared_with: before }) => {
  if (!before) return t("why.first");
  if (difference.minor > 0) return t("why.higher");
  return t(difference.minor < 0 ? "why.lower" : "why.same");
};

/** The sentence without the amount at its end: that one stands beside it. */
const words = (sentence) => sentence.replace(/[\s\u00a0]?: [^:]*$/, "");

/** The card; `explained` is the gateway's explanation. */
export const explanation = (context, explained, issuedBefore = null) => {
  const { format } = context;
  const { compared_with: before, difference, parts, sentences, total } = explained;
  const largest = Math.max(0, ...parts.map(size));
  const rows = [...parts].sort((one, other) => size(other) - size(one));
  return card("explanation", heading(explained), null,
    before && h("p", { class: "compared" },
      h("span", {}, h("span", { class: "note block" }, issuedBefore ? t("why.before", { day: format.shortDay(issuedBefore) }) : t("invoice.title", { number: before.number })), h("strong", {}, money(format, before.total))),
      icon("right"),
      h("span", {}, h("span", { class: "note block" }, t("why.this")), h("strong", {}, money(format, total))),
      h("span", { class: difference.minor > 0 ? "badge warn money" : "badge good money" }, change(format, difference))),
    rows.length === 0 && h("p", {}, sentences[0]),
    h("ul", { class: "parts" }, rows.map((part) => h("li", {},
      h("p", { class: "part-row" }, h("span", {}, words(part.sentence)), h("span", { class: "money" }, change(format, part.amount))), bar(part, largest)))),
    rows.length > 1 && h("p", { class: "row strong ruled" }, h("span", {}, t("why.together")), h("span", { class: "money" }, change(format, difference))));
};
