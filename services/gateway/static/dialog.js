/*
 * A dialog above the page. Not showModal(): the bank's challenge frame is put at the body's end by Stripe.js and
 * would lie beneath it. The page is made inert instead, and focus may enter frames.
 */
import { h, heading as headingOf, uniqueId } from "./dom.js";
import { byKey, focused, here } from "./here.js";
import { icon } from "./icons.js";
import { t } from "./language.js";

let open = null;

export const dialogOpen = () => open !== null;

/**
 * Opens a dialog. `build(close)` gives its content; `busy()` true keeps it open. Escape and the cross close it;
 * the focus goes back to what had it. `closed` is told at the end.
 */
export const openDialog = ({ heading, lead = null, build, busy = () => false, closed = () => {} }) => {
  const host = here.dialogs;
  const opener = focused();
  const openerKey = opener && opener.dataset ? opener.dataset.key : null;
  const id = uniqueId("dialog");
  let beneath = [];

  const close = () => {
    if (busy() || open !== close) return;
    open = null;
    host.replaceChildren();
    for (const one of beneath) one.inert = false;
    document.removeEventListener("keydown", onKey);
    document.documentElement.classList.remove("has-dialog");
    const back = opener && opener.isConnected ? opener : openerKey && byKey(openerKey);
    (back || here.main).focus();
    closed();
  };
  const onKey = (event) => {
    if (event.key === "Escape") close();
  };

  if (open) open();
  open = close;
  const content = h("div", { class: "dialog-body" });
  const box = h(
    "div",
    { class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": id, tabindex: "-1" },
    h("div", { class: "dialog-head" }, h("div", {}, headingOf(2, { id }, heading), lead && h("p", { class: "second" }, lead)),
      h("button", { type: "button", class: "button icon-only", "aria-label": t("do.close"), on: { click: close } }, icon("close"))),
    content,
  );
  beneath = here.beneath().filter((one) => one && !one.inert);
  for (const one of beneath) one.inert = true;
  document.documentElement.classList.add("has-dialog");
  document.addEventListener("keydown", onKey);
  host.replaceChildren(h("div", { class: "veil" }, box));
  content.append(build(close));
  (content.querySelector("[data-first]") || box).focus();
  return close;
};
