/* Functions of Stripe.js that the page calls; what the person "types" is taken for granted. */
window.Stripe = (key, options) => ({
  key,
  options,
  elements: () => ({
    submit: async () => ({}),
    create: () => {
      const handlers = {};
      return {
        on: (event, handler) => { handlers[event] = handler; },
        focus: () => {},
        mount: (host) => {
          const field = document.createElement("p");
          field.textContent = "Card fields of Stripe";
          host.append(field);
          setTimeout(() => handlers.ready?.());
        },
      };
    },
  }),
  confirmSetup: async () => ({ setupIntent: { id: "seti_stand_in" } }),
  handleNextAction: async () => {
    document.documentElement.dataset.challenged = "yes";
    return {};
  },
});
