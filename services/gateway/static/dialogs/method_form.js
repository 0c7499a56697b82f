/* Stripe's fields for a new payment method: used alone and inside Pay Now. Saves it through a SetupIntent. */
import { h, render } from "../dom.js";
import { here } from "../here.js";
import { language, t } from "../language.js";
import { button, notice } from "../parts.js";
import { appearance, stripeFor } from "../stripe.js";

/**
 * Shows the fields in `host`. `saved(methods)` is called with the answer once the method is kept; `cancel()` when
 * the person goes back. `setBusy(true)` while Stripe and the bank are asked. `why` is said above the fields.
 */
export const showMethodForm = async ({ context, host, saved, cancel, setBusy, why = null }) => {
  const problem = h("div", { "aria-live": "assertive" });
  const fields = h("div", { class: "stripe-fields" });
  // Stripe's frames cannot live in a shadow tree: there the light DOM fills a slot.
  const mount = here.fieldsHost ? here.fieldsHost(fields) : fields;
  const save = button("filled", t("do.save"), () => submit(), { "data-first": true, disabled: true });
  const back = button("edged", t("do.cancel"), cancel);
  render(host, why && h("p", {}, why), problem, fields,
    h("p", { class: "note" }, t("form.stripe")),
    h("div", { class: "dialog-actions" }, back, save));

  const tell = (detail) => {
    const shown = notice("bad", t("form.not_saved"), detail);
    render(problem, shown);
    shown.focus();
  };
  const work = (running) => {
    setBusy(running);
    save.disabled = running;
    back.disabled = running;
    save.textContent = t(running ? "do.saving" : "do.save");
  };

  /* Days pass until the deposit is there. Stripe sends the link by mail too, and tells us once it is verified. */
  const awaitDeposit = ({ arrival_date: arrives, hosted_verification_url: url }) => {
    const shown = notice("info", t("form.deposit"), t("form.deposit_how", { day: context.format.dayOf(arrives * 1000) }),
      h("p", {}, h("a", { href: url, target: "_blank", rel: "noopener" }, t("form.verify"))));
    render(host, shown, h("div", { class: "dialog-actions" }, button("edged", t("do.done"), cancel)));
    shown.focus();
  };

  let stripe;
  let elements;
  let intent;
  const submit = async () => {
    work(true);
    try {
      render(problem);
      const checked = await elements.submit();
      if (checked.error) throw checked.error;
      const result = await stripe.confirmSetup({ elements, clientSecret: intent.client_secret, confirmParams: { return_url: location.href }, redirect: "if_required" });
      if (result.error) throw result.error;
      const action = result.setupIntent.next_action;
      if (action && action.type === "verify_with_microdeposits") {
        work(false);
        awaitDeposit(action.verify_with_microdeposits);
        return;
      }
      const kept = await context.api.send("POST", "/billing/methods", { setup_intent: result.setupIntent.id });
      work(false);
      saved(kept, result.setupIntent);
    } catch (error) {
      work(false);
      tell(error.detail || error.message || t("form.again"));
    }
  };

  try {
    intent = await context.api.send("POST", "/billing/setup-intents");
    stripe = await stripeFor(context.store.get().session.stripe.js_url, intent);
    elements = stripe.elements({ clientSecret: intent.client_secret, appearance: appearance(), locale: language() });
    const element = elements.create("payment");
    element.on("ready", () => {
      save.disabled = false;
      element.focus();
    });
    element.mount(mount);
  } catch (error) {
    tell(error.detail || error.message);
  }
};
