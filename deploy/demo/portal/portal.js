/* What a host page does: load the element from the gateway, give it the token by a function, follow its address. */
const { gateway, token } = await (await fetch("/portal.json")).json();

const billing = document.querySelector("tollgate-billing");
await import(`${gateway}/static/element.js`);
billing.address = location.hash.slice(1) || "/billing";
// A portal asks its own server for a fresh token here.
billing.token = async () => token;
billing.addEventListener("navigate", ({ detail }) => history.pushState(null, "", `#${detail.address}`));
billing.addEventListener("paid", ({ detail }) => { document.documentElement.dataset.paid = detail.status; });
addEventListener("popstate", () => { billing.address = location.hash.slice(1) || "/billing"; });
