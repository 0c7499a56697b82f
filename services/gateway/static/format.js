/*
 * Money, dates and figures in the tenant's locale and zone, by Intl. No floating point touches money: minor units
 * become decimal strings, which Intl formats exactly.
 */

const NO_BREAK = "\u00a0";
const DAY_MS = 86_400_000;

const parts = (formatter, value) =>
  formatter
    .formatToParts(value)
    .map((part) => (part.type === "minusSign" ? "\u2212" : part.value))
    .join("")
    .replaceAll(" ", NO_BREAK);

/** A local day (YYYY-MM-DD) as an instant that formats to the same day in UTC. */
const dayInstant = (day) => Date.parse(`${day}T00:00:00Z`);

/** Decimal places of a currency's minor unit (ISO 4217). */
export const places = (currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

/** Minor units as a decimal string: 17895 of USD is "178.95". */
export const decimal = ({ minor, currency }) => {
  const digits = places(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  return `${minor < 0 ? "-" : ""}${whole}${digits ? `.${text.slice(-digits)}` : ""}`;
};

/** How the locale writes a decimal point. */
const decimalMark = (locale) =>
  new Intl.NumberFormat(locale).formatToParts(1.1).find((part) => part.type === "decimal").value;

/**
 * What a person typed as minor units; null when it is no amount of this currency. Takes the locale's decimal mark
 * and, where it cannot be a thousands mark, the other one.
 */
export const parseAmount = (text, currency, locale) => {
  const digits = places(currency);
  const mark = decimalMark(locale);
  const other = mark === "," ? "." : ",";
  let plain = text.replace(/[\s\u00a0\u202f'’]/g, "");
  if (plain.includes(mark)) plain = plain.replaceAll(other, "").replace(mark, ".");
  else if (new RegExp(`^\\d+\\${other}\\d{1,2}$`).test(plain) && digits) plain = plain.replace(other, ".");
  else plain = plain.replaceAll(other, "");
  if (!/^\d+(\.\d*)?$/.test(plain)) return null;
  const [whole, fraction = ""] = plain.split(".");
  if (fraction.length > digits) return null;
  const minor = Number(whole + fraction.padEnd(digits, "0"));
  return Number.isSafeInteger(minor) ? minor : null;
};

/** Formatters of one locale and zone. Unknown ones fall back to en-US and UTC. */
export const makeFormat = (wantedLocale, wantedZone) => {
  const locale = known(() => Intl.getCanonicalLocales(wantedLocale)[0], "en-US");
  const zone = known(() => new Intl.DateTimeFormat("en", { timeZone: wantedZone }).resolvedOptions().timeZone, "UTC");
  const day = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
  const weekday = new Intl.DateTimeFormat(locale, {
    weekday: "long", year: "numeric", month: "short", day: "numeric", timeZone: "UTC",
  });
  const instant = new Intl.DateTimeFormat(locale, {
    year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone,
  });
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: zone });
  const month = new Intl.DateTimeFormat(locale, { month: "long", timeZone: "UTC" });
  const shortDay = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });
  const weekdayShort = new Intl.DateTimeFormat(locale, { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });
  const callTime = new Intl.DateTimeFormat(locale, { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone });
  const isoDay = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });
  const tenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const count = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
  const percent = new Intl.NumberFormat(locale, { style: "unit", unit: "percent", maximumFractionDigits: 6 });
  const currencies = new Map();
  const currency = (code, most) => {
    const key = `${code}/${most}`;
    if (!currencies.has(key)) {
      currencies.set(key, new Intl.NumberFormat(locale, {
        style: "currency", currency: code, minimumFractionDigits: places(code), maximumFractionDigits: Math.max(most, places(code)),
      }));
    }
    return currencies.get(key);
  };
  return {
    locale,
    zone,
    /** {minor, currency} as written in the locale. */
    /** The currency's sign as the locale writes it, and on which side of the figure it stands. */
    sign: (code) => {
      const found = currency(code, 0).formatToParts(1);
      const at = found.findIndex((part) => part.type === "currency");
      return { text: found[at].value, before: at < found.findIndex((part) => part.type === "integer") };
    },
    money: (amount) => parts(currency(amount.currency, 0), decimal(amount)),
    /** A unit price, a decimal string, with every digit that it has. */
    price: (text, code) => parts(currency(code, 6), text),
    /** An exact decimal in major units, rounded half up to the minor unit as a line is. */
    rounded: (text, code) => parts(currency(code, 0), text),
    day: (value) => day.format(dayInstant(value)),
    weekday: (value) => weekday.format(dayInstant(value)),
    instant: (value) => instant.format(new Date(value)),
    /** Month of a local day, in letters: "November". */
    month: (value) => month.format(dayInstant(value)),
    dayNumber: (value) => Number(value.slice(8)),
    shortDay: (value) => shortDay.format(dayInstant(value)),
    weekdayShort: (value) => weekdayShort.format(dayInstant(value)),
    callTime: (value) => callTime.format(new Date(value)),
    /** Milliseconds as minutes and seconds, "3:12". */
    length: (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`,
    /** YYYY-MM-DD of an instant in the tenant's zone. */
    localDay: (value) => isoDay.format(new Date(value)),
    /** The tenant's local day of an instant. */
    dayOf: (value) => new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric", timeZone: zone }).format(new Date(value)),
    time: (value) => time.format(new Date(value)),
    /** A half-open period; it ends on its last day. */
    period: ({ start_date: start, end_date: end }) => day.formatRange(dayInstant(start), dayInstant(end) - DAY_MS),
    shortPeriod: ({ start_date: start, end_date: end }) => shortDay.formatRange(dayInstant(start), dayInstant(end) - DAY_MS),
    /** Billed seconds as minutes with one decimal. */
    minutes: (seconds) => tenth.format(Math.round(seconds / 6) / 10),
    count: (value) => count.format(value),
    percent: (value) => parts(percent, value),
    /** The zone's name in words: "Eastern Time (New York)". */
    zoneName: () => {
      const name = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "longGeneric" })
        .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
      const city = zone.includes("/") ? zone.split("/").pop().replaceAll("_", " ") : "";
      return city && !name.includes(city) ? `${name} (${city})` : name;
    },
  };
};

/** Whole days from one local day to another. */
export const daysBetween = (from, to) => Math.round((dayInstant(to) - dayInstant(from)) / DAY_MS);

/** The local days of a half-open period. */
export const daysOf = ({ start_date: start, end_date: end }) =>
  Array.from({ length: daysBetween(start, end) }, (_, place) => new Date(dayInstant(start) + place * DAY_MS).toISOString().slice(0, 10));

const known = (find, otherwise) => {
  try {
    return find() || otherwise;
  } catch {
    return otherwise;
  }
};
