/*
 * Billed minutes of each local day: today hollow, days to come grey, days above the included minutes hatched. One tab
 * stop, arrow keys move. The table beside it says the same, and is what is printed.
 */
import { h, render } from "../dom.js";
import { daysOf } from "../format.js";
import { focused } from "../here.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { button, table } from "../parts.js";

const STEPS = [1, 2, 2.5, 5, 10];
const NICE_MIN = 10;

/** A round figure above the largest, so that two grid lines divide it evenly. */
const scaleOf = (most) => {
  const half = Math.max(most, NICE_MIN) / 2;
  const power = 10 ** Math.floor(Math.log10(half));
  return 2 * STEPS.find((step) => step * power >= half) * power;
};

const filled = (usage, today) => {
  const known = new Map(usage.days.map((row) => [row.day, row]));
  const included = usage.billing_model === "flat_rate" ? usage.minutes.included_seconds : Infinity;
  let sum = 0;
  return daysOf(usage.period).map((day) => {
    const { calls = 0, billed_seconds: seconds = 0, charged_seconds: charged } = known.get(day) || {};
    sum += seconds;
    return { day, calls, seconds, minutes: seconds / 60, state: day > today ? "later" : day === today ? "now" : "done", above: charged === undefined ? seconds > 0 && sum > included : charged > 0 && included < Infinity };
  });
};

const words = (format, one) =>
  t("chart.point", { minutes: t("usage.min", { n: format.minutes(one.seconds) }), calls: t("chart.n_calls", { n: one.calls }) });

const nameOf = (format, usage, known) => {
  const most = known.reduce((best, one) => (one.seconds > best.seconds ? one : best), known[0]);
  const last = known.at(-1).day;
  const period = { start_date: usage.period.start_date, end_date: new Date(Date.parse(`${last}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10) };
  return t("chart.name", {
    period: format.shortPeriod(period), total: format.minutes(known.reduce((sum, one) => sum + one.seconds, 0)),
    day: format.shortDay(most.day), most: format.minutes(most.seconds),
  });
};

const picture = (context, usage, days, today) => {
  const { format } = context;
  const known = days.filter((one) => one.state !== "later");
  const scale = scaleOf(Math.max(...days.map((one) => one.minutes)));
  let at = known.reduce((best, one, place) => (one.seconds > known[best].seconds ? place : best), 0);
  const tip = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const bars = days.map((one) => {
    const drawn = h("div", { class: ["day", one.state, one.above && "above"].filter(Boolean).join(" ") }, h("div"));
    drawn.firstChild.style.blockSize = one.state === "later" ? "3px" : `${Math.max(one.seconds ? 1.5 : 0, (100 * one.minutes) / scale)}%`;
    return drawn;
  });
  const plot = h("div", {
    class: "plot", role: "slider", tabindex: "0", "data-key": "chart", "aria-label": nameOf(format, usage, known), "aria-readonly": "true", "aria-orientation": "horizontal",
    "aria-valuemin": 1, "aria-valuemax": known.length, title: null,
  }, [1, 0.5, 0].map((share) => h("div", { class: "grid-line", "data-share": share })), h("div", { class: "bars" }, bars), tip);
  for (const line of plot.querySelectorAll(".grid-line")) line.style.insetBlockEnd = `${Number(line.dataset.share) * 100}%`;
  const tell = (place, shown) => {
    at = Math.max(0, Math.min(known.length - 1, place));
    const one = known[at];
    plot.setAttribute("aria-valuenow", at + 1);
    plot.setAttribute("aria-valuetext", `${format.weekdayShort(one.day)}: ${words(format, one)}${one.above ? `, ${t("chart.above")}` : ""}`);
    bars.forEach((drawn, number) => drawn.classList.toggle("told", shown && number === at));
    tip.hidden = !shown;
    render(tip, h("strong", { class: "block" }, format.weekdayShort(one.day)), words(format, one));
    const share = (at + 0.5) / days.length;
    tip.style.insetInlineStart = `clamp(${Math.round(tip.offsetWidth / 2)}px, ${share * 100}%, calc(100% - ${Math.round(tip.offsetWidth / 2)}px))`;
    tip.style.insetBlockEnd = `calc(${(100 * one.minutes) / scale}% + 8px)`;
  };
  const keys = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, ArrowUp: () => at + 1, ArrowDown: () => at - 1, Home: () => 0, End: () => known.length - 1 };
  plot.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    tell(keys[event.key](), true);
  });
  plot.addEventListener("focus", () => tell(at, true));
  plot.addEventListener("blur", () => tell(at, false));
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    tell(Math.floor(((event.clientX - box.left) / box.width) * days.length), true);
  });
  plot.addEventListener("pointerleave", () => tell(at, plot === focused()));
  tell(at, false);
  const axis = h("div", { class: "axis-days", "aria-hidden": "true" }, days.map((one, place) => {
    const number = format.dayNumber(one.day);
    const shown = one.day === today ? h("strong", {}, t("chart.today")) : place === 0 ? format.shortDay(one.day)
      : (number % 5 === 0 || place === days.length - 1) && Math.abs(place - days.findIndex((other) => other.day === today)) > 2 && place > 2 ? number : null;
    return h("span", {}, shown && h("span", {}, shown));
  }));
  return h("div", { class: "chart" },
    h("div", { class: "axis-minutes note", "aria-hidden": "true" }, [scale, scale / 2, 0].map((figure) => h("span", {}, format.count(figure)))),
    plot, axis);
};

/** Whether the table is shown; it outlives a redraw. */
let asTable = false;

export const dayChart = (context, usage, today) => {
  const days = filled(usage, today);
  if (!days.length || !usage.days.length) return h("p", { class: "empty" }, t("chart.empty"));
  const { format } = context;
  const drawn = picture(context, usage, days, today);
  const listed = table(t("chart.heading"), [
    { name: t("chart.day"), cell: (row) => format.day(row.day) },
    { name: t("chart.calls"), class: "number", cell: (row) => format.count(row.calls) },
    { name: t("chart.minutes"), class: "number", cell: (row) => format.minutes(row.seconds) },
  ], days.filter((one) => one.state !== "later"));
  listed.classList.add("days-table");
  const toggle = button("quiet", "", () => {
    asTable = !asTable;
    show();
  }, { "data-key": "chart-table" });
  const show = () => {
    render(toggle, icon("table"), t(asTable ? "chart.picture" : "chart.table"));
    drawn.hidden = asTable;
    listed.classList.toggle("only-print", !asTable);
  };
  show();
  return h("div", { class: "days" }, h("div", { class: "row centred" }, h("h3", { class: "h3" }, t("chart.heading")), toggle), drawn, listed);
};
