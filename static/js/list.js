// The list's address: what filters, tabs and sorting push, Back brings back; the drawer's own steps leave the list alone.
let shown = location.search;
const remember = () => { shown = location.search; };
document.addEventListener("htmx:after:history:update", remember);

document.addEventListener("htmx:before:history:restore", (event) => {
  if (!document.getElementById("drawer-dialog")) return;
  if (location.search === shown) event.preventDefault();
  remember();
});

// A chip that clears the words clears the field too: it stands outside of what is swapped.
document.addEventListener("click", (event) => {
  if (event.target.closest?.('[data-clears="q"]')) document.getElementById("q").value = "";
});

// A person's seats open under their tags once they are there.
document.addEventListener("htmx:after:swap", ({ detail }) => {
  const { target, sourceElement } = detail.ctx;
  if (target?.id === "seat-list") target.showPopover({ source: sourceElement });
});
