/* The Billing page: reads the address, asks the gateway, shows a view. Where it lives is told by here.js. */
import { Api, withQuery } from "./api.js";
import { dialogOpen, openDialog } from "./dialog.js";
import { h, heading, link, render } from "./dom.js";
import { makeFormat } from "./format.js";
import { here } from "./here.js";
import { language, languageOf, speak, t } from "./language.js";
import { notice, skeleton } from "./parts.js";
import { INVOICES_STEP, firstInvoices } from "./sections/invoices.js";
import { PAYMENTS_STEP, firstPayments } from "./sections/payments.js";
import { foot, top } from "./sections/frame.js";
import { listen } from "./live.js";
import { makeStore } from "./store.js";
import * as overview from "./views/overview.js";

const REFRESH_MS = 60_000;
const CHANGED_MS = 250;
const SECTIONS = ["balance", "subscription", "usage", "methods", "invoices", "payments", "standing"];
// What is only needed after a press; fetched once the page stands, so that a lost connection does not take it away.
const DIALOGS = {
  pay_now: () => import("./dialogs/pay_now.js"),
  add_method: () => import("./dialogs/add_method.js"),
  methods: () => import("./dialogs/methods.js"),
  continue_payment: () => import("./dialogs/continue_payment.js"),
};
const VIEWS = [
  [/^\/billing(?:\/overview)?\/?$/, async () => overview],
  [/^\/billing\/invoices\/(?<id>[0-9a-fA-F-]{36})\/?$/, () => import("./views/invoice.js")],
  [/^\/billing\/calls\/?$/, () => import("./views/calls.js")],
  [/^\/billing\/suspended\/?$/, () => import("./views/suspended.js")],
];

/** `token()` gives the bearer's token, null for none; `forget()` when it no longer holds; `wanted` a fixed language. */
export const startBilling = ({ token, forget, wanted = null }) => {
  const { main } = here;
  const store = makeStore({
    session: null, overview: null, plans: null, loadedAt: null, offline: false, invoiceList: firstInvoices(), paymentsShown: firstPayments,
  });
  const api = new Api({ token, refused: (problem) => signIn(problem) });
  let stopView = () => {};
  let loading = null;
  let shows = 0;

  const context = {
    api,
    store,
    format: makeFormat("en-US", "UTC"),
    dialogOpen,
    go: (address) => {
      here.move(address);
      show();
    },
    name: (words) => {
      const { provider } = store.get().session || {};
      here.name(provider ? `${words} · ${provider.name}` : words);
    },
    /** The tenant's local day: by the services' clock, which may be a test clock, else by ours. */
    today: (known) => {
      const at = known?.standing?.as_of || known?.usage?.as_of || Date.now();
      return context.format.localDay(at);
    },
    reload: () => (loading ||= load().finally(() => { loading = null; })),
    checkService: async () => {
      const session = await api.get("/session").catch(() => null);
      if (!session) return;
      await keep({ session });
      if (session.service && session.service.suspended === false) await context.reload();
    },
    loadPlans: async () => {
      const plans = await api.get("/billing/payment-plans").then((answer) => answer.payment_plans, (error) => ({ error }));
      store.set({ plans });
    },
    pay: (invoices, options) => withDialog("pay_now", (dialog) => dialog.payNow(context, invoices, options)),
    paid: (payment, amount) => {
      if (payment.status === "succeeded" || payment.status === "processing") here.told("paid", { payment_id: payment.payment_id, status: payment.status, amount });
      context.loadPlans();
    },
    addMethod: (options) => withDialog("add_method", (dialog) => dialog.addMethod(context, options)),
    setDefault: (method) => withDialog("methods", (dialog) => dialog.setDefault(context, method)),
    deleteMethod: (method) => withDialog("methods", (dialog) => dialog.deleteMethod(context, method)),
    setAutoPay: (enabled) => withDialog("methods", (dialog) => dialog.setAutoPay(context, enabled)),
    continuePayment: (payment) => withDialog("continue_payment", (dialog) => dialog.continuePayment(context, payment)),
    downloadInvoice: (one) => download(`/billing/invoices/${encodeURIComponent(one.invoice_id)}/pdf`, `${one.number}.pdf`, "error.pdf"),
    downloadElectronic: (one) => download(`/billing/invoices/${encodeURIComponent(one.invoice_id)}/documents/ubl`, `${one.number}.xml`, "error.xml"),
    downloadReceipt: (payment) => download(`/billing/payments/${encodeURIComponent(payment.payment_id)}/receipt`, `${payment.invoices[0]?.number || t("payments.receipt")}-${t("payments.receipt")}.pdf`, "error.receipt"),
    filterInvoices: async (filter) => {
      store.set({ invoiceList: { ...firstInvoices(), filter } });
      if (filter === "all") return;
      const only = await api.get(withQuery("/billing/invoices", { status: filter })).catch((error) => ({ error }));
      if (store.get().invoiceList.filter === filter) store.set({ invoiceList: { ...store.get().invoiceList, only } });
    },
    moreInvoices: () => {
      const { invoiceList: list, overview: known } = store.get();
      const shown = list.shown + INVOICES_STEP;
      store.set({ invoiceList: { ...list, shown } });
      const held = list.filter === "all" ? known.invoices : list.only;
      return held.next && held.invoices.length < shown ? more("invoices") : null;
    },
    morePayments: () => {
      const { paymentsShown, overview: known } = store.get();
      store.set({ paymentsShown: paymentsShown + PAYMENTS_STEP });
      return known.payments.next && known.payments.payments.length < paymentsShown + PAYMENTS_STEP ? more("payments") : null;
    },
    failed: (words, problem) =>
      openDialog({ heading: words, build: () => notice("bad", null, problem.status >= 500 ? t("error.away_here") : problem.detail || problem.message) }),
  };

  const withDialog = async (name, use) => {
    let dialog;
    try {
      dialog = await DIALOGS[name]();
    } catch {
      context.failed(t("page.billing"), { detail: t("error.no_connection") });
      return;
    }
    await use(dialog);
  };

  const download = async (path, name, failure) => {
    try {
      await api.download(path, name);
    } catch (problem) {
      context.failed(t(failure), problem);
    }
  };

  /** Keeps what the server said and dresses the page in the provider's colours and the tenant's language. */
  const keep = async (patch) => {
    const { session } = patch;
    if (session) {
      const tongue = wanted || languageOf(session.locale, ...navigator.languages);
      const locale = languageOf(session.locale) === tongue ? session.locale : tongue;
      if (tongue !== language() || context.format.locale !== locale) await speak(tongue, locale);
      here.dress.setAttribute("lang", tongue);
      context.format = makeFormat(locale, session.time_zone);
      dress(session.provider);
    }
    store.set(patch);
    if (session) frame();
  };

  const dress = (provider) => {
    if (!provider) return;
    for (const [theme, colours] of Object.entries(provider.colours)) {
      for (const [name, colour] of Object.entries(colours)) {
        for (const dressed of [here.dress, here.dialogDress].filter(Boolean)) dressed.style.setProperty(`--brand-${name.replace("_", "-")}-${theme}`, colour);
      }
    }
  };

  const frame = () => {
    const { session } = store.get();
    render(here.top, top(context, session));
    render(here.foot, foot(context, session));
  };

  const load = async () => {
    try {
      const found = await api.get("/billing/overview");
      await keep({ overview: withMore(store.get().overview, found), session: found.session, loadedAt: Date.now(), offline: false });
    } catch (problem) {
      if (problem.status === 401) return;
      const { overview: known, session } = store.get();
      // Figures that were shown stay; a page that never had any says why.
      if (known) store.set({ offline: problem.status === 0 || !navigator.onLine });
      else store.set({ overview: { session: session || {}, ...Object.fromEntries(SECTIONS.map((name) => [name, { error: problem }])) } });
    }
  };

  /** A refresh brings the first page of a list; rows that were already fetched behind it stay. */
  const withMore = (before, found) => {
    const kept = { ...found };
    for (const [name, id] of [["invoices", "invoice_id"], ["payments", "payment_id"]]) {
      const [old, fresh] = [before?.[name], found[name]];
      if (!old || old.error || fresh.error || old[name].length <= fresh[name].length) continue;
      const known = new Set(fresh[name].map((row) => row[id]));
      kept[name] = { ...old, [name]: [...fresh[name], ...old[name].filter((row) => !known.has(row[id]))] };
    }
    return kept;
  };

  const more = async (name) => {
    const { overview: shown, invoiceList: list } = store.get();
    const filtered = name === "invoices" && list.filter !== "all";
    const held = filtered ? list.only : shown[name];
    try {
      const page = await api.get(withQuery(`/billing/${name}`, { cursor: held.next, status: filtered ? list.filter : null }));
      const longer = { ...held, [name]: [...held[name], ...page[name]], next: page.next };
      if (filtered) store.set({ invoiceList: { ...store.get().invoiceList, only: longer } });
      else store.set({ overview: { ...store.get().overview, [name]: longer } });
    } catch (problem) {
      context.failed(t("error.more"), problem);
    }
  };

  const closed = (shown) => import("./views/closed.js").then(shown);

  const signIn = (problem) => {
    stopView();
    stopView = () => {};
    shows += 1;
    forget();
    closed((view) => view.showSignIn(main, problem));
  };

  const show = async () => {
    stopView();
    stopView = () => {};
    shows += 1;
    const mine = shows;
    const { session } = store.get();
    // The suspension page is for those who are suspended; one that was open when service came back says so itself.
    if (session?.may_see_billing && !session.service?.suspended && /^\/billing\/suspended\/?$/.test(here.path())) here.replace("/billing");
    frame();
    main.removeAttribute("data-view");
    if (session && !session.may_see_billing) {
      context.name(t("page.billing"));
      closed((view) => view.showRestricted(main, session));
      return;
    }
    for (const [pattern, find] of VIEWS) {
      const found = pattern.exec(here.path());
      if (!found) continue;
      const view = await find();
      if (mine !== shows) return;
      context.name(view.title());
      if (!here.embedded) scrollTo(0, 0);
      stopView = view.show(context, main, found.groups || {}) || (() => {});
      return;
    }
    render(main, heading(1, {}, t("page.not_found")), h("p", {}, t("page.no_such"), " ", link(context.go, "/billing", {}, t("page.open_billing")), "."));
  };

  /** Looks again, unless nobody looks or a dialog is open: what lies under it must not move. */
  const refresh = () => {
    if (document.visibilityState === "visible" && token() && store.get().session?.may_see_billing && !dialogOpen()) context.reload();
  };

  /** Several events of one payment arrive within moments: one look serves them all. */
  let waiting = null;
  const soon = () => {
    waiting ||= setTimeout(() => {
      waiting = null;
      refresh();
      if (store.get().plans && !dialogOpen()) context.loadPlans();
    }, CHANGED_MS);
  };

  const listenTo = () => {
    const timer = setInterval(refresh, REFRESH_MS);
    const gone = () => store.set({ offline: true });
    addEventListener("offline", gone);
    addEventListener("online", refresh);
    const stop = store.get().session.may_see_billing ? listen(api, soon) : () => {};
    return () => {
      clearInterval(timer);
      removeEventListener("offline", gone);
      removeEventListener("online", refresh);
      stop();
    };
  };

  let stopListening = () => {};
  const start = async () => {
    const tongue = wanted || languageOf(...navigator.languages);
    await speak(tongue);
    here.dress.setAttribute("lang", tongue);
    frame();
    if (!token()) {
      signIn(null);
      return;
    }
    render(main, heading(1, { class: "unseen" }, t("page.billing")), skeleton("page", t("page.billing"), 6));
    // The overview is what nearly everybody came for: it is asked for together with the session.
    const asked = /^\/billing(\/overview)?\/?$/.test(here.path()) ? context.reload() : null;
    context.ready = api.get("/session").then((session) => keep({ session }));
    try {
      await context.ready;
    } catch (problem) {
      if (problem.status !== 401) {
        await asked;
        render(main, heading(1, {}, t("page.billing")), notice("warn", t("error.billing"), problem.detail));
      }
      return;
    }
    const { session } = store.get();
    // A suspended admin lands on the suspension page; /billing/overview is the way past it.
    if (session.may_see_billing && session.service?.suspended && /^\/billing\/?$/.test(here.path())) here.replace("/billing/suspended");
    await show();
    stopListening = listenTo();
    const later = globalThis.requestIdleCallback || ((act) => setTimeout(act, 500));
    if (session.may_see_billing) later(() => Promise.all(Object.values(DIALOGS).map((find) => find())).catch(() => {}));
  };

  start();
  return {
    show,
    stop: () => {
      stopView();
      stopListening();
    },
  };
};
