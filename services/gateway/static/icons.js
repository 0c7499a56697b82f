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
  bank: ["", "M2.5 6.5 8 3 13.5 6.5ZM4 8V11M6.7 8V11M9.3 8V11M12 8V11M2.5 13H13.5"],
  card: ["", "M2.5 4H13.5V12H2.5ZM2.5 6.8H13.5"],
  file: ["", "M4 2.5H9.5L12.5 5.5V13.5H4ZM9.5 2.5V5.5H12.5"],
  info: ["circle", "M8 7.4V11M8 5V5.2"],
  lock: ["", "M4 7H12V13H4ZM5.7 7V5.2A2.3 2.3 0 0 1 10.3 5.2V7"],
  mail: ["", "M2.5 4H13.5V12H2.5ZM2.5 4.5 8 8.8 13.5 4.5"],
  menu: ["", "M2.5 4.5H13.5M2.5 8H13.5M2.5 11.5H13.5"],
  phone: ["", "M4.2 2.8 6 3.2 6.8 5.6 5.4 6.8A8 8 0 0 0 9.2 10.6L10.4 9.2 12.8 10 13.2 11.8C13 12.9 12.1 13.3 11.2 13.2A9.6 9.6 0 0 1 2.8 4.8C2.7 3.9 3.2 3 4.2 2.8Z"],
  search: ["", "M7 3A4 4 0 1 1 7 11A4 4 0 1 1 7 3ZM10 10 13.5 13.5"],
  table: ["", "M2.5 3.5H13.5V12.5H2.5ZM2.5 6.5H13.5M2.5 9.5H13.5M6.5 6.5V12.5"],
  down: ["", "M4 6 8 10 12 6"],
  triangle: ["", "M8 2.8 14 13H2ZM8 6.5V9.5M8 11.2V11.4"],
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
