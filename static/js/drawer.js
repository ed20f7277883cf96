// The drawer has an address: opening a person pushes theirs, Back closes the drawer, Forward opens it again.
const drawer = () => document.getElementById("drawer-dialog");
const isPerson = () => Boolean(history.state?.person);

document.addEventListener("htmx:after:request", ({ detail }) => {
  const { sourceElement, request, response } = detail.ctx;
  if (response.status !== 200 || !sourceElement.matches("[data-opens-dialog][hx-target='#drawer']")) return;
  // The list's own query stays in the address, so that what happens in the drawer is answered with the same list.
  const address = new URL(request.action, location.href).pathname + location.search;
  if (isPerson()) history.replaceState({ person: true }, "", address);
  else history.pushState({ person: true }, "", address);
});

document.addEventListener("close", ({ target }) => {
  if (target !== drawer() || !isPerson()) return;
  // Going back takes the focus away again, at its very end.
  const focused = document.activeElement;
  const settled = window.navigation ?? window;
  settled.addEventListener(window.navigation ? "navigatesuccess" : "popstate", () => setTimeout(() => {
    if (document.activeElement === document.body) focused.focus();
  }), { once: true });
  history.back();
}, true);

addEventListener("popstate", ({ state }) => {
  if (!drawer() || drawer().open === Boolean(state?.person)) return;
  if (drawer().open) drawer().close();
  else htmx.ajax("GET", location.pathname, { target: "#drawer", swap: "innerHTML" });
});
