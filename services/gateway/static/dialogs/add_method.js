/* Add Payment Method. */
import { announce, h } from "../dom.js";
import { openDialog } from "../dialog.js";
import { showMethodForm } from "./method_form.js";

export const addMethod = (context) => {
  let busy = false;
  openDialog({
    heading: "Add Payment Method",
    busy: () => busy,
    build: (close) => {
      const host = h("div", {});
      showMethodForm({
        context,
        host,
        cancel: close,
        setBusy: (running) => { busy = running; },
        saved: async () => {
          await context.reload();
          close();
          announce("The payment method is saved.");
        },
      });
      return host;
    },
  });
};
