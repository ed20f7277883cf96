// Native dialogs filled by htmx: open when their content arrives, close when it is emptied, give the focus back.
import { openerOf } from "./menus.js";

// A dialog is filled as a whole, or in the part of it that is meant to be.
export const contentOf = (dialog) => dialog.querySelector(":scope > [data-fill]") ?? dialog;
const topmost = () => [...document.querySelectorAll("dialog[open]")].at(-1);

// Where the focus returns to: what opened the dialog or, if its row has gone, a neighbour of the row.
const openers = new Map();
const remember = (dialog, control) => {
  const row = control.closest("tr");
  const neighbours = [row?.nextElementSibling?.id, row?.previousElementSibling?.id];
  openers.set(dialog, { control, neighbours });
};

const heading = () => {
  const title = document.querySelector("main h1");
  if (title) title.tabIndex = -1;
  return title;
};

const returnTo = (opener) => {
  if (!opener) return null;
  const { control, neighbours } = opener;
  const same = control.id ? document.getElementById(control.id) : control;
  if (same?.isConnected && same.checkVisibility()) return same;
  const row = neighbours.map((id) => id && document.getElementById(id)).find(Boolean);
  return row?.querySelector("a") ?? heading();
};

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-opens-dialog]");
  if (!control) return;
  // A menu item vanishes with its menu, so the focus goes back to the button that opened the menu.
  const menu = control.closest("[popover]");
  remember(control.getAttribute("hx-target"), (menu && openerOf(menu)) || control);
});

// A choice in the list may be answered by a question.
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-submit]")) remember("#dialog", target);
});

// The list behind a dialog may be swapped just after the focus went back into it: then it goes back once more.
let returned = null;
for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, () => { returned = null; }, true);

// What is outside a modal dialog is neither heard nor clicked: beside a drawer that stays, toasts come inside it.
const placeToasts = () => {
  const toasts = document.getElementById("toasts");
  const drawer = document.querySelector("dialog[open] > [data-fill]")?.parentElement;
  (drawer ?? document.body).append(toasts);
};

document.addEventListener("close", ({ target: dialog }) => {
  if (!dialog.matches?.("dialog[data-fills]")) return;
  contentOf(dialog).replaceChildren();
  placeToasts();
  returned = openers.get(`#${contentOf(dialog).id}`);
  (returnTo(returned) ?? topmost()?.querySelector("[data-close]") ?? heading())?.focus();
}, true);

document.addEventListener("htmx:after:swap", ({ detail }) => {
  for (const dialog of document.querySelectorAll("dialog[data-fills]")) {
    const full = contentOf(dialog).childElementCount > 0;
    if (full && !dialog.open) {
      dialog.showModal();
      placeToasts();
    }
    if (!full && dialog.open) dialog.close();
  }
  const { target } = detail.ctx;
  const inside = target instanceof Element && target.closest("dialog");
  if (inside) target.querySelector("[data-focus]")?.focus();
  // What was pressed may be gone with what it stood in.
  const lost = document.activeElement === document.body || document.activeElement === null;
  const open = topmost();
  if (lost) (open ? open.querySelector("[data-focus]") ?? open.querySelector("[data-close]") : returnTo(returned))?.focus();
});

// What was typed is not thrown away by Escape or the close button without asking.
const draft = (dialog) => [...dialog.querySelectorAll("[data-draft]")].some((field) => field.value.trim());
const question = () => document.getElementById("discard");
let asking = null;

const closeOrAsk = (dialog) => {
  if (!draft(dialog) || !question()) return dialog.close();
  asking = dialog;
  return question().showModal();
};

document.addEventListener("keydown", (event) => {
  const dialog = event.key === "Escape" && topmost();
  if (!dialog || !draft(dialog)) return;
  event.preventDefault();
  closeOrAsk(dialog);
});

document.addEventListener("cancel", (event) => {
  if (!event.target.matches?.("dialog") || !draft(event.target)) return;
  event.preventDefault();
  if (asking !== event.target) closeOrAsk(event.target);
}, true);

document.addEventListener("close", ({ target: dialog }) => {
  if (dialog !== question()) return;
  const about = asking;
  asking = null;
  if (dialog.returnValue === "discard") about?.close();
  dialog.returnValue = "";
}, true);

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("dialog [data-close]");
  if (!control) return;
  event.preventDefault();
  const dialog = control.closest("dialog");
  if (control.hasAttribute("data-keeps-draft")) closeOrAsk(dialog);
  else dialog.close();
});
