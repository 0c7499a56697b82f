/* What stands around every view: the provider's name above, its contact and the time zone below. */
import { h, link } from "../dom.js";

const VIEWS = [["/billing", "Billing"], ["/billing/calls", "Call History"]];

const isHere = (address) =>
  address === "/billing" ? !location.pathname.startsWith("/billing/calls") : location.pathname.startsWith(address);

export const top = (context, session) => {
  const provider = session && session.provider;
  return h("header", { class: "top" },
    h("div", { class: "width" },
      h("p", { class: "brand" },
        provider && provider.logo && h("img", { src: provider.logo, alt: "", width: 28, height: 28 }),
        h("span", {}, provider ? provider.name : "Billing")),
      session && session.may_see_billing &&
        h("nav", { "aria-label": "Main" },
          VIEWS.map(([address, words]) => link(context.go, address, { "aria-current": isHere(address) ? "page" : null }, words))),
      session && session.tenant && h("p", { class: "whose" }, session.tenant.name)));
};

export const contactLinks = (provider) => [
  "Write to ", h("a", { href: `mailto:${encodeURIComponent(provider.billing_email).replace("%40", "@")}` }, provider.billing_email),
  " or call ", h("a", { href: `tel:${provider.support_phone.replace(/[^+\d]/g, "")}`, class: "money" }, provider.support_phone_shown),
];

export const foot = (context, session) => {
  const provider = session && session.provider;
  return h("footer", { class: "foot" },
    h("div", { class: "width" },
      provider && h("p", {}, h("strong", {}, "Questions about a charge?"), " ", contactLinks(provider), ", with the invoice number at hand."),
      session && h("p", { class: "note" }, provider && `You are billed by ${provider.name}. `, `All times are ${context.format.zoneName()}.`)));
};
