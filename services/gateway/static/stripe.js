/* Stripe.js, loaded when it is first needed. Card details are typed into Stripe's own frames only. */

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
      reject(new Error("Stripe can't be reached right now. Check your connection and try again."));
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

/** Stripe's fields in our colours. */
export const appearance = () => {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    variables: {
      colorPrimary: token("--link"), colorBackground: token("--card"), colorText: token("--text"),
      colorDanger: token("--bad"), fontFamily: "system-ui, sans-serif", fontSizeBase: "16px", borderRadius: "8px",
    },
  };
};
