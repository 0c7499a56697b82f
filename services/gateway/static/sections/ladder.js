/* What holds a suspension up and why, and which step comes next: sentences about a tenant's standing (R46, R48). */
import { h } from "../dom.js";
import { has, t } from "../language.js";

/* `until` is a local day. While service is suspended only what brings it back is said. */
const sentence = (pause, suspended, until) => {
  const key = `${suspended ? "under_way" : "pause"}.${pause.kind}`;
  if (until && has(`${key}_until`)) return t(`${key}_until`, { day: until });
  return has(key) ? t(key) : null;
};

/** Why nothing happens for now: one sentence for each kind of pause. */
export const pauses = (context, standing) => {
  if (standing.error) return [];
  const kinds = new Map((standing.pauses || []).map((pause) => [pause.kind, pause]));
  return [...kinds.values()].map((pause) => {
    const words = sentence(pause, standing.suspended, pause.until && context.format.dayOf(pause.until));
    return words && h("p", { class: "note", "data-pause": pause.kind }, words);
  });
};

/** The step that comes next and its day; null when nothing is planned. */
export const nextStep = (context, standing) => {
  if (standing.error) return null;
  const next = (standing.steps || []).find((one) => one.state === "coming" && one.on && has(`next.${one.kind}`));
  return next ? h("p", { class: "note", "data-next": next.kind }, t(`next.${next.kind}`, { day: context.format.day(next.on) })) : null;
};

/** What bars a tenant where paying does not help; null where it does. */
export const notForMoney = (standing) =>
  !standing.error && has(`barred.${standing.cause}`) ? t(`barred.${standing.cause}`) : null;
