// A toast leaves by itself after a while, unless it tells of a failure or is being read; it can always be dismissed.
const STAYS = 8000;

const leaveLater = (toast) => {
  if (toast.dataset.seen || toast.classList.contains("error")) return;
  toast.dataset.seen = "1";
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, STAYS);
};

const region = document.getElementById("toasts");
const look = () => region.querySelectorAll("[data-toast]").forEach(leaveLater);
new MutationObserver(look).observe(region, { childList: true, subtree: true });
look();

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
