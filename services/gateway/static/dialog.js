/*
 * A dialog above the page. Not showModal(): the bank's challenge frame is put at the body's end by Stripe.js and
 * would lie beneath it. The page is made inert instead, and focus may enter frames.
 */
import { h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

let open = null;

export const dialogOpen = () => open !== null;

/**
 * Opens a dialog. `build(close)` gives its content; `busy()` true keeps it open. Escape and the cross close it;
 * the focus goes back to what had it. `closed` is told at the end.
 */
export const openDialog = ({ heading, build, busy = () => false, closed = () => {} }) => {
  const page = document.getElementById("page");
  const host = document.getElementById("dialogs");
  const opener = document.activeElement;
  const openerKey = opener && opener.dataset ? opener.dataset.key : null;
  const id = uniqueId("dialog");

  const close = () => {
    if (busy() || open !== close) return;
    open = null;
    host.replaceChildren();
    page.inert = false;
    document.removeEventListener("keydown", onKey);
    document.documentElement.classList.remove("has-dialog");
    const back = opener && opener.isConnected ? opener : openerKey && document.querySelector(`[data-key="${CSS.escape(openerKey)}"]`);
    (back || document.getElementById("main")).focus();
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
    h("div", { class: "dialog-head" }, h("h2", { id }, heading),
      h("button", { type: "button", class: "button icon-only", "aria-label": "Close", on: { click: close } }, icon("close"))),
    content,
  );
  page.inert = true;
  document.documentElement.classList.add("has-dialog");
  document.addEventListener("keydown", onKey);
  host.replaceChildren(h("div", { class: "veil" }, box));
  content.append(build(close));
  (content.querySelector("[data-first]") || box).focus();
  return close;
};
