/* The balance strip: what do I owe, by when? Four faces: due, overdue, on its way, nothing to pay. */
import { debit } from "../dialogs/payment_course.js";
import { h, link } from "../dom.js";
import { daysBetween } from "../format.js";
import { icon } from "../icons.js";
import { t, w } from "../language.js";
import { button, missing, money, notice, skeleton } from "../parts.js";
import { methodName } from "../statuses.js";
import { nextStep, pauses } from "./ladder.js";

const strip = (face, ...content) =>
  h("section", { class: `card strip ${face}`, "aria-label": t("balance.heading"), "data-section": "balance", "data-face": face }, content);

const invoiceLink = (context, invoice) =>
  link(context.go, `/billing/invoices/${invoice.invoice_id}`, {}, invoice.number);

const isFallen = (balance) => balance.face === "overdue";

const bar = (words, paid, total) => {
  const drawn = h("div", { class: "bar paid-bar", role: "img", "aria-label": words }, h("div"));
  drawn.firstChild.style.inlineSize = `${Math.round((100 * paid.minor) / total.minor)}%`;
  return drawn;
};

/** "November fee and October usage", by the invoice's periods in the list. */
const about = (format, row) => {
  if (!row) return null;
  const fee = row.fee_period && format.month(row.fee_period.start_date);
  const usage = row.usage_period && format.month(row.usage_period.start_date);
  return fee && usage ? t("balance.fee_and_usage", { fee, usage }) : usage ? t("balance.only_usage", { usage }) : fee ? t("balance.only_fee", { fee }) : null;
};

const single = (context, overview, invoice) => {
  const { format } = context;
  const rows = overview.invoices.invoices || [];
  const place = rows.findIndex((one) => one.invoice_id === invoice.invoice_id);
  const higher = place >= 0 && rows[place + 1] && rows[place].total.minor > rows[place + 1].total.minor;
  const words = t("balance.part_paid", { paid: format.money(invoice.paid), total: format.money(invoice.total) });
  return h("div", { class: "strip-middle" },
    h("p", { class: "row" }, h("span", {}, w("balance.invoice", { number: invoiceLink(context, invoice) })),
      invoice.paid.minor > 0 && h("span", { class: "second money" }, words)),
    invoice.paid.minor > 0 && bar(words, invoice.paid, invoice.total),
    h("p", { class: "row note" }, h("span", {}, about(format, rows[place])),
      higher && link(context.go, `/billing/invoices/${invoice.invoice_id}`, {}, t("balance.why"))));
};

const several = (context, balance) =>
  h("ul", { class: "strip-middle plain-list" },
    balance.invoices.map((invoice) =>
      h("li", { class: "row" }, h("span", {}, invoiceLink(context, invoice), " ",
        h("span", { class: invoice.overdue ? "note bad-text" : "note" },
          t(invoice.overdue ? "balance.row_was_due" : "balance.row_due", { day: context.format.day(invoice.due_on) }))),
      money(context.format, invoice.balance))));

const credit = (context, balance) =>
  balance.account_credit && balance.account_credit.minor > 0
    ? h("p", { class: "note" }, t("balance.credit", { amount: context.format.money(balance.account_credit) }))
    : null;

const until = (context, overview, day) => {
  const days = daysBetween(context.today(overview), day);
  if (days < 0 || days > 60) return null;
  return ` · ${days ? t("balance.days", { n: days }) : t("balance.today")}`;
};

const owed = (context, overview) => {
  const { format } = context;
  const { balance, standing } = overview;
  const stops = !standing.error && !standing.suspended && standing.suspends_on;
  const late = balance.invoices.find((invoice) => invoice.overdue);
  const fallen = isFallen(balance);
  return strip(
    balance.face,
    h("div", { class: "strip-figure" },
      h("p", {}, t(fallen ? "balance.overdue" : "balance.due")),
      h("p", { class: "figure" }, money(format, fallen ? balance.overdue : balance.balance)),
      fallen
        ? h("p", { class: "strip-when" }, icon("alert"), " ", t("balance.was_due", { day: format.day(late ? late.due_on : balance.due_on) }))
        : h("p", { class: "strip-when" }, w("balance.by", { day: h("strong", {}, format.weekday(balance.due_on)) }), until(context, overview, balance.due_on)),
      fallen && balance.balance.minor !== balance.overdue.minor
        && h("p", { class: "note" }, t("balance.in_all", { amount: format.money(balance.balance) })),
      fallen && stops && h("p", { class: "note" }, t("balance.stops", { day: format.day(stops) })),
      fallen && nextStep(context, standing),
      pauses(context, standing)),
    h("div", { class: "strip-about" },
      balance.invoices.length === 1 ? single(context, overview, balance.invoices[0]) : several(context, balance), credit(context, balance),
      balance.on_its_way.minor > 0 && h("p", { class: "note" }, t("balance.from_bank", { amount: format.money(balance.on_its_way) }))),
    h("div", { class: "strip-pay" },
      button("filled", t("do.pay_now"), () => context.pay(balance.invoices.filter((one) => !fallen || one.overdue)), { "data-key": "pay-balance" })),
  );
};

const onItsWay = (context, { balance, payments }) => {
  const running = (payments.payments || []).find((payment) => payment.status === "processing");
  return strip(
    "on_its_way",
    h("div", { class: "strip-figure" },
      h("p", { class: "info-text strong" }, icon("clock"), " ", t("balance.on_its_way")),
      h("p", { class: "figure" }, money(context.format, balance.on_its_way)),
      h("p", { class: "second" }, debit(context.format, running)),
      credit(context, balance)),
  );
};

const nothing = (context, { balance, invoices, payments }) => {
  const { format } = context;
  const paid = (invoices.invoices || []).find((invoice) => invoice.status === "Paid");
  const last = paid && (payments.payments || []).find(
    (payment) => payment.status === "succeeded" && payment.amount.minor > 0 && payment.invoices.some((one) => one.invoice_id === paid.invoice_id));
  return strip(
    "nothing",
    h("div", { class: "strip-figure" },
      h("p", {}, t("balance.due")),
      h("p", { class: "figure" }, money(format, balance.balance)),
      h("p", { class: "strip-when" }, t("balance.nothing"))),
    h("div", { class: "strip-about" },
      paid && h("div", { class: "with-icon" }, h("span", { class: "good-text" }, icon("check")),
        h("div", {}, h("p", {}, w("balance.is_paid", { number: invoiceLink(context, paid) })),
          last && h("p", { class: "note" }, t("balance.paid_from", { amount: format.money(last.amount), method: methodName(last.method), when: format.instant(last.at) })))),
      credit(context, balance)),
    last && h("div", { class: "strip-pay" }, button("edged", t("do.view_receipt"), () => context.downloadReceipt(last), { "data-key": "receipt" })),
  );
};

export const balanceStrip = (context, overview) => {
  if (!overview) return skeleton("balance", t("balance.heading"), 2);
  const { balance } = overview;
  if (balance.error) return missing("balance", t("balance.heading"), context.reload);
  if (balance.face === "nothing") return nothing(context, overview);
  if (balance.face === "on_its_way") return onItsWay(context, overview);
  return owed(context, overview);
};

/** Stands above everything while service is suspended, with the way to the suspension page. */
export const suspendedNotice = (context) =>
  notice("bad", t("suspended.notice"), t("suspended.pay_it"),
    link(context.go, "/billing/suspended", { class: "button edged" }, t("suspended.see")));
