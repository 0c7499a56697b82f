/* The Billing page: reads the address, asks the gateway, shows a view. */
import { Api, withQuery } from "./api.js";
import { dialogOpen, openDialog } from "./dialog.js";
import { addMethod } from "./dialogs/add_method.js";
import { deleteMethod, setAutoPay, setDefault } from "./dialogs/methods.js";
import { payNow } from "./dialogs/pay_now.js";
import { h, render } from "./dom.js";
import { makeFormat } from "./format.js";
import { notice, skeleton } from "./parts.js";
import { foot, top } from "./sections/frame.js";
import { listen } from "./live.js";
import { makeStore } from "./store.js";
import { forgetToken, takeToken, token } from "./token.js";
import * as calls from "./views/calls.js";
import { showRestricted, showSignIn } from "./views/closed.js";
import * as invoice from "./views/invoice.js";
import * as overview from "./views/overview.js";
import * as suspended from "./views/suspended.js";

const REFRESH_MS = 60_000;
const CHANGED_MS = 250;
const main = document.getElementById("main");
const store = makeStore({ session: null, overview: null });
let stopView = () => {};
let loading = null;

const api = new Api({ token, refused: (problem) => signIn(problem) });

const context = {
  api,
  store,
  format: makeFormat("en-US", "UTC"),
  dialogOpen,
  go: (address) => {
    history.pushState(null, "", address);
    show();
  },
  name: (words) => {
    const provider = store.get().session?.provider;
    document.title = provider ? `${words} · ${provider.name}` : words;
  },
  reload: () => (loading ||= load().finally(() => { loading = null; })),
  checkService: async () => {
    const session = await api.get("/session").catch(() => null);
    if (!session) return;
    keep({ session });
    if (session.service && session.service.suspended === false) await context.reload();
  },
  pay: (invoices, options) => payNow(context, invoices, options),
  addMethod: (options) => addMethod(context, options),
  setDefault: (method) => setDefault(context, method),
  deleteMethod: (method) => deleteMethod(context, method),
  setAutoPay: (enabled) => setAutoPay(context, enabled),
  moreInvoices: () => more("invoices"),
  morePayments: () => more("payments"),
  downloadInvoice: async (one) => {
    try {
      await api.download(`/billing/invoices/${encodeURIComponent(one.invoice_id)}/pdf`, `${one.number}.pdf`);
    } catch (problem) {
      context.failed("The PDF can't be downloaded right now.", problem);
    }
  },
  failed: (heading, problem) =>
    openDialog({ heading, build: () => notice("bad", null, problem.detail || problem.message) }),
};

/** Keeps what the server said and dresses the page in the provider's colours and the tenant's locale. */
const keep = (patch) => {
  const { session } = patch;
  if (session) {
    context.format = makeFormat(session.locale, session.time_zone);
    dress(session.provider);
  }
  store.set(patch);
  if (session) frame();
};

const dress = (provider) => {
  if (!provider) return;
  const { style } = document.documentElement;
  for (const [theme, colours] of Object.entries(provider.colours)) {
    for (const [name, colour] of Object.entries(colours)) style.setProperty(`--brand-${name.replace("_", "-")}-${theme}`, colour);
  }
};

const frame = () => {
  const { session } = store.get();
  render(document.getElementById("top"), top(context, session));
  render(document.getElementById("foot"), foot(context, session));
};

const load = async () => {
  try {
    const found = await api.get("/billing/overview");
    const before = store.get().overview;
    keep({ overview: withMore(before, found), session: found.session });
  } catch (problem) {
    if (problem.status === 401) return;
    const sections = Object.fromEntries(
      ["balance", "subscription", "usage", "methods", "invoices", "payments", "standing"].map((name) => [name, { error: { title: "Billing can't be loaded right now.", detail: problem.detail || problem.message } }]),
    );
    // Figures that were shown stay; a page that never had any says why.
    if (!store.get().overview) store.set({ overview: { session: store.get().session || {}, ...sections } });
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
  const { overview: shown } = store.get();
  try {
    const page = await api.get(withQuery(`/billing/${name}`, { cursor: shown[name].next }));
    const rows = [...shown[name][name], ...page[name]];
    store.set({ overview: { ...store.get().overview, [name]: { [name]: rows, next: page.next } } });
  } catch (problem) {
    context.failed("No more can be loaded right now.", problem);
  }
};

const signIn = (problem) => {
  stopView();
  stopView = () => {};
  forgetToken();
  showSignIn(main, problem);
};

const VIEWS = [
  [/^\/billing(?:\/overview)?\/?$/, overview],
  [/^\/billing\/invoices\/(?<id>[0-9a-fA-F-]{36})\/?$/, invoice],
  [/^\/billing\/calls\/?$/, calls],
  [/^\/billing\/suspended\/?$/, suspended],
];

const show = () => {
  stopView();
  stopView = () => {};
  const { session } = store.get();
  // The suspension page is for those who are suspended; one that was open when service came back says so itself.
  if (session?.may_see_billing && !session.service?.suspended && /^\/billing\/suspended\/?$/.test(location.pathname)) {
    history.replaceState(null, "", "/billing");
  }
  frame();
  main.removeAttribute("data-view");
  if (session && !session.may_see_billing) {
    context.name("Billing");
    showRestricted(main, session);
    return;
  }
  for (const [pattern, view] of VIEWS) {
    const found = pattern.exec(location.pathname);
    if (found) {
      context.name(view.title());
      scrollTo(0, 0);
      stopView = view.show(context, main, found.groups || {}) || (() => {});
      return;
    }
  }
  render(main, h("h1", {}, "Not found"), h("p", {}, "There is no such page. ", h("a", { href: "/billing" }, "Open Billing"), "."));
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
  }, CHANGED_MS);
};

const start = async () => {
  takeToken();
  addEventListener("popstate", show);
  frame();
  if (!token()) {
    signIn(null);
    return;
  }
  render(main, h("h1", { class: "unseen" }, "Billing"), skeleton("page", "Billing", 6));
  context.ready = api.get("/session").then((session) => keep({ session }));
  try {
    await context.ready;
  } catch (problem) {
    if (problem.status !== 401) render(main, h("h1", {}, "Billing"), notice("warn", "Billing can't be loaded right now.", problem.detail));
    return;
  }
  const { session } = store.get();
  // A suspended admin lands on the suspension page; /billing/overview is the way past it.
  if (session.may_see_billing && session.service?.suspended && /^\/billing\/?$/.test(location.pathname)) {
    history.replaceState(null, "", "/billing/suspended");
  }
  show();
  setInterval(refresh, REFRESH_MS);
  if (session.may_see_billing) listen(api, soon);
};

start();
