// Small habits of forms that HTML lacks: send on change, move to the error summary, refuse what is marked as disabled.
document.addEventListener("change", (event) => {
  const control = event.target;
  if (control.matches?.("[data-submit]")) control.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.('[aria-disabled="true"]')) event.preventDefault();
}, true);

// A link that is a button, so as to work without script, is pressed by the space bar too.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.('a[role="button"]')) return;
  event.preventDefault();
  event.target.click();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.querySelector('[type="submit"][aria-disabled="true"]') === event.submitter && event.submitter) {
    event.preventDefault();
    return;
  }
  // A plain form is sent once: a second click while the first is on its way does nothing.
  if (event.defaultPrevented || form.matches("[hx-post], [method=dialog]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  form.classList.add("busy");
});

// What came from the server is what is true: a control that was refused goes back to it.
document.addEventListener("htmx:after:swap", () => {
  document.querySelectorAll("#people form").forEach((form) => form.reset());
});

addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.classList.remove("busy");
  });
});

document.querySelector("[data-focus]")?.focus();
document.documentElement.classList.add("js");
