// Keys of the Members page. The table is one stop of Tab: arrows move along its rows, Tab through the controls of one.
const rows = () => [...document.querySelectorAll("#members tbody tr")];
const nameOf = (row) => row?.querySelector("a.name");
let current = "";
let position = 0;

const currentRow = () => document.getElementById(current);

const rove = () => {
  const all = rows();
  // Whoever is gone is followed by the next.
  const here = all.find((row) => row.id === current) ?? all[Math.min(position, all.length - 1)];
  if (!here) return;
  current = here.id;
  position = all.indexOf(here);
  for (const row of all) {
    for (const control of row.querySelectorAll("a, button, input, select")) control.tabIndex = row === here ? 0 : -1;
  }
};

const drawer = () => document.querySelector("#drawer-dialog[open]");

const walk = (by) => {
  const all = rows();
  const from = all.indexOf(currentRow());
  const inList = document.activeElement?.closest("#members tbody");
  const to = drawer() || inList ? from + by : from;
  const name = nameOf(all[Math.max(0, Math.min(to, all.length - 1))]);
  if (!name) return;
  current = name.closest("tr").id;
  rove();
  if (drawer()) name.click();
  else name.focus();
};

const press = (element) => element?.checkVisibility() && element.getAttribute("aria-disabled") !== "true" && element.click();
const inRow = (selector) => currentRow()?.querySelector(selector);
const visible = (selector) => [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());

const KEYS = {
  "/": () => document.getElementById("q").focus(),
  i: () => press(document.getElementById("invite-open")),
  f: () => {
    const filter = visible(".filter[popovertarget]");
    filter?.focus();
    filter?.click();
  },
  j: () => walk(1),
  k: () => walk(-1),
  x: () => press(inRow('input[name="members"]')),
  X: () => inRow('input[name="members"]')?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true })),
  r: () => inRow('select[name="role"]')?.focus(),
  s: () => {
    const seats = [...(currentRow()?.querySelectorAll("td.sw input, a.tag-list") ?? [])].find((one) => one.checkVisibility());
    if (seats?.matches("a")) seats.click();
    else seats?.focus();
  },
  ".": () => press(inRow("td.act button")),
  z: () => press(visible("[data-undo]")),
  "?": () => document.getElementById("shortcuts").showModal(),
};

const typing = (element) => element.matches("select, textarea, [contenteditable], input:not([type=checkbox], [type=radio])");
const covered = () => document.querySelector("dialog[open]:not(#drawer-dialog), [popover].menu:popover-open");

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!document.getElementById("shortcuts") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.defaultPrevented || typing(target) || covered()) return;
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (arrow && target.closest("#members tbody")) {
    event.preventDefault();
    return walk(arrow);
  }
  if (!document.querySelector('[name="shortcuts"][form="preferences"]')?.checked) return;
  if (!Object.hasOwn(KEYS, key) || (drawer() && !"jkz?".includes(key))) return;
  event.preventDefault();
  KEYS[key]();
});

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.("#members tbody tr");
  if (!row || row.id === current) return;
  current = row.id;
  rove();
});

// A row opens its person wherever it is clicked, but on a control, or to select its text.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("#members tbody tr");
  if (!row || event.target.closest("a, button, input, select, label, form") || !getSelection().isCollapsed) return;
  nameOf(row)?.click();
});

document.addEventListener("click", (event) => {
  const step = event.target.closest?.("[data-walk]");
  if (step) walk(Number(step.dataset.walk));
});

document.addEventListener("htmx:after:swap", rove);
rove();
