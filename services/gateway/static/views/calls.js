/* Call History: who called whom, when, and the billed minutes. Never money for a call: a line is rounded once. */
import { withQuery } from "../api.js";
import { h, heading, link, render, uniqueId } from "../dom.js";
import { here } from "../here.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { button, greyLines, notice, table } from "../parts.js";
import { equation } from "../sections/equation.js";

const PAGE = 25;
const YEAR_MS = 365 * 86_400_000;
const DIRECTIONS = { inbound: ["calls.in", "inward"], outbound: ["calls.out", "outward"] };

export const title = () => t("calls.title");

const direction = (call) => {
  const [words, picture] = DIRECTIONS[call.direction] || [null, "ring"];
  return h("span", { class: "second" }, icon(picture), ` ${words ? t(words) : call.direction}`);
};

const whole = (text) => h("span", { class: "money" }, text);

/** An own extension is said where the call's own side is; the other side stays a number. */
const end = (call, side) => {
  const own = (side === "from") === (call.direction === "outbound");
  return own && call.extension && call.extension !== call[side] ? `${call.extension} (${call[side]})` : call[side];
};

/** What a person picked, by id; it outlives pages. */
const listed = (context, rows, picked, change) => {
  const { format } = context;
  const detailed = rows.some((call) => call.talk_ms);
  const when = (call) => (call.answered_at ? format.callTime(call.answered_at) : t("calls.not_answered"));
  const box = (call) => h("input", {
    type: "checkbox", "aria-label": t("calls.select", { when: when(call) }), "data-key": `call-${call.call_id}`, set: { checked: picked.has(call.call_id) },
    on: { change: (event) => { if (event.target.checked) picked.set(call.call_id, call); else picked.delete(call.call_id); change(); } },
  });
  const made = table(t("calls.caption"), [
    { name: t("calls.when"), class: "lead-cell whole", cell: (call) => h("span", { class: "pick" }, box(call), when(call)) },
    { name: t("calls.direction"), cell: direction },
    { name: t("calls.from"), cell: (call) => whole(end(call, "from")) },
    { name: t("calls.to"), cell: (call) => whole(end(call, "to")) },
    detailed && { name: t("calls.talk"), class: "number plain-number", cell: (call) => (call.answered_at ? format.length(call.talk_ms) : "–") },
    detailed && { name: t("calls.hold"), class: "number plain-number", cell: (call) => (call.hold_ms ? `\u2212${format.length(call.hold_ms)}` : "–") },
    { name: t("calls.billed"), class: "number amount-cell", cell: (call) => whole(t("usage.min", { n: format.minutes(call.billed_seconds) }).replace(" ", "\u00a0")) },
  ].filter(Boolean), rows);
  return made;
};

const field = (label, input, { unseen = false } = {}) => {
  const id = uniqueId("field");
  input.id = id;
  return h("div", { class: "field" }, h("label", { for: id, class: unseen ? "unseen" : null }, label), input);
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

const nextDay = (day, by) => (day ? new Date(Date.parse(`${day}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10) : "");

/** The gateway's address of the calls that make up one invoice line; null where the address names no line. */
const withLine = (given, cursor) => given.get("line") && withQuery("/billing/line-calls", {
  line: given.get("line"), revision: given.get("revision"), since: given.get("since"),
  start_date: given.get("from"), end_date: given.get("to"), cursor, limit: PAGE,
});

/** What is asked for, as the services' filters: instants, half-open. */
const wanted = (given, zone) => ({
  number: given.get("number"), direction: given.get("direction"),
  from: given.get("from") && midnight(given.get("from"), zone), to: given.get("to") && midnight(given.get("to"), zone),
});

const filters = (given, apply) => {
  const number = h("input", { type: "search", name: "number", maxlength: 40, value: given.get("number") || "", autocomplete: "off", placeholder: t("calls.search") });
  const first = h("input", { type: "date", name: "from", value: given.get("from") || "" });
  // The address is half-open; people give the last day.
  const last = h("input", { type: "date", name: "to", value: nextDay(given.get("to"), -1) });
  const way = h("select", { name: "direction" }, h("option", { value: "" }, t("calls.both")), h("option", { value: "inbound" }, t("calls.in")), h("option", { value: "outbound" }, t("calls.out")));
  way.value = given.get("direction") || "";
  const submit = (event) => {
    event.preventDefault();
    apply({ number: number.value.trim(), direction: way.value, from: first.value, to: nextDay(last.value, 1) });
  };
  return h("form", { class: "filters", role: "search", on: { submit } },
    field(t("calls.search"), number, { unseen: true }), field(t("calls.from_day"), first), field(t("calls.to_day"), last), field(t("calls.direction"), way, { unseen: true }),
    h("button", { class: "button edged", type: "submit" }, icon("search"), t("calls.go")));
};

const callWords = (format, call) =>
  `- ${call.answered_at ? format.instant(call.answered_at) : t("calls.not_answered")}, ${call.from} \u2192 ${call.to}, ${t("usage.min", { n: format.minutes(call.billed_seconds) })}`;

/** A mail to the provider about the picked calls; with the invoice's number and line where they belong to one. */
const letter = (context, provider, given, picked) => {
  const [number, line] = [given.get("number_of"), given.get("name")];
  const subject = line ? t("calls.subject_line", { number, line }) : t("calls.subject");
  const body = t("calls.letter", {
    line: line ? t("calls.letter_line", { number, line }) : "", calls: [...picked.values()].map((call) => callWords(context.format, call)).join("\n"),
  });
  return `mailto:${encodeURIComponent(provider.billing_email).replace("%40", "@")}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
};

const pickedBar = (context, given, picked, clear) => {
  const provider = context.store.get().session?.provider;
  if (!picked.size || !provider) return null;
  const seconds = [...picked.values()].reduce((sum, call) => sum + call.billed_seconds, 0);
  return h("div", { class: "picked", role: "status" },
    h("p", { class: "grow" }, h("strong", {}, t("calls.selected", { n: picked.size })), `, ${t("usage.min", { n: context.format.minutes(seconds) })}`),
    h("a", { class: "button filled", href: letter(context, provider, given, picked) }, icon("ask"), t("calls.ask", { provider: provider.name })),
    h("button", { type: "button", class: "button icon-only", "aria-label": t("calls.clear"), on: { click: clear } }, icon("close")));
};

const crumbs = (context, given) => h("p", { class: "crumb" },
  link(context.go, "/billing", {}, icon("left"), t("nav.billing")),
  given.get("line") && given.get("invoice") && [" / ", link(context.go, `/billing/invoices/${given.get("invoice")}`, {}, t("invoice.title", { number: given.get("number_of") }))],
  h("span", { class: "note" }, " / ", given.get("line") ? given.get("name") : t("calls.title")));

/** Shows the calls that the address's query asks for. */
export const show = (context, host) => {
  const given = new URLSearchParams(here.search());
  const list = h("div", { class: "calls-list" }, greyLines(8));
  const strip = h("div", { class: "when-filled" });
  const bar = h("div", { class: "when-filled" });
  const counted = h("p", { class: "note when-filled" });
  const picked = new Map();
  // Cursors of the pages before this one, so that Newer goes back.
  const trail = [];
  let going = true;
  let total = null;
  const apply = (chosen) => context.go(withQuery("/billing/calls", { ...Object.fromEntries(given), ...chosen }));
  const drawBar = () => render(bar, pickedBar(context, given, picked, () => { picked.clear(); host.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = false; }); drawBar(); }));
  const draw = (answer, cursor) => {
    const { calls, next } = answer;
    const first = trail.length * PAGE + 1;
    const range = { first, last: first + calls.length - 1 };
    render(list, calls.length ? listed(context, calls, picked, drawBar) : h("p", { class: "empty" }, t("calls.empty")),
      calls.length > 0 && h("div", { class: "list-foot" },
        h("p", { class: "note" }, total === null ? t("calls.range", range) : t("calls.range_of", { ...range, n: total })),
        h("div", { class: "actions" },
          h("button", { type: "button", class: "button edged small", "data-key": "newer", set: { disabled: !trail.length }, on: { click: () => load(trail.pop()) } }, t("calls.newer")),
          h("button", { type: "button", class: "button edged small", "data-key": "older", set: { disabled: !next }, on: { click: () => { trail.push(cursor); load(next); } } }, t("calls.older")))));
    if (answer.line) {
      total = answer.line.calls ?? null;
      render(strip, equation(context, answer));
    }
  };
  const load = async (cursor) => {
    try {
      await context.ready;
      const answer = await context.api.get(withLine(given, cursor) || withQuery("/billing/calls", { ...wanted(given, context.format.zone), cursor, limit: PAGE }));
      if (going) draw(answer, cursor);
    } catch {
      if (going) render(list, notice("warn", t("error.calls"), t("error.away_here"), button("edged", t("do.try_again"), () => load(cursor))));
    }
  };
  // How many there are is only asked where the search says from when to when: counting all is dear.
  const count = async () => {
    if (given.get("line") || !given.get("from") || !given.get("to")) return;
    await context.ready;
    const sums = await context.api.get(withQuery("/billing/calls/totals", wanted(given, context.format.zone))).catch(() => null);
    if (!sums || !going) return;
    total = sums.calls;
    render(counted, t("calls.found", { n: sums.calls, minutes: t("usage.min", { n: context.format.minutes(sums.billed_seconds) }) }));
  };
  const exportCsv = async () => {
    try {
      const asked = wanted(given, context.format.zone);
      // A file has a first day: a year back, where the search names none.
      asked.from ||= new Date(Date.now() - YEAR_MS).toISOString();
      await context.api.download(withQuery("/billing/calls/export", { format: "csv", ...asked }), "calls.csv");
    } catch (problem) {
      context.failed(t("error.export"), problem);
    }
  };
  const period = given.get("from") && given.get("to")
    ? context.format.period({ start_date: given.get("from"), end_date: given.get("to") }) : null;
  render(host, crumbs(context, given),
    h("div", { class: "heading" }, h("div", {}, heading(1, {}, t("calls.title")),
      given.get("line") ? h("p", { class: "second" }, t("calls.behind", { period })) : period && h("p", { class: "second" }, period)),
    h("div", { class: "actions" }, button("edged", [icon("download"), t("calls.export")], exportCsv, { "data-key": "export" }))),
    strip,
    h("p", { class: "note with-icon" }, icon("info"), h("span", {}, t("calls.rule"))),
    h("section", { class: "card calls listed", "aria-label": t("calls.section"), "data-section": "calls" },
      !given.get("line") && filters(given, apply), counted, bar, list));
  count().then(() => load(null));
  return () => { going = false; };
};
