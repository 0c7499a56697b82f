/*
 * Where the page lives: in a document of its own, or in a shadow root inside of a provider's portal. One place that
 * knows the difference; it is set once, before anything is shown.
 */

export const here = {
  /** What is searched for elements: the document, or the shadow root. */
  root: document,
  /** Where the dialog is put, and what must not be reached while it is open. */
  dialogs: null,
  dialogRoot: document,
  beneath: () => [document.getElementById("page")],
  /** Where Stripe's fields are mounted: a place in the dialog, or a slot that the light DOM fills. */
  fieldsHost: null,
  main: null,
  top: null,
  foot: null,
  announcer: null,
  embedded: false,
  headingLevel: 1,
  origin: "",
  path: () => location.pathname,
  search: () => location.search,
  href: (address) => address,
  move: (address) => history.pushState(null, "", address),
  replace: (address) => history.replaceState(null, "", address),
  name: (words) => { document.title = words; },
  dress: document.documentElement,
  told: () => {},
};

/** The element that has the focus, inside of a shadow root too. */
export const focused = () => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
};

/** The element with this key, in the page or in the dialog. */
export const byKey = (key) => here.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
