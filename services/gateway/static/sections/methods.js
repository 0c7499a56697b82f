/* Payment Methods: saved methods with their default, add and delete, and the auto-pay switch. */
import { h, uniqueId } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { badge, button, card, missing, skeleton } from "../parts.js";
import { expires, expiry, mark, methodName } from "../statuses.js";

const warning = (method, today) => {
  if (method.blocked) return null;
  const when = expires(method, today);
  return when && badge([t(when === "expired" ? "methods.expired" : "methods.expires_soon"), when === "expired" ? "bad" : "warn", "triangle"]);
};

const row = (context, method, today) =>
  h("li", { class: "method" },
    mark(method),
    h("div", { class: "grow" },
      h("p", { class: "named" }, h("span", {}, methodName(method)), method.is_default && badge([t("methods.default"), "plain", null]), warning(method, today)),
      h("p", { class: method.blocked ? "note bad-text" : "note" }, method.blocked ? t("methods.blocked") : expiry(method))),
    h("div", { class: "actions" },
      !method.is_default && !method.blocked && button("quiet", t("methods.set"), () => context.setDefault(method),
        { "data-key": `default-${method.method_id}`, "aria-label": t("methods.set_for", { method: methodName(method) }) }),
      button("quiet second", t("methods.delete"), () => context.deleteMethod(method),
        { "data-key": `delete-${method.method_id}`, "aria-label": t("methods.delete_for", { method: methodName(method) }) })));

/** What auto-pay will do next, or which open invoice was issued too early for it (R61). */
const whatNext = (context, overview, since) => {
  const { balance, invoices, subscription } = overview;
  const { format } = context;
  const day = since && format.localDay(since);
  const before = !balance.error && !invoices.error && since
    && invoices.invoices.find((one) => one.issued_on <= day && balance.invoices.some((open) => open.invoice_id === one.invoice_id));
  const words = before ? t("methods.since_after", { day: format.shortDay(day), number: before.number })
    : !subscription.error && subscription.next_invoice_on ? t("methods.next_payment", { day: format.day(subscription.next_invoice_on) }) : null;
  return words && h("p", { class: "note with-icon" }, icon("info"), h("span", {}, words));
};

const autoPay = (context, overview) => {
  const label = uniqueId("auto-pay");
  const { methods } = overview;
  const { enabled, since } = methods.auto_pay;
  const chosen = methods.methods.find((method) => method.is_default);
  const toggle = h("button", {
    type: "button", class: "switch", role: "switch", "aria-checked": String(enabled), "aria-labelledby": label,
    "data-key": "auto-pay", on: { click: () => context.setAutoPay(!enabled) },
  }, h("span", { "aria-hidden": "true" }));
  return h("div", { class: "auto-pay" },
    h("p", { class: "row centred" }, h("strong", { id: label }, t(enabled ? "methods.on" : "methods.off")), toggle),
    h("p", { class: "second" }, enabled && chosen ? t("methods.charged", { method: methodName(chosen) })
      : enabled ? t("methods.nothing_to_charge")
        : `${t("methods.by_hand")}${chosen ? ` ${t("methods.turn_on", { method: methodName(chosen) })}` : ""}`),
    enabled && chosen && whatNext(context, overview, since));
};

export const paymentMethods = (context, overview) => {
  if (!overview) return skeleton("methods", t("methods.heading"), 5);
  const { methods } = overview;
  if (methods.error) return missing("methods", t("methods.heading"), context.reload);
  const today = context.today(overview);
  return card(
    "methods listed",
    t("methods.heading"),
    button("edged", [icon("plus"), t("methods.add")], () => context.addMethod(), { "data-key": "add-method" }),
    h("div", { class: "methods-body" },
      methods.methods.length
        ? h("ul", { class: "plain-list methods-list" }, methods.methods.map((method) => row(context, method, today)))
        : h("p", { class: "empty" }, t("methods.empty")),
      autoPay(context, overview)),
  );
};
