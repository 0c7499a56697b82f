/* What holds a suspension up and why, and which step comes next: sentences about a tenant's standing (R46, R48). */
import { h } from "../dom.js";

/* While service runs; `until` is a local day. */
const PAUSED = {
  debit: () => "A payment from your bank is on its way, so nothing is stopped meanwhile.",
  dispute: () => "A payment is in dispute at your bank, so nothing is stopped until it is decided.",
  plan: () => "You have a payment plan: service goes on while each instalment is paid on its day.",
  promise: (until) => `You promised to pay by ${until}: service goes on until then.`,
  hold: (until) => `Your provider keeps your service going${until ? ` until ${until}` : ""}.`,
  unsuspend: (until) => `Your provider gave your service back${until ? ` until ${until}` : ""}.`,
};

/* While it is suspended: these two lift nothing by themselves. */
const UNDER_WAY = {
  debit: () => "A payment from your bank is on its way. Service comes back when it has arrived.",
  dispute: () => "A payment is in dispute at your bank. Service comes back when it is decided for you, or when all is paid.",
};

const NEXT = {
  reminder: (day) => `Next: a reminder on ${day}.`,
  outbound_barred: (day) => `Next: outgoing calls stop on ${day}.`,
  both_barred: (day) => `Next: calls stop in both directions on ${day}.`,
};

/** Why nothing happens for now: one sentence for each kind of pause. */
export const pauses = (context, standing) => {
  if (standing.error) return [];
  const { format } = context;
  const words = standing.suspended ? UNDER_WAY : PAUSED;
  const kinds = new Map((standing.pauses || []).map((pause) => [pause.kind, pause]));
  return [...kinds.values()]
    .filter((pause) => words[pause.kind])
    .map((pause) => h("p", { class: "note", "data-pause": pause.kind }, words[pause.kind](pause.until && format.dayOf(pause.until))));
};

/** The step that comes next and its day; null when nothing is planned. */
export const nextStep = (context, standing) => {
  if (standing.error) return null;
  const next = (standing.steps || []).find((one) => one.state === "coming" && one.on && NEXT[one.kind]);
  return next ? h("p", { class: "note", "data-next": next.kind }, NEXT[next.kind](context.format.day(next.on))) : null;
};

/** What bars a tenant where paying does not help; null where it does. */
export const notForMoney = (standing) => {
  if (standing.error) return null;
  if (standing.cause === "manual") return "Your provider has interrupted your service. Paying does not end that; ask them what to do.";
  if (standing.cause === "spend_limit") return "Usage has come to its limit, so calls that cost money are stopped. Ask your provider to raise the limit or to release it.";
  return null;
};
