/* Add Payment Method, by itself or because something else needs one. */
import { announce, h } from "../dom.js";
import { openDialog } from "../dialog.js";
import { t } from "../language.js";
import { showMethodForm } from "./method_form.js";

/** `why` is a sentence for the person; `then()` is done once the method is saved. */
export const addMethod = (context, { why = null, then = null } = {}) => {
  let busy = false;
  openDialog({
    heading: t("methods.add"),
    busy: () => busy,
    build: (close) => {
      const host = h("div", {});
      showMethodForm({
        context,
        host,
        why,
        cancel: close,
        setBusy: (running) => { busy = running; },
        saved: async () => {
          await context.reload();
          close();
          announce(t("form.saved"));
          if (then) await then();
        },
      });
      return host;
    },
  });
};
