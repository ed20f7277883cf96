// Arrow keys, Home, End and first letters in `role="menu"` popovers, as the ARIA menu pattern asks; the browser does the rest.
let invoker = null;
export const openerOf = (menu) =>
  invoker?.isConnected && invoker.getAttribute("popovertarget") === menu.id
    ? invoker
    : document.querySelector(`[popovertarget="${menu.id}"]`);

// One menu serves many rows: its items are pointed at the row whose button opens it.
const point = (menu, button) => {
  invoker = button;
  const items = menu.querySelectorAll("[data-path]");
  if (items.length) menu.setAttribute("aria-label", button.getAttribute("aria-label"));
  for (const item of items) {
    const path = item.dataset.path.replace(/\{(\w+)\}/, (_, name) => button.dataset[name]);
    for (const name of ["href", "action", "hx-get", "hx-post"]) if (item.hasAttribute(name)) item.setAttribute(name, path);
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.('[aria-haspopup="menu"][popovertarget]');
  const menu = button && document.getElementById(button.getAttribute("popovertarget"));
  if (!menu) return;
  const elsewhere = menu.matches(":popover-open") && openerOf(menu) !== button;
  point(menu, button);
  if (!elsewhere) return;
  event.preventDefault();
  menu.hidePopover();
  menu.showPopover({ source: button });
}, true);

const items = (menu) => [...menu.querySelectorAll('[role="menuitem"]')];

const move = (menu, to) => {
  const all = items(menu);
  all[(to + all.length) % all.length]?.focus();
};

const byLetter = (menu, letter) => {
  const all = items(menu);
  const from = all.indexOf(document.activeElement) + 1;
  const next = [...all.slice(from), ...all.slice(0, from)];
  next.find((item) => item.textContent.trim().toLowerCase().startsWith(letter))?.focus();
};

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (menu.getAttribute?.("role") !== "menu") return;
  for (const button of document.querySelectorAll(`[popovertarget="${menu.id}"][aria-expanded]`)) {
    button.setAttribute("aria-expanded", "false");
  }
  if (event.newState !== "open") return;
  openerOf(menu)?.setAttribute("aria-expanded", "true");
  move(menu, 0);
}, true);

document.addEventListener("keydown", (event) => {
  const opener = event.target.closest?.('[aria-haspopup="menu"]');
  if (opener && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const below = document.getElementById(opener.getAttribute("popovertarget"));
    if (!below) return;
    point(below, opener);
    below.showPopover({ source: opener });
    return;
  }
  const menu = event.target.closest?.('[role="menu"]');
  if (!menu) return;
  const at = items(menu).indexOf(document.activeElement);
  const keys = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 };
  if (event.key in keys) {
    event.preventDefault();
    move(menu, keys[event.key]);
  } else if (event.key === "Tab") {
    menu.hidePopover();
  } else if (/^\p{L}$/u.test(event.key) && !event.ctrlKey && !event.metaKey) {
    byLetter(menu, event.key.toLowerCase());
  }
});

// A choice closes its menu, unless it cannot be taken and says so.
document.addEventListener("click", (event) => {
  const item = event.target.closest?.('[role="menuitem"]');
  if (!item || item.getAttribute("aria-disabled") === "true") return;
  item.closest("[popover]")?.hidePopover();
});
