/* Set as Default, Delete with its warnings, and the auto-pay switch (R61, R62). */
import { withQuery } from "../api.js";
import { announce, h, uniqueId } from "../dom.js";
import { t } from "../language.js";
import { methodName } from "../statuses.js";
import { ask } from "./ask.js";

const path = (method) => `/billing/methods/${encodeURIComponent(method.method_id)}`;

export const setDefault = async (context, method) => {
  try {
    await context.api.send("POST", `${path(method)}/default`);
    await context.reload();
    announce(t("methods.is_default", { method: methodName(method) }));
  } catch (problem) {
    context.failed(t("error.default"), problem);
  }
};

const warning = (method, others, autoPay) => {
  if (!others.length) return t(autoPay ? "delete.only" : "delete.only_off");
  return t(method.is_default ? "delete.choose" : "delete.other");
};

export const deleteMethod = (context, method) => {
  const { methods, auto_pay: autoPay } = context.store.get().overview.methods;
  const others = methods.filter((one) => one.method_id !== method.method_id && !one.blocked);
  const id = uniqueId("next");
  const choice = method.is_default && others.length
    ? h("select", { id }, others.map((one) => h("option", { value: one.method_id }, methodName(one)))) : null;
  ask({
    context,
    heading: t("delete.ask", { method: methodName(method) }),
    detail: warning(method, others, autoPay.enabled),
    extra: choice && h("div", { class: "field" }, h("label", { for: id }, t("delete.next")), choice),
    confirm: t("methods.delete"),
    working: t("delete.working"),
    act: () => context.api.send("DELETE", withQuery(path(method), { next_default: choice && choice.value })),
    done: t("delete.done", { method: methodName(method) }),
  });
};

const switchAutoPay = (context, enabled) => context.api.send("PUT", "/billing/auto-pay", { enabled });

export const setAutoPay = async (context, enabled) => {
  const { overview } = context.store.get();
  if (!enabled) {
    ask({
      context,
      heading: t("auto.off_ask"),
      detail: t("auto.off_detail"),
      confirm: t("auto.off"),
      working: t("auto.off_working"),
      act: () => switchAutoPay(context, false),
      done: t("auto.off_done"),
    });
    return;
  }
  if (!overview.methods.methods.length) {
    context.addMethod({ why: t("auto.needs"), then: () => turnOn(context) });
    return;
  }
  await turnOn(context);
};

const turnOn = async (context) => {
  try {
    await switchAutoPay(context, true);
    await context.reload();
    announce(t("auto.on_done"));
    // Auto-pay charges what is issued from now on; what is open is offered at once (R61).
    const { balance } = context.store.get().overview;
    if (!balance.error && balance.face !== "nothing" && balance.face !== "on_its_way") context.pay(balance.invoices);
  } catch (problem) {
    context.failed(t("error.auto_pay"), problem);
  }
};
