// Counts down beside a refusal that says how long to wait; a refusal without script still says so in words.
const clock = (seconds) => {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":");
};

const start = (element) => {
  if (element.dataset.ends) return;
  element.dataset.ends = String(Date.now() + 1000 * Number(element.dataset.countdown));
  element.hidden = false;
  const tick = () => {
    const left = Math.ceil((Number(element.dataset.ends) - Date.now()) / 1000);
    element.textContent = left > 0 ? clock(left) : element.dataset.over;
    if (left > 0 && element.isConnected) setTimeout(tick, 1000);
  };
  tick();
};

const look = () => document.querySelectorAll("[data-countdown]").forEach(start);
look();
document.addEventListener("htmx:after:swap", look);
