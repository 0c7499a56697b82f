/* The Billing page: balance strip, then the guide's sections in the guide's order. */
import { h, render } from "../dom.js";
import { balanceStrip, suspendedNotice } from "../sections/balance.js";
import { invoiceList } from "../sections/invoices.js";
import { paymentMethods } from "../sections/methods.js";
import { paymentHistory } from "../sections/payments.js";
import { subscriptionSummary } from "../sections/subscription.js";
import { usageThisPeriod } from "../sections/usage.js";

const SECTIONS = [balanceStrip, subscriptionSummary, usageThisPeriod, paymentMethods, invoiceList, paymentHistory];

export const title = () => "Billing";

/** Shows the overview in `host` and keeps it up with the store; gives back how to stop. */
export const show = (context, host) => {
  const draw = () => {
    const { overview, session } = context.store.get();
    const [strip, summary, usage, ...rest] = SECTIONS.map((section) => section(context, overview));
    const provider = session && session.provider;
    render(host,
      h("div", { class: "heading" }, h("div", {}, h("h1", {}, "Billing"),
        provider && h("p", { class: "note" }, `You are billed by ${provider.name}.`))),
      session && session.service && session.service.suspended && suspendedNotice(context),
      strip,
      h("div", { class: "columns" }, summary, usage),
      rest);
  };
  draw();
  const stop = context.store.subscribe(draw);
  context.reload();
  return stop;
};
