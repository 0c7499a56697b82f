/* Payment Methods: saved methods with their default, add and delete, and the auto-pay switch. */
import { h, uniqueId } from "../dom.js";
import { icon } from "../icons.js";
import { badge, button, card, missing, skeleton } from "../parts.js";
import { expiry, methodName } from "../words.js";

const HEADING = "Payment Methods";

const row = (context, method) =>
  h("li", { class: "method" },
    h("div", {},
      h("p", {}, h("strong", {}, methodName(method)), " ", method.is_default && badge(["Default", "plain", null])),
      h("p", { class: "note" }, expiry(method))),
    h("div", { class: "actions" },
      !method.is_default && button("quiet", "Set as Default", () => context.setDefault(method),
        { "data-key": `default-${method.method_id}`, "aria-label": `Set ${methodName(method)} as Default` }),
      button("quiet second", "Delete", () => context.deleteMethod(method),
        { "data-key": `delete-${method.method_id}`, "aria-label": `Delete ${methodName(method)}` })));

const autoPay = (context, methods) => {
  const label = uniqueId("auto-pay");
  const { enabled, since } = methods.auto_pay;
  const chosen = methods.methods.find((method) => method.is_default);
  const toggle = h("button", {
    type: "button", class: "switch", role: "switch", "aria-checked": String(enabled), "aria-labelledby": label,
    "data-key": "auto-pay", on: { click: () => context.setAutoPay(!enabled) },
  }, h("span", { "aria-hidden": "true" }));
  return h("div", { class: "auto-pay" },
    h("p", { class: "row centred" }, h("strong", { id: label }, `Auto-pay is ${enabled ? "on" : "off"}`), toggle),
    h("p", {}, enabled && chosen ? `${methodName(chosen)} is charged on the day an invoice is issued.`
      : enabled ? "Auto-pay has no payment method to charge. Add one."
        : "You pay each invoice yourself by its due date."),
    enabled && since && h("p", { class: "note" }, `On since ${context.format.dayOf(since)}. Invoices issued before are paid with Pay Now.`));
};

export const paymentMethods = (context, overview) => {
  if (!overview) return skeleton("methods", HEADING, 4);
  const { methods } = overview;
  if (methods.error) return missing("methods", HEADING, methods.error, context.reload);
  return card(
    "methods",
    HEADING,
    button("edged", [icon("plus"), "Add Payment Method"], () => context.addMethod(), { "data-key": "add-method" }),
    h("div", { class: "methods-body" },
      methods.methods.length
        ? h("ul", { class: "plain-list methods-list" }, methods.methods.map((method) => row(context, method)))
        : h("p", { class: "empty" }, "No payment methods yet. Add one to pay here or to turn auto-pay on."),
      autoPay(context, methods)),
  );
};
