// Native dialogs filled by htmx: open when their content arrives, close when it is emptied, give the focus back.
import { openerOf } from "./menus.js";

const openers = new Map();
const toasts = document.getElementById("toasts");
const home = toasts?.parentElement;

// A dialog is filled as a whole, or in the part of it that is meant to be.
const filled = (dialog) => dialog.querySelector(":scope > [data-fill]") ?? dialog;
const topmost = () => [...document.querySelectorAll("dialog[open]")].at(-1);

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-opens-dialog]");
  if (!control) return;
  // A menu item vanishes with its menu, so the focus goes back to the button that opened the menu.
  const menu = control.closest("[popover]");
  openers.set(control.getAttribute("hx-target"), (menu && openerOf(menu)) || control);
});

// A choice in the list may be answered by a question.
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-submit]")) openers.set("#dialog", target);
});

// The list behind a dialog may be swapped just after the focus went back into it: then it goes back once more.
let returned = null;
const like = (opener) => (opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id));
for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, () => { returned = null; }, true);

const back = (dialog) => {
  returned = openers.get(`#${filled(dialog).id}`);
  (like(returned) || topmost()?.querySelector("[data-close]") || document.querySelector("main"))?.focus();
};

// What is outside a modal dialog is neither heard nor clicked: beside a drawer that stays, toasts come inside it.
const seat = () => (document.querySelector("dialog[open] > [data-fill]")?.parentElement ?? home)?.append(toasts);

document.addEventListener("close", (event) => {
  if (!event.target.matches?.("dialog[data-fills]")) return;
  filled(event.target).replaceChildren();
  seat();
  back(event.target);
}, true);

document.addEventListener("htmx:after:swap", (event) => {
  for (const dialog of document.querySelectorAll("dialog[data-fills]")) {
    const full = filled(dialog).childElementCount > 0;
    if (full && !dialog.open) {
      dialog.showModal();
      if (dialog.querySelector(":scope > [data-fill]")) seat();
    }
    if (!full && dialog.open) dialog.close();
  }
  const { target } = event.detail.ctx;
  const inside = target instanceof Element && target.closest("dialog");
  if (inside) target.querySelector("[data-focus]")?.focus();
  // What was pressed may be gone with what it stood in.
  const lost = document.activeElement === document.body || document.activeElement === null;
  const open = topmost();
  if (lost) (open ? open.querySelector("[data-focus]") ?? open.querySelector("[data-close]") : like(returned))?.focus();
});

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("dialog [data-close]");
  if (!control) return;
  event.preventDefault();
  control.closest("dialog").close();
});
