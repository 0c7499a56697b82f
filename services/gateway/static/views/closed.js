/* What is shown to those who may not see billing: no token, an expired one, or a tenant's user (R60). */
import { h, heading, render } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { card } from "../parts.js";
import { contactLinks } from "../sections/frame.js";
import { works } from "./suspended.js";

// What the server says about a token is for those who build portals; these are for the person who signed in.
const NO_TOKEN = ["closed.sign_in", "closed.portal"];
const EXPIRED = ["closed.expired", "closed.expired_how"];
const REFUSED = ["closed.again", "closed.again_how"];

/** No token, or one that does not hold. `problem` is null when there was none. */
export const showSignIn = (host, problem) => {
  const [words, lead] = !problem ? NO_TOKEN : problem.slug === "token-expired" ? EXPIRED : REFUSED;
  render(host, heading(1, {}, t(words)), h("p", { class: "lead" }, t(lead)));
};

/** A valid token that belongs to no tenant's admin. */
export const showRestricted = (host, session) => {
  const suspended = session.service && session.service.suspended;
  render(host,
    h("div", { class: "suspended-head" }, suspended && h("span", { class: "sign" }, icon("pause")),
      h("div", {},
        heading(1, {}, t(suspended ? "closed.interrupted" : "closed.admins")),
        h("p", { class: "lead" }, t(suspended ? "closed.interrupted_how" : session.tenant ? "closed.admins_how" : "closed.elsewhere")))),
    suspended && works(session),
    session.provider && card("contact", t("closed.whom"), null, h("p", {}, contactLinks(session.provider))));
};
