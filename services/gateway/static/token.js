/*
 * The token of the signed-in person. Where no host page hands one over it comes in the address's fragment
 * (#token=…), which no server ever sees; it moves to this tab's session storage and out of the address at once.
 */
const KEY = "tollgate-token";

/** Takes a token from the address, if there is one. */
export const takeToken = () => {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (!given) return;
  sessionStorage.setItem(KEY, given);
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
};

export const token = () => sessionStorage.getItem(KEY);

export const forgetToken = () => sessionStorage.removeItem(KEY);
