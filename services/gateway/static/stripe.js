/* Stripe.js, loaded when it is first needed. Card details are typed into Stripe's own frames only. */
import { here } from "./here.js";
import { t } from "./language.js";

let loading = null;

const load = (address) => {
  loading ||= new Promise((resolve, reject) => {
    if (window.Stripe) return resolve();
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error(t("error.stripe")));
    };
    return document.head.append(script);
  });
  return loading;
};

/** Stripe for the account that holds the tenant's methods. */
export const stripeFor = async (jsAddress, { publishable_key: key, stripe_account: account }) => {
  await load(jsAddress);
  return window.Stripe(key, account ? { stripeAccount: account } : undefined);
};

/** Our tokens as colours: they are written for both themes, so a probe says which one holds here. */
const colours = (...names) => {
  const probe = document.createElement("span");
  here.dialogs.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
};

/** Stripe's fields in our colours. */
export const appearance = () => {
  const [colorPrimary, colorBackground, colorText, colorDanger] = colours("--link", "--card", "--text", "--bad");
  return {
    variables: {
      colorPrimary, colorBackground, colorText, colorDanger, fontFamily: "system-ui, sans-serif", fontSizeBase: "16px", borderRadius: "8px",
    },
  };
};
