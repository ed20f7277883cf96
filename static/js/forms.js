// What forms do that HTML does not: send on change, show that they are busy, fall back to what was saved.
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

// What came from the server is what is true: a control whose change was refused, or never arrived, goes back to it.
document.addEventListener("htmx:finally:request", () => {
  for (const control of document.querySelectorAll("[data-submit]")) control.form.reset();
});

// What a request is going to replace says that it is busy: `loading.css` shows it when it takes a while.
const busy = (event, value) => {
  const { target } = event.detail.ctx;
  if (target instanceof Element) target.ariaBusy = value;
};
document.addEventListener("htmx:before:request", (event) => busy(event, "true"));
document.addEventListener("htmx:finally:request", (event) => busy(event, null));

// An address that has its answer leaves the field of those to invite.
document.addEventListener("htmx:after:swap", () => {
  for (const { dataset } of document.querySelectorAll("#dialog [data-solved]")) {
    const field = document.querySelector("#dialog [data-draft]");
    if (field) field.value = field.value.split("\n").filter((line) => line.trim() !== dataset.solved).join("\n");
  }
});

addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.classList.remove("busy");
  });
});

document.querySelector("[data-focus]")?.focus();
document.documentElement.classList.add("js");
