// A toast leaves by itself after a while, unless it reports a failure or is being read; it can always be dismissed.
const STAYS = 6000;
// As long as the server keeps what can be undone.
const UNDOABLE = 10000;
const MOST = 3;

const region = document.getElementById("toasts");

const leaveLater = (toast) => {
  if (toast.dataset.seen) return;
  toast.dataset.seen = "1";
  if (toast.classList.contains("error")) return;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, toast.querySelector("[data-undo]") ? UNDOABLE : STAYS);
};

// A message that is shown already is not shown twice, and the oldest makes room for the newest.
const tidy = () => {
  const toasts = [...region.querySelectorAll("[data-toast]")];
  const newest = toasts.pop();
  if (!newest) return;
  const text = newest.textContent.trim();
  const others = toasts.filter((toast) => toast.textContent.trim() !== text || toast.remove());
  others.slice(0, 1 - MOST).forEach((toast) => toast.remove());
  [...others, newest].forEach(leaveLater);
};
new MutationObserver(tidy).observe(region, { childList: true });
tidy();

// What is being undone, or was, is not offered again.
document.addEventListener("htmx:after:request", ({ detail }) => {
  detail.ctx.sourceElement.closest?.("[data-toast]")?.remove();
});

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss]")?.closest("[data-toast]")?.remove();
});

// A request that never came back, or failed for a reason of ours, must not look like one that worked.
const failed = () => {
  const words = document.querySelector("template#offline");
  if (words) region.append(words.content.cloneNode(true));
};
document.addEventListener("htmx:error", failed);
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  if (response.status === 500 && !text.includes('id="toasts"')) failed();
});
