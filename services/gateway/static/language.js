/* The page's words in the reader's language: one catalogue for each, loaded on demand, plurals by Intl. */

const CATALOGUES = {
  en: () => import("./words/en.js"),
  de: () => import("./words/de.js"),
  fr: () => import("./words/fr.js"),
  es: () => import("./words/es.js"),
};
export const LANGUAGES = Object.keys(CATALOGUES);

let words = {};
let plurals = new Intl.PluralRules("en");
let figures = new Intl.NumberFormat("en");
let spoken = "en";

/** The first of these locales that the page speaks; English where it speaks none. */
export const languageOf = (...locales) =>
  locales.map((locale) => String(locale || "").toLowerCase().split(/[-_]/)[0]).find((name) => CATALOGUES[name]) || "en";

/** Loads a language; figures inside of sentences follow the locale. */
export const speak = async (language, locale = language) => {
  const loaded = await CATALOGUES[language]();
  words = loaded.default;
  spoken = language;
  plurals = new Intl.PluralRules(language);
  figures = new Intl.NumberFormat(locale);
};

export const language = () => spoken;

/** Whether there are words for this key. */
export const has = (key) => key in words;

const sentence = (key, values) => {
  const found = words[key];
  if (found === undefined) return key;
  return typeof found === "string" ? found : found[plurals.select(values.n)] || found.other;
};

const HOLE = /\{(\w+)\}/;

/** A sentence as text and nodes: `values` may hold elements. */
export const w = (key, values = {}) =>
  sentence(key, values).split(HOLE).map((part, place) => {
    if (place % 2 === 0) return part;
    const value = values[part];
    return typeof value === "number" ? figures.format(value) : value;
  });

/** A sentence as plain text. */
export const t = (key, values = {}) => w(key, values).join("");
