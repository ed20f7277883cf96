// A button that shows what was typed into a password field; without script it isn't there.
const reveal = () =>
  document.querySelectorAll("[data-shows-password][hidden]").forEach((button) => (button.hidden = false));
reveal();
document.addEventListener("htmx:after:swap", reveal);

const set = (button, shown) => {
  document.getElementById(button.getAttribute("aria-controls")).type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-shows-password]");
  if (button) set(button, button.getAttribute("aria-pressed") !== "true");
});

// Sent hidden again, so that the browser offers to save it, and keeps it out of its suggestions for text fields.
document.addEventListener("submit", (event) => {
  event.target.querySelectorAll('[data-shows-password][aria-pressed="true"]').forEach((button) => set(button, false));
});
