/* A question before a change that has consequences: says what follows, then does it. */
import { announce, h, render } from "../dom.js";
import { openDialog } from "../dialog.js";
import { t } from "../language.js";
import { button, notice } from "../parts.js";

/** `act()` does the change; `done` is announced. `extra` is a node between the question and the buttons. */
export const ask = ({ context, heading, detail, extra = null, confirm, working, act, done }) => {
  let busy = false;
  openDialog({
    heading,
    busy: () => busy,
    build: (close) => {
      const problem = h("div", {});
      const back = button("edged", t("do.cancel"), close, { "data-first": true });
      const go = button("filled", confirm, async () => {
        busy = true;
        go.disabled = back.disabled = true;
        go.textContent = working;
        try {
          await act();
          await context.reload();
          busy = false;
          close();
          announce(done);
        } catch (error) {
          busy = false;
          go.disabled = back.disabled = false;
          go.textContent = confirm;
          const shown = notice("bad", t("ask.nothing_changed"), error.detail || error.message);
          render(problem, shown);
          shown.focus();
        }
      });
      return h("div", {}, problem, h("p", {}, detail), extra, h("div", { class: "dialog-actions" }, back, go));
    },
  });
};
