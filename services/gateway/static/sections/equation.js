/* How an invoice line came about: billed time less what is included, times the price, is the line (picture 07). */
import { h } from "../dom.js";
import { t } from "../language.js";

const term = (words, figure) => h("span", { class: "term" }, h("span", { class: "note block" }, words), h("strong", { class: "figure-small" }, figure));

const sign = (text) => h("span", { class: "second", "aria-label": text }, text);

/** `answer`: the line as the gateway says it; a difference between two revisions has no one equation. */
export const equation = (context, { line, line_before: before }) => {
  const { format } = context;
  const currency = context.store.get().session?.currency;
  if (before || !currency || line.kind === "connect_fees" || line.price_per_minute === undefined) return null;
  const minutes = (seconds) => t("usage.min", { n: format.minutes(seconds) });
  return h("p", { class: "card equation" },
    term(t("calls.sum_time", { n: line.calls }), minutes(line.billed_seconds)),
    line.included_seconds > 0 && [sign("\u2212"), term(t("calls.sum_included"), minutes(line.included_seconds)),
      sign("="), term(t("calls.sum_above"), minutes(line.charged_seconds))],
    sign("\u00d7"), term(t("calls.sum_price"), format.price(line.price_per_minute, currency)),
    sign("="), term(t("calls.sum_line"), format.rounded(line.charge, currency)));
};
