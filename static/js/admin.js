// What Unfold's pages lack for the keyboard and for screen readers: names, roles and places to stop at.
"use strict";

const CLICKED = "span[x-on\\:click], a[x-on\\:click]:not([href]), nav div.cursor-pointer[x-on\\:click]";
const ICONS = { dock_to_right: "menu", close: "close", search: "search", more_horiz: "actions" };
let labelled = 0;

function makeButton(one) {
  one.setAttribute("role", "button");
  one.tabIndex = 0;
  one.addEventListener("keydown", (event) => {
    if (event.target !== one || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    one.click();
  });
}

// An icon is a word in a font: it is neither read aloud nor the name of the button that it stands in.
function nameIcon(icon, words) {
  const owner = icon.closest("a, button, [role=button]");
  const name = owner?.title || words[ICONS[icon.textContent.trim()]];
  if (owner && name && owner.textContent.trim() === icon.textContent.trim()) owner.ariaLabel = name;
  if (owner !== icon) icon.ariaHidden = "true";
}

function nameChoice(choice) {
  const label = choice.closest(".select2-container").previousElementSibling?.labels?.[0];
  const shown = choice.querySelector("[role=textbox]");
  if (!label || !shown) return;
  label.id ||= `label-${(labelled += 1)}`;
  shown.removeAttribute("role");
  shown.removeAttribute("aria-readonly");
  choice.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
}

function nameChoices() {
  for (const choice of document.querySelectorAll(".select2-selection")) nameChoice(choice);
}

addEventListener("DOMContentLoaded", () => {
  const words = document.querySelector("#main").dataset;
  for (const one of document.querySelectorAll(CLICKED)) makeButton(one);
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) nameIcon(icon, words);
  for (const field of document.querySelectorAll("input[placeholder]")) field.ariaLabel = field.placeholder;
  for (const box of document.querySelectorAll("main .overflow-x-auto")) box.tabIndex = 0;
  // Select2 comes when jQuery is ready, which is later.
  nameChoices();
  new MutationObserver(nameChoices).observe(document.querySelector("main"), { childList: true, subtree: true });
});
