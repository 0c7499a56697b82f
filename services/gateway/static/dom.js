/* Elements from plain calls. Strings always become text, so that markup in anybody's name stays text. */
import { focused, here } from "./here.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

const fill = (node, children) => {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
};

const dress = (node, properties) => {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name === "set") Object.assign(node, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return node;
};

/** An HTML element: attributes as given, `on` for listeners, `set` for properties; children are nodes or text. */
export const h = (tag, properties = {}, ...children) =>
  fill(dress(document.createElement(tag), properties), children);

/** An SVG element. */
export const s = (tag, properties = {}, ...children) =>
  fill(dress(document.createElementNS(NAMESPACE, tag), properties), children);

/** Replaces what a node holds, and keeps the focus on the element that carries the same `data-key`. */
export const render = (host, ...children) => {
  const key = host.contains(focused()) ? focused().dataset.key : null;
  host.replaceChildren();
  fill(host, children);
  if (key) host.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
};

/** A heading of the page's own order; inside of a portal it begins at the level that the host gives. */
export const heading = (level, properties, ...children) =>
  h(`h${Math.min(6, here.headingLevel + level - 1)}`, { ...properties, class: `h${level} ${properties.class || ""}`.trim() }, ...children);

/** A link within the page: ordinary for a new tab, without a reload for a plain click. */
export const link = (go, href, properties, ...children) =>
  h(
    "a",
    {
      href: here.href(href),
      ...properties,
      on: {
        click: (event) => {
          if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
          event.preventDefault();
          go(href);
        },
      },
    },
    ...children,
  );

let ids = 0;

/** An id that no other element of the page has. */
export const uniqueId = (word) => `${word}-${++ids}`;

/** Says something politely to screen readers. */
export const announce = (sentence) => {
  const host = here.announcer;
  host.textContent = "";
  // The change must be a new one, or a repeated sentence is not read again.
  setTimeout(() => (host.textContent = sentence), 50);
};
