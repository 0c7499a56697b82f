/* What stands around every view: the provider's name above, its contact and the time zone below. */
import { h, link } from "../dom.js";
import { here } from "../here.js";
import { icon } from "../icons.js";
import { t, w } from "../language.js";

const VIEWS = [["/billing", "nav.billing"], ["/billing/calls", "nav.calls"]];

const isHere = (address) =>
  address === "/billing" ? !here.path().startsWith("/billing/calls") : here.path().startsWith(address);

const initials = (name) => name.split(/\s+/).filter(Boolean).map((part) => part[0]).filter((_, place, all) => place === 0 || place === all.length - 1).join("").toUpperCase();

const mailto = (provider) => `mailto:${encodeURIComponent(provider.billing_email).replace("%40", "@")}`;

const logo = (provider) => (provider.logo
  ? h("img", { src: provider.logo, alt: "", width: 28, height: 28 })
  : h("span", { class: "logo", "aria-hidden": "true" }, provider.name[0]));

const nav = (context, session) => {
  const list = h("nav", { "aria-label": t("nav.main"), id: "nav" },
    VIEWS.map(([address, words]) => link(context.go, address, { "aria-current": isHere(address) ? "page" : null }, t(words))),
    session.provider && h("a", { href: mailto(session.provider) }, t("nav.support")));
  const menu = h("button", {
    type: "button", class: "button icon-only menu", "aria-label": t("nav.menu"), "aria-expanded": "false", "aria-controls": "nav", "data-key": "menu",
    on: { click: () => menu.setAttribute("aria-expanded", String(list.classList.toggle("is-open"))) },
  }, icon("menu"));
  return [menu, list];
};

/** A host that embeds the page has a top bar of its own. */
export const top = (context, session) => {
  if (here.embedded) return null;
  const provider = session && session.provider;
  return h("header", { class: "top" },
    h("div", { class: "width" },
      h("p", { class: "brand" }, provider && logo(provider), h("span", {}, provider ? provider.name : t("page.billing"))),
      session && session.may_see_billing && nav(context, session),
      session && session.tenant && h("p", { class: "whose" }, h("span", { class: "whose-name" }, session.tenant.name),
        session.name && h("span", { class: "initials", "aria-hidden": "true" }, initials(session.name)))));
};

const mail = (provider) => h("a", { href: mailto(provider) }, provider.billing_email);

const phone = (provider) => h("a", { href: `tel:${provider.support_phone.replace(/[^+\d]/g, "")}`, class: "money" }, provider.support_phone_shown);

export const contactLinks = (provider) => w("page.reach", { mail: mail(provider), phone: phone(provider) });

/** Phone and mail as two large controls. */
export const contactButtons = (provider) => [
  h("a", { class: "button edged wide", href: `tel:${provider.support_phone.replace(/[^+\d]/g, "")}` }, icon("phone"), provider.support_phone_shown),
  h("a", { class: "button edged wide", href: mailto(provider) }, icon("mail"), provider.billing_email),
];

export const foot = (context, session) => {
  const provider = session && session.provider;
  return h("footer", { class: "foot" },
    h("div", { class: "width" },
      provider && h("p", {}, h("strong", {}, t("page.questions")), " ", w("page.contact", { mail: mail(provider), phone: phone(provider) })),
      session && h("p", { class: "note" }, t("page.zone", { zone: context.format.zoneName() }))));
};
