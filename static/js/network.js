// Without a network nothing can be changed: a bar says so, and what would change something waits.
const bar = document.getElementById("no-network");
const changing = 'form[method="post"] [type="submit"], [data-submit]';

const show = (online) => {
  bar.hidden = online;
  for (const control of document.querySelectorAll(online ? "[data-waits]" : changing)) {
    if (!online && control.disabled) continue;
    control.disabled = !online;
    control.toggleAttribute("data-waits", !online);
  }
};

addEventListener("offline", () => show(false));
addEventListener("online", () => show(true));
// A dialog may have opened from what was on its way.
document.addEventListener("htmx:after:swap", () => show(navigator.onLine));

bar.querySelector("button").addEventListener("click", async () => {
  try {
    await fetch("/healthz/live", { cache: "no-store" });
    show(true);
  } catch {
    show(false);
  }
});

if (!navigator.onLine) show(false);
