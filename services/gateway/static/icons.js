/* Small line drawings, hidden from screen readers: a word always stands beside them. */
import { s } from "./dom.js";

const PATHS = {
  check: ["circle", "M5.2 8.2 7.2 10.2 10.9 6.2"],
  cross: ["circle", "M6 6 10 10M10 6 6 10"],
  alert: ["circle", "M8 4.8V8.6M8 10.8V11"],
  pause: ["circle", "M6.6 5.8V10.2M9.4 5.8V10.2"],
  clock: ["circle", "M8 4.8V8L10.2 9.4"],
  ring: ["circle", ""],
  half: ["circle", "M8 2V14A6 6 0 0 1 8 2Z", "full"],
  back: ["", "M6.5 3.5 3.5 6.5 6.5 9.5M3.5 6.5H10A3 3 0 0 1 10 12.5H8"],
  download: ["", "M8 3V9.5M5.2 7 8 9.8 10.8 7M3 13H13"],
  plus: ["", "M8 3V13M3 8H13"],
  close: ["", "M4 4 12 12M12 4 4 12"],
  right: ["", "M6 3.5 10.5 8 6 12.5"],
  ask: ["", "M3 3.5H13V11H8L5 13.5V11H3Z"],
  left: ["", "M10 3.5 5.5 8 10 12.5"],
  inward: ["", "M11.5 4.5 4.5 11.5M4.5 6V11.5H10"],
  outward: ["", "M4.5 11.5 11.5 4.5M6 4.5H11.5V10"],
};

export const icon = (name) => {
  const [frame, path, inside] = PATHS[name] || PATHS.ring;
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    frame && s("circle", { cx: 8, cy: 8, r: 6 }),
    path && s("path", { d: path, class: inside }),
  );
};
