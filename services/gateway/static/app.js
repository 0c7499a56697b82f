/* The page in a document of its own: the address bar is its address, the token came in the fragment. */
import { startBilling } from "./billing.js";
import { here } from "./here.js";
import { forgetToken, takeToken, token } from "./token.js";

const at = (id) => document.getElementById(id);
Object.assign(here, { main: at("main"), top: at("top"), foot: at("foot"), dialogs: at("dialogs"), announcer: at("announcer") });
takeToken();
const billing = startBilling({ token, forget: forgetToken });
addEventListener("popstate", billing.show);
