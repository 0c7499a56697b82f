/* The suspension page of a tenant's admin: what happened, what works, what to pay to restore service (R59, R60). */
import { h, heading, link, render } from "../dom.js";
import { icon } from "../icons.js";
import { t, w } from "../language.js";
import { badge, button, card, missing, money, notice, skeleton } from "../parts.js";
import { contactButtons } from "../sections/frame.js";
import { nextStep, notForMoney, pauses } from "../sections/ladder.js";
import { status } from "../statuses.js";

const CHECK_MS = 2500;

export const title = () => t("suspended.title");

const sum = (invoices) => ({
  minor: invoices.reduce((total, invoice) => total + invoice.balance.minor, 0),
  currency: invoices[0].balance.currency,
});

const why = (context, overdue, standing) => {
  const { format } = context;
  const other = notForMoney(standing);
  if (other) return h("p", { class: "lead" }, other);
  if (!overdue.length) return h("p", { class: "lead" }, t("suspended.by_hand"));
  const [first] = overdue;
  const day = format.day(first.due_on);
  const amount = h("strong", {}, money(format, sum(overdue)));
  return h("p", { class: "lead" }, overdue.length === 1
    ? w("suspended.one", { number: link(context.go, `/billing/invoices/${first.invoice_id}`, {}, first.number), day, amount })
    : w("suspended.many", { n: overdue.length, day, amount }));
};

const step = (when, words, kind) => h("li", { class: kind }, h("strong", { class: "block" }, when), h("span", { class: "note block" }, words));

const happened = (context, session, standing, overdue) => {
  const { format } = context;
  const steps = standing.error ? [] : standing.steps;
  const reminders = steps.filter((one) => one.kind === "reminder" && one.state === "done" && one.on);
  const barred = steps.find((one) => one.kind.endsWith("_barred") && one.state === "done");
  return card("happened", t("suspended.happened"), badge(status("service", "Suspended")),
    h("ol", { class: "steps" },
      overdue.length > 0 && step(format.day(overdue[0].due_on), t("suspended.was_due")),
      reminders.length > 0 && step(format.day(reminders.at(-1).on), t("suspended.reminder", { n: reminders.length })),
      session.service.since && step(format.dayOf(session.service.since), barred ? t("suspended.after", { n: barred.day }) : t("suspended.now"), "now"),
      step(t("suspended.when_paid"), t("suspended.comes_back"), "next")));
};

const INCOMING = {
  allow: ["works.in_allow", "works.incoming"],
  announce: ["works.in_announce", "works.callers"],
  reject: ["works.in_reject", "works.incoming"],
};

export const works = (session) => {
  const { service, provider } = session;
  const line = (good, key, what) =>
    h("li", {}, h("span", { class: good ? "good-text" : "bad-text" }, icon(good ? "check" : "cross")), h("span", {}, w(key, what)));
  const [incoming, who] = INCOMING[service.inbound] || ["works.in_unknown", "works.incoming"];
  return card("works", t("suspended.works"), null,
    h("ul", { class: "plain-list works-list" },
      line(false, "works.out", { what: h("strong", {}, t("works.outgoing")) }),
      line(service.inbound === "allow", incoming, { what: h("strong", {}, t(who)) }),
      line(true, "works.emergency", { what: h("strong", {}, t("works.emergency_calls")) }),
      provider && line(true, "works.provider", { provider: h("strong", {}, provider.name) })));
};

/** `optional`: ids of the invoices that the person added; it outlives a redraw. */
const payCard = (context, balance, optional) => {
  if (balance.error) return missing("restore", t("suspended.restore"), context.reload);
  const overdue = balance.invoices.filter((invoice) => invoice.overdue);
  if (!overdue.length) return null;
  const { format } = context;
  const isChosen = (invoice) => invoice.overdue || optional.has(invoice.invoice_id);
  const pay = button("filled", "", () => context.pay(balance.invoices.filter(isChosen), { restores: true }), { "data-key": "restore" });
  const update = () => {
    pay.textContent = t("suspended.pay", { amount: format.money(sum(balance.invoices.filter(isChosen))) });
  };
  const row = (invoice) => {
    const change = () => {
      if (box.checked) optional.add(invoice.invoice_id);
      else optional.delete(invoice.invoice_id);
      update();
    };
    const box = h("input", { type: "checkbox", "data-key": `choose-${invoice.invoice_id}`, set: { checked: isChosen(invoice), disabled: invoice.overdue }, on: { change } });
    return h("li", {}, h("label", {}, box,
      h("span", { class: "grow" }, h("span", { class: "named" }, invoice.number, badge(status("invoice", invoice.overdue ? "Overdue" : invoice.paid.minor ? "Partially Paid" : "Sent"))),
        h("span", { class: "note block" }, t(invoice.overdue ? "suspended.needed" : "suspended.optional", { day: format.day(invoice.due_on) }))),
      money(format, invoice.balance)));
  };
  update();
  return card("restore listed", t("suspended.restore"), h("p", { class: "note" }, t("suspended.partial")),
    h("ul", { class: "plain-list choose" }, balance.invoices.map(row)), h("div", { class: "restore-pay" }, pay));
};

const contact = (provider) =>
  provider && card("contact", t("suspended.more_time"), null,
    h("p", { class: "second" }, t("suspended.plan", { provider: provider.name })), h("div", { class: "contact-ways" }, contactButtons(provider)));

const openBilling = (context, address) =>
  h("p", {}, w("suspended.open_billing", { billing: link(context.go, address, {}, t("page.open_billing")) }));

const restored = (context) => [
  heading(1, {}, t("suspended.again")),
  notice("good", t("suspended.restored"), t("suspended.as_before")),
  openBilling(context, "/billing"),
];

/** Shows the page and looks every few seconds whether service is back. */
export const show = (context, host) => {
  const optional = new Set();
  const draw = () => {
    const { overview, session } = context.store.get();
    if (!overview || !session) return render(host, skeleton("suspended", t("suspended.your_service"), 6));
    if (session.service.suspended === false) {
      context.name(t("suspended.restored_title"));
      return render(host, restored(context));
    }
    const overdue = overview.balance.error ? [] : overview.balance.invoices.filter((invoice) => invoice.overdue);
    return render(host,
      h("div", { class: "suspended-head" }, h("span", { class: "sign" }, icon("pause")),
        h("div", {}, heading(1, {}, t("suspended.title")), why(context, overdue, overview.standing),
          pauses(context, overview.standing), nextStep(context, overview.standing))),
      h("div", { class: "columns wide-first" },
        h("div", {}, happened(context, session, overview.standing, overdue), notForMoney(overview.standing) ? null : payCard(context, overview.balance, optional)),
        h("div", {}, works(session), contact(session.provider))),
      openBilling(context, "/billing/overview"));
  };
  draw();
  const stop = context.store.subscribe(draw);
  context.reload();
  const timer = setInterval(() => {
    const { session } = context.store.get();
    // A dialog would lose the focus to the new page beneath it.
    if (session && session.service.suspended && !context.dialogOpen()) context.checkService();
  }, CHECK_MS);
  return () => {
    stop();
    clearInterval(timer);
  };
};
