/* An auto-payment that the bank wants confirmed goes on as the same payment, never as a second one. */
import { announce, h, render } from "../dom.js";
import { openDialog } from "../dialog.js";
import { t } from "../language.js";
import { button, notice } from "../parts.js";
import { declined } from "../statuses.js";
import { debit, settle } from "./payment_course.js";

const told = (context, payment) => {
  const { format } = context;
  if (payment.status === "succeeded") return ["good", t("pay.done", { amount: format.money(payment.amount) }), t("pay.receipt_coming")];
  if (payment.status === "processing") return ["info", t("pay.on_its_way"), debit(format, payment)];
  if (payment.status === "failed" || payment.status === "requires_action") return ["bad", null, declined({ reason: payment.reason || "authentication" }, payment.method)];
  return ["warn", null, t("pay.unknown")];
};

export const continuePayment = (context, payment) => {
  let busy = false;
  openDialog({
    heading: t("pay.pay_amount", { amount: context.format.money(payment.amount) }),
    busy: () => busy,
    build: (close) => {
      const host = h("div", {});
      const go = button("filled", t("payments.continue"), async () => {
        busy = true;
        go.disabled = true;
        go.textContent = t("pay.paying");
        let result;
        try {
          const begun = await context.api.send("POST", `/billing/payments/${encodeURIComponent(payment.payment_id)}/continue`);
          const ended = await settle(context, { ...begun, payment_id: begun.payment_id || payment.payment_id });
          await context.reload();
          context.paid(ended, payment.amount);
          result = told(context, ended);
        } catch (error) {
          result = ["warn", error.status ? null : t("pay.unsure"), error.status ? error.detail : t("pay.safe")];
        }
        busy = false;
        const shown = notice(...result);
        render(host, shown, h("div", { class: "dialog-actions" }, button("edged", t("do.done"), close)));
        shown.focus();
        announce(result.filter(Boolean).slice(1).join(" "));
      }, { "data-first": true });
      render(host, h("p", {}, t("pay.confirm")), h("div", { class: "dialog-actions" }, button("edged", t("do.cancel"), close), go));
      return host;
    },
  });
};
