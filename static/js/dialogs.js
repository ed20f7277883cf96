// Native dialogs filled by htmx: open when their content arrives, close when it is emptied, give the focus back.
let opener = null;

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-opens-dialog]");
  // A menu item vanishes with its menu, so the focus goes back to the button that opened the menu.
  if (control) opener = document.querySelector(`[popovertarget="${control.closest("[popover]")?.id}"]`) ?? control;
});

const back = () => {
  const again = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
  (again || document.querySelector("main"))?.focus();
  opener = null;
};

document.addEventListener("close", (event) => {
  if (!event.target.matches?.("dialog[data-fills]")) return;
  event.target.replaceChildren();
  back();
}, true);

document.addEventListener("htmx:after:swap", () => {
  for (const dialog of document.querySelectorAll("dialog[data-fills]")) {
    const full = dialog.childElementCount > 0;
    if (full && !dialog.open) dialog.showModal();
    if (!full && dialog.open) dialog.close();
    dialog.querySelector("[data-focus]")?.focus();
  }
});

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("dialog [data-close]");
  if (!control) return;
  event.preventDefault();
  control.closest("dialog").close();
});
