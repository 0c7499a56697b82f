/* Components that several sections share: badge, button, card, definition rows, alert, table. */
import { h, heading, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./language.js";

export const badge = ([words, tone, picture]) =>
  h("span", { class: `badge ${tone}` }, picture && icon(picture), words);

/** `kind`: filled (one on a page), edged or quiet. */
export const button = (kind, words, press, properties = {}) =>
  h("button", { type: "button", class: `button ${kind}`, ...properties, on: { click: press } }, words);

export const money = (format, amount, properties = {}) =>
  h("span", { class: "money", ...properties }, format.money(amount));

/** A section of the page: a card with a heading, and what stands beside the heading. `name`: the section, then classes. */
export const card = (name, words, beside, ...content) => {
  const id = uniqueId("heading");
  return h(
    "section",
    { class: `card ${name}`, "aria-labelledby": id, "data-section": name.split(" ")[0] },
    h("div", { class: "card-head" }, heading(2, { id }, words), beside),
    ...content,
  );
};

/** Name and value pairs. */
export const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );

/** What happened, and what to do. `tone`: good, info, warn or bad. */
export const notice = (tone, title, detail, ...actions) =>
  h(
    "div",
    { class: `notice ${tone}`, role: tone === "bad" ? "alert" : null, tabindex: "-1" },
    icon(tone === "good" ? "check" : tone === "info" ? "clock" : "alert"),
    h("div", {}, title && h("p", { class: "notice-title" }, title), detail && h("p", {}, detail), actions),
  );

/** A section that cannot be shown; the others go on. */
export const missing = (name, words, retry) =>
  card(
    name,
    words,
    null,
    notice("warn", t(`error.${name}`), t("error.away"), button("edged", t("do.try_again"), retry, { "data-key": `retry-${name}` })),
  );

/** Grey lines where rows will stand. */
export const greyLines = (rows) => h("div", { class: "skeleton", "aria-hidden": "true" }, Array.from({ length: rows }, () => h("div")));

/** A section that is on its way: it keeps its room, and only shows after a moment. */
export const skeleton = (name, words, rows) =>
  card(
    name,
    words,
    null,
    greyLines(rows),
  );

/**
 * A table that turns into blocks on narrow screens. `columns`: {name, class, cell(row)}; the name is repeated
 * beside each value there.
 */
export const table = (caption, columns, rows) =>
  h(
    "table",
    { class: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: column.class }, column.unseen ? h("span", { class: "unseen" }, column.name) : column.name)))),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          {},
          columns.map((column, place) =>
            h(
              place ? "td" : "th",
              { scope: place ? null : "row", class: column.class, "data-name": column.name },
              column.cell(row),
            ),
          ),
        ),
      ),
    ),
  );
