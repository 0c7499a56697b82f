/* The suspension page of a tenant's admin: what happened, what works, what to pay to restore service (R59, R60). */
import { h, link, render } from "../dom.js";
import { icon } from "../icons.js";
import { badge, button, card, missing, money, notice, skeleton } from "../parts.js";
import { contactLinks } from "../sections/frame.js";
import { nextStep, notForMoney, pauses } from "../sections/ladder.js";
import { INVOICE_STATUS, SERVICE_STATUS, status } from "../words.js";

const CHECK_MS = 2500;

export const title = () => "Your phone service is suspended";

const sum = (invoices) => ({
  minor: invoices.reduce((total, invoice) => total + invoice.balance.minor, 0),
  currency: invoices[0].balance.currency,
});

const why = (context, overdue, standing) => {
  const { format } = context;
  const other = notForMoney(standing);
  if (other) return h("p", { class: "lead" }, other);
  if (!overdue.length) return h("p", { class: "lead" }, "Your provider has interrupted your service. Nothing is overdue; ask them what to do.");
  const [first] = overdue;
  return h("p", { class: "lead" },
    overdue.length === 1
      ? ["Invoice ", link(context.go, `/billing/invoices/${first.invoice_id}`, {}, first.number), ` was due on ${format.day(first.due_on)} and has not been paid.`]
      : `${overdue.length} invoices have not been paid; the first was due on ${format.day(first.due_on)}.`,
    " Pay ", h("strong", {}, money(format, sum(overdue))), " to restore service; calls usually work again within minutes.");
};

const step = (when, words, kind) => h("li", { class: kind }, h("strong", {}, when), h("span", { class: "note block" }, words));

const happened = (context, session, standing, overdue) => {
  const { format } = context;
  const steps = standing.error ? [] : standing.steps;
  const reminders = steps.filter((one) => one.kind === "reminder" && one.state === "done" && one.on);
  const barred = steps.find((one) => one.kind.endsWith("_barred") && one.state === "done");
  return card("happened", "What happened", badge(SERVICE_STATUS.Suspended),
    h("ol", { class: "steps" },
      overdue.length > 0 && step(format.day(overdue[0].due_on), "Payment was due"),
      reminders.length > 0 && step(format.day(reminders.at(-1).on), reminders.length === 1 ? "Reminder" : `Last of ${reminders.length} reminders`),
      session.service.since && step(format.dayOf(session.service.since), barred ? `Suspended, ${barred.day} days past due` : "Suspended", "now"),
      step("When you pay", "Service comes back, usually within minutes", "next")));
};

export const works = (session) => {
  const { service, provider } = session;
  const line = (good, ...words) => h("li", {}, h("span", { class: good ? "good-text" : "bad-text" }, icon(good ? "check" : "cross")), h("span", {}, words));
  const incoming = {
    allow: line(true, h("strong", {}, "Incoming calls"), " still reach you."),
    announce: line(false, h("strong", {}, "Incoming callers"), " hear “service interrupted”."),
    reject: line(false, h("strong", {}, "Incoming calls"), " fail."),
  };
  return card("works", "What works right now", null,
    h("ul", { class: "plain-list works-list" },
      line(false, h("strong", {}, "Outgoing calls"), " are blocked."),
      incoming[service.inbound] || line(false, h("strong", {}, "Incoming calls"), " fail or hear “service interrupted”."),
      line(true, h("strong", {}, "Emergency calls"), " always go through."),
      provider && line(true, h("strong", {}, provider.name), " support and billing can be called.")));
};

/** `optional`: ids of the invoices that the person added; it outlives a redraw. */
const payCard = (context, balance, optional) => {
  if (balance.error) return missing("restore", "Pay to restore service", balance.error, context.reload);
  const overdue = balance.invoices.filter((invoice) => invoice.overdue);
  if (!overdue.length) return null;
  const { format } = context;
  const isChosen = (invoice) => invoice.overdue || optional.has(invoice.invoice_id);
  const pay = button("filled", "", () => context.pay(balance.invoices.filter(isChosen), { restores: true }), { "data-key": "restore" });
  const update = () => {
    pay.textContent = `Pay ${format.money(sum(balance.invoices.filter(isChosen)))} and restore service`;
  };
  const row = (invoice) => {
    const change = () => {
      if (box.checked) optional.add(invoice.invoice_id);
      else optional.delete(invoice.invoice_id);
      update();
    };
    const box = h("input", { type: "checkbox", "data-key": `choose-${invoice.invoice_id}`, set: { checked: isChosen(invoice), disabled: invoice.overdue }, on: { change } });
    return h("li", {}, h("label", {}, box,
      h("span", { class: "grow" }, h("strong", {}, invoice.number), " ", badge(status(INVOICE_STATUS, invoice.overdue ? "Overdue" : invoice.paid.minor ? "Partially Paid" : "Sent")),
        h("span", { class: "note block" }, `Due ${format.day(invoice.due_on)} · ${invoice.overdue ? "needed to restore service" : "optional"}`)),
      money(format, invoice.balance)));
  };
  update();
  return card("restore", "Pay to restore service", h("p", { class: "note" }, "A partial payment does not restore service."),
    h("ul", { class: "plain-list choose" }, balance.invoices.map(row)), h("p", { class: "sunken" }, pay));
};

const contact = (provider) =>
  provider && card("contact", "Need more time?", null,
    h("p", {}, `If you cannot pay it all now, ask ${provider.name} about a payment plan.`), h("p", {}, contactLinks(provider), "."));

const restored = (context) => [
  h("h1", {}, "Your phone service works again"),
  notice("good", "Service is restored.", "Calls go in and out as before. Thank you."),
  h("p", {}, link(context.go, "/billing", {}, "Open Billing"), " for usage, payment methods, invoices and payment history."),
];

/** Shows the page and looks every few seconds whether service is back. */
export const show = (context, host) => {
  const optional = new Set();
  const draw = () => {
    const { overview, session } = context.store.get();
    if (!overview || !session) return render(host, skeleton("suspended", "Your phone service", 6));
    if (session.service.suspended === false) {
      context.name("Service restored");
      return render(host, restored(context));
    }
    const overdue = overview.balance.error ? [] : overview.balance.invoices.filter((invoice) => invoice.overdue);
    return render(host,
      h("div", { class: "suspended-head" }, h("span", { class: "bad-text" }, icon("pause")),
        h("div", {}, h("h1", {}, "Your phone service is suspended"), why(context, overdue, overview.standing),
          pauses(context, overview.standing), nextStep(context, overview.standing))),
      h("div", { class: "columns wide-first" },
        h("div", {}, happened(context, session, overview.standing, overdue), notForMoney(overview.standing) ? null : payCard(context, overview.balance, optional)),
        h("div", {}, works(session), contact(session.provider))),
      h("p", {}, link(context.go, "/billing/overview", {}, "Open Billing"), " for usage, payment methods, invoices and payment history."));
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
