/* Payment plans: instalments agreed with the provider, with dates and state, and the next one to pay. */
import { h } from "../dom.js";
import { t } from "../language.js";
import { badge, button, card, missing, money, table } from "../parts.js";
import { status } from "../statuses.js";

const state = (format, today, row) => {
  if (row.paid.minor >= row.amount.minor) return badge([t("plans.paid"), "good", "check"]);
  if (row.due_on < today) return badge([t("plans.late"), "bad", "alert"]);
  return [badge([t("plans.open"), "info", row.paid.minor ? "half" : "ring"]),
    row.paid.minor > 0 && h("span", { class: "note" }, " ", t("plans.part", { amount: format.money(row.paid) }))];
};

const numbers = (overview, plan) => {
  const known = new Map([...(overview.invoices.invoices || []), ...(overview.balance.invoices || [])].map((one) => [one.invoice_id, one.number]));
  return plan.invoice_ids.map((id) => known.get(id)).filter(Boolean).join(", ");
};

const planCard = (context, overview, plan) => {
  const { format } = context;
  const today = context.today(overview);
  const provider = overview.session.provider?.name || t("page.your_provider");
  const named = numbers(overview, plan);
  return card("plan", t("plans.heading"), badge(status("plans.state", plan.state)),
    named && h("p", { class: "second" }, t("plans.for", { invoices: named, amount: format.money(plan.remaining) })),
    h("p", { class: "note" }, plan.state === "broken" ? t("plans.broken", { provider }) : t("plans.keeps")),
    table(t("plans.caption"), [
      { name: t("plans.due"), cell: (row) => format.day(row.due_on) },
      { name: t("plans.amount"), class: "number", cell: (row) => money(format, row.amount) },
      { name: t("plans.status"), cell: (row) => state(format, today, row) },
    ], plan.instalments),
    plan.state === "agreed" && plan.next_amount && h("p", { class: "plan-pay" },
      button("edged brand", t("plans.pay", { amount: format.money(plan.next_amount) }), () => context.pay([], { plan }), { "data-key": `plan-${plan.payment_plan_id}` })));
};

/** The plans that still matter: those that run, and one that was broken while something of it is open. */
export const paymentPlans = (context, overview) => {
  const { plans } = context.store.get();
  if (!overview || !plans) return null;
  if (plans.error) return missing("plans", t("plans.heading"), context.loadPlans);
  return plans.filter((plan) => plan.state === "agreed" || (plan.state === "broken" && plan.remaining.minor > 0))
    .map((plan) => planCard(context, overview, plan));
};
