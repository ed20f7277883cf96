// Moments in the reader's own time zone: the server, which does not know it, writes UTC.
const show = (root) => {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll('time[datetime*="T"]')) {
    const local = format.format(new Date(time.dateTime));
    if (time.hasAttribute("data-local")) time.textContent = local;
    else time.title = local;
  }
};
show(document);
document.addEventListener("htmx:after:swap", () => show(document));
