/* Hears from the gateway what has changed, for as long as the page is open and visible. */

const AGAIN_MS = 1_000;
const AGAIN_MS_MAX = 30_000;

/** One server-sent event's fields out of its text. */
const parse = (text) => {
  const fields = { event: "message", data: "" };
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
  }
  return fields;
};

/** Reads the stream until it ends; `heard` gets each event. EventSource cannot send a token, so fetch does. */
const read = async (api, heard, signal) => {
  const answer = await api.stream("/billing/events", signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
    rest = parts.pop();
    for (const part of parts) heard(parse(part));
  }
};

/** Calls `changed` with the sections that show something else now; all of them (null) after a gap. Gives back how to stop. */
export const listen = (api, changed) => {
  let stopped = false;
  let wait = AGAIN_MS;
  let current = null;
  const run = async () => {
    let first = true;
    while (!stopped) {
      if (document.visibilityState === "visible") {
        current = new AbortController();
        try {
          await read(api, ({ event, data }) => {
            wait = AGAIN_MS;
            if (event === "open" && !first) changed(null);
            if (event === "changed") changed(JSON.parse(data).sections);
            first = false;
          }, current.signal);
        } catch (problem) {
          if (problem.status === 401 || problem.status === 403) return;
          wait = Math.min(wait * 2, AGAIN_MS_MAX);
        }
      }
      await new Promise((done) => { setTimeout(done, wait); });
    }
  };
  run();
  return () => {
    stopped = true;
    current?.abort();
  };
};
