// Arrow keys, Home, End and first letters in `role="menu"` popovers, as the ARIA menu pattern asks; the browser does the rest.
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
  const opener = document.querySelector(`[popovertarget="${menu.id}"]`);
  opener?.setAttribute("aria-expanded", String(event.newState === "open"));
  if (event.newState === "open") move(menu, 0);
}, true);

document.addEventListener("keydown", (event) => {
  const opener = event.target.closest?.('[aria-haspopup="menu"]');
  if (opener && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    document.getElementById(opener.getAttribute("popovertarget"))?.showPopover({ source: opener });
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
