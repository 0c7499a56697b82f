/* What is shown to those who may not see billing: no token, an expired one, or a tenant's user (R60). */
import { h, render } from "../dom.js";
import { icon } from "../icons.js";
import { card } from "../parts.js";
import { contactLinks } from "../sections/frame.js";
import { works } from "./suspended.js";

// What the server says about a token is for those who build portals; these are for the person who signed in.
const NO_TOKEN = ["Please sign in", "Open Billing from your phone portal, where you are signed in."];
const EXPIRED = ["Your sign-in has expired", "For your safety a sign-in lasts for a limited time. Open Billing again from your phone portal."];
const REFUSED = ["Please sign in again", "This sign-in does not work here. Open Billing again from your phone portal; if that does not help, ask the person who looks after your company's phones."];

/** No token, or one that does not hold. `problem` is null when there was none. */
export const showSignIn = (host, problem) => {
  const [heading, lead] = !problem ? NO_TOKEN : problem.slug === "token-expired" ? EXPIRED : REFUSED;
  render(host, h("h1", {}, heading), h("p", { class: "lead" }, lead));
};

/** A valid token that belongs to no tenant's admin. */
export const showRestricted = (host, session) => {
  const suspended = session.service && session.service.suspended;
  render(host,
    h("div", { class: "suspended-head" }, suspended && h("span", { class: "bad-text" }, icon("pause")),
      h("div", {},
        h("h1", {}, suspended ? "Phone service is interrupted" : "Billing is for administrators"),
        h("p", { class: "lead" }, suspended
          ? "Calls do not work as usual right now. Please tell the person who looks after your company's phones."
          : session.tenant
            ? "Your sign-in does not include billing. Ask the person who looks after your company's phones."
            : "This page belongs to tenants. Your sign-in is for another part of Tollgate."))),
    suspended && works(session),
    session.provider && card("contact", "Whom to ask", null, h("p", {}, contactLinks(session.provider), ".")));
};
