// A button that copies what a field holds; without script the field can be selected, and the button is not shown.
const show = () => document.querySelectorAll("[data-copies][hidden]").forEach((button) => (button.hidden = false));
show();
document.addEventListener("htmx:after:swap", show);

const copy = async (field) => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // No permission, or no secure page: what is selected can still be copied the old way.
    if (!document.execCommand("copy")) return;
  }
  const said = field.closest(".f")?.querySelector("[data-copied]");
  if (said) said.textContent = said.dataset.copied;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (button) copy(document.getElementById(button.dataset.copies));
});

// A field that is only there to be copied is selected whole by whoever enters it.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input.mono[readonly]")) event.target.select();
});
