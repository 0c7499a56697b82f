/* Call History: who called whom, when, and the billed minutes. Never money: a line is rounded once. */
import { withQuery } from "../api.js";
import { h, link, render, uniqueId } from "../dom.js";
import { icon } from "../icons.js";
import { button, notice, skeleton, table } from "../parts.js";

const PAGE = 50;
const DIRECTIONS = { inbound: ["In", "inward"], outbound: ["Out", "outward"] };

export const title = () => "Call History";

const direction = (call) => {
  const [words, picture] = DIRECTIONS[call.direction] || [call.direction, "ring"];
  return [icon(picture), ` ${words}`];
};

const calls = (context, rows) =>
  table("Calls, newest first", [
    { name: "Date and time", cell: (call) => (call.answered_at ? context.format.instant(call.answered_at) : "Not answered") },
    { name: "Direction", cell: direction },
    { name: "From", cell: (call) => h("span", { class: "money" }, call.from) },
    { name: "To", cell: (call) => h("span", { class: "money" }, call.to) },
    { name: "Billed", class: "number", cell: (call) => h("span", { class: "money" }, `${context.format.minutes(call.billed_seconds)}\u00a0min`) },
  ], rows);

const field = (label, input) => {
  const id = uniqueId("field");
  input.id = id;
  return h("div", { class: "field" }, h("label", { for: id }, label), input);
};

/** A local day's beginning in the tenant's zone, as an instant. */
const midnight = (day, zone) => {
  const guess = Date.parse(`${day}T00:00:00Z`);
  const shown = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const offset = (at) => {
    const part = Object.fromEntries(shown.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
    return Date.parse(`${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}Z`) - at;
  };
  const first = guess - offset(guess);
  return new Date(guess - offset(first)).toISOString();
};

/** The gateway's address of the calls that make up one invoice line; null where the address names no line. */
const withLine = (given, cursor) => given.get("line") && withQuery("/billing/line-calls", {
  line: given.get("line"), revision: given.get("revision"), since: given.get("since"),
  start_date: given.get("from"), end_date: given.get("to"), cursor, limit: PAGE,
});

const filters = (apply) => {
  const given = new URLSearchParams(location.search);
  const number = h("input", { type: "search", name: "number", maxlength: 64, value: given.get("number") || "", autocomplete: "off" });
  const way = h("select", { name: "direction" }, h("option", { value: "" }, "In and out"), h("option", { value: "inbound" }, "In"), h("option", { value: "outbound" }, "Out"));
  way.value = given.get("direction") || "";
  return h("form", { class: "filters", on: { submit: (event) => { event.preventDefault(); apply({ number: number.value.trim(), direction: way.value }); } } },
    field("Number or extension", number), field("Direction", way), h("button", { class: "button edged", type: "submit" }, "Search"));
};

/** Shows the calls that the address's query asks for. */
export const show = (context, host) => {
  const given = new URLSearchParams(location.search);
  const list = h("div", {}, skeleton("calls", "Calls", 8));
  const shown = [];
  let going = true;
  const apply = (chosen) => context.go(withQuery("/billing/calls", { ...Object.fromEntries(given), ...chosen }));
  const load = async (cursor) => {
    try {
      await context.ready;
      const { zone } = context.format;
      const answer = await context.api.get(withLine(given, cursor) || withQuery("/billing/calls", {
        number: given.get("number"), direction: given.get("direction"), cursor, limit: PAGE,
        from: given.get("from") && midnight(given.get("from"), zone), to: given.get("to") && midnight(given.get("to"), zone),
      }));
      if (!going) return;
      shown.push(...answer.calls);
      render(list, shown.length ? calls(context, shown) : h("p", { class: "empty" }, "No calls found. Change what you search for, or look at another period."),
        answer.next && h("p", { class: "more" }, button("quiet", "Older calls", () => load(answer.next), { "data-key": "older" })));
    } catch (problem) {
      if (going) render(list, notice("warn", "Calls can't be loaded right now.", problem.detail, button("edged", "Try Again", () => load(cursor))));
    }
  };
  const exportCsv = async () => {
    try {
      const { zone } = context.format;
      await context.api.download(withQuery("/billing/calls/export", {
        format: "csv", number: given.get("number"), direction: given.get("direction"),
        from: given.get("from") && midnight(given.get("from"), zone), to: given.get("to") && midnight(given.get("to"), zone),
      }), "calls.csv");
    } catch (problem) {
      context.failed("The calls can't be exported right now.", problem);
    }
  };
  const period = given.get("from") && given.get("to")
    ? context.format.period({ start_date: given.get("from"), end_date: given.get("to") }) : null;
  render(host,
    h("p", { class: "crumb" }, link(context.go, "/billing", {}, icon("left"), "Billing"), " / Call History"),
    h("div", { class: "heading" }, h("div", {}, h("h1", {}, "Call History"),
      given.get("line") ? h("p", { class: "note" }, `The calls behind one line of invoice ${given.get("invoice")}: ${given.get("name")}, ${period}`)
        : period && h("p", { class: "note" }, period)),
    !given.get("line") && h("div", { class: "actions" }, button("edged", [icon("download"), "Export CSV"], exportCsv, { "data-key": "export" }))),
    h("p", { class: "note" }, "Incoming and outgoing talk time is billed. Your own hold time is taken off, then each call is rounded up to the plan's step. Ringing and unanswered calls cost nothing."),
    h("section", { class: "card", "aria-label": "Calls", "data-section": "calls" }, !given.get("line") && filters(apply), list));
  load(null);
  return () => { going = false; };
};
