/* Set as Default, Delete with its warnings, and the auto-pay switch (R61, R62). */
import { withQuery } from "../api.js";
import { announce, h, uniqueId } from "../dom.js";
import { methodName } from "../words.js";
import { ask } from "./ask.js";

const path = (method) => `/billing/methods/${encodeURIComponent(method.method_id)}`;

export const setDefault = async (context, method) => {
  try {
    await context.api.send("POST", `${path(method)}/default`);
    await context.reload();
    announce(`${methodName(method)} is now the default.`);
  } catch (problem) {
    context.failed("The default was not changed.", problem);
  }
};

const warning = (method, others, autoPay) => {
  if (!others.length) {
    return autoPay
      ? "It is your only payment method, so auto-pay will be turned off. To keep auto-pay, add another first."
      : "It is your only payment method. You can add another at any time.";
  }
  return method.is_default ? "Choose which payment method becomes the default." : "It can no longer be used to pay here.";
};

export const deleteMethod = (context, method) => {
  const { methods, auto_pay: autoPay } = context.store.get().overview.methods;
  const others = methods.filter((one) => one.method_id !== method.method_id);
  const id = uniqueId("next");
  const choice = method.is_default && others.length
    ? h("select", { id }, others.map((one) => h("option", { value: one.method_id }, methodName(one)))) : null;
  ask({
    context,
    heading: `Delete ${methodName(method)}?`,
    detail: warning(method, others, autoPay.enabled),
    extra: choice && h("div", { class: "field" }, h("label", { for: id }, "Next default"), choice),
    confirm: "Delete",
    working: "Deleting…",
    act: () => context.api.send("DELETE", withQuery(path(method), { next_default: choice && choice.value })),
    done: `${methodName(method)} is deleted.`,
  });
};

const switchAutoPay = (context, enabled) => context.api.send("PUT", "/billing/auto-pay", { enabled });

export const setAutoPay = async (context, enabled) => {
  const { overview } = context.store.get();
  if (!enabled) {
    ask({
      context,
      heading: "Turn off auto-pay?",
      detail: "You will pay each invoice yourself by its due date.",
      confirm: "Turn Off",
      working: "Turning off…",
      act: () => switchAutoPay(context, false),
      done: "Auto-pay is off.",
    });
    return;
  }
  if (!overview.methods.methods.length) {
    context.addMethod({
      why: "Auto-pay needs a payment method to charge. Once you save one here, auto-pay is turned on.",
      then: () => turnOn(context),
    });
    return;
  }
  await turnOn(context);
};

const turnOn = async (context) => {
  try {
    await switchAutoPay(context, true);
    await context.reload();
    announce("Auto-pay is on.");
    // Auto-pay charges what is issued from now on; what is open is offered at once (R61).
    const { balance } = context.store.get().overview;
    if (!balance.error && balance.face !== "nothing" && balance.face !== "on_its_way") context.pay(balance.invoices);
  } catch (problem) {
    context.failed("Auto-pay was not changed.", problem);
  }
};
