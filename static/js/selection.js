// Who is selected: by hand, which survives paging, or all who match the list's filters, which ends when they change.
const chosen = new Map();
let all = null;

const bar = () => document.getElementById("bulk");
const table = () => document.getElementById("members");
const boxes = () => [...document.querySelectorAll('#members input[name="members"]')];
const pickPage = () => document.getElementById("pick-page");
const worded = (element, number) => element.dataset.words.replace("{number}", number);

const input = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });

const show = () => {
  if (!bar()) return;
  const here = boxes();
  for (const box of here) box.checked = all !== null || chosen.has(box.value);
  const page = pickPage();
  const ticked = here.filter((box) => box.checked).length;
  if (page) {
    page.checked = here.length > 0 && ticked === here.length;
    page.indeterminate = ticked > 0 && ticked < here.length;
  }
  const number = all === null ? chosen.size.toLocaleString(document.documentElement.lang) : table()?.dataset.total;
  const on = all !== null || chosen.size > 0;
  bar().classList.toggle("on", on);
  document.getElementById("bulk-count").textContent = on ? worded(document.getElementById("bulk-count"), number) : "";
  const everyone = document.getElementById("bulk-all");
  everyone.hidden = !on || all !== null || !page?.checked || !document.getElementById("page-next");
  everyone.textContent = worded(everyone, table()?.dataset.total);
  const pending = [...chosen.values()].filter(Boolean).length;
  for (const button of bar().querySelectorAll("[data-counts-pending]")) {
    button.hidden = all === null && pending === 0;
    button.dataset.number = all === null ? pending : "";
  }
  const shown = new Set(here.map((box) => box.value));
  const others = all === null ? [...chosen.keys()].filter((id) => !shown.has(id)).map((id) => input("members", id)) : [input("filter", all)];
  document.getElementById("bulk-others").replaceChildren(...others);
};

const set = (box, value) => {
  if (value) chosen.set(box.value, "pending" in box.dataset);
  else chosen.delete(box.value);
};

const clear = () => {
  chosen.clear();
  all = null;
  show();
};

let last = null;
document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.matches?.('#members input[name="members"]')) {
    if (all !== null) {
      all = null;
      for (const other of boxes()) set(other, true);
    }
    const here = boxes();
    const [from, to] = [here.findIndex((one) => one.value === last), here.indexOf(box)].sort((a, b) => a - b);
    const range = event.shiftKey && from >= 0 ? here.slice(from, to + 1) : [box];
    for (const one of range) set(one, box.checked);
    last = box.value;
    show();
  } else if (box.id === "pick-page") {
    all = null;
    for (const one of boxes()) set(one, box.checked);
    show();
  } else if (box.closest?.("#bulk-all")) {
    all = table().dataset.query || "?";
    show();
    bar().querySelector("button:not([hidden])")?.focus();
  } else if (box.closest?.("#bulk [data-downloads]")) {
    // A file is no answer for htmx: sent without the event that it waits for, the browser saves it.
    event.preventDefault();
    const form = bar();
    const action = form.action;
    form.action = box.formAction;
    form.submit();
    form.action = action;
  } else if (box.closest?.("#bulk-clear")) {
    clear();
    pickPage()?.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const open = document.querySelector("dialog[open], [popover]:popover-open");
  if (event.key === "Escape" && !open && bar()?.classList.contains("on")) clear();
});

// A dialog that was answered with the list in its place has done what was asked: nobody is selected any more.
document.addEventListener("htmx:after:swap", ({ detail }) => {
  const { sourceElement } = detail.ctx;
  if (all !== null && all !== (table()?.dataset.query || "?")) all = null;
  if (sourceElement?.matches?.("form:has(input[name=preview])")) return clear();
  show();
});
