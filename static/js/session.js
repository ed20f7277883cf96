// A session that ended leads to the sign-in page as a whole page, and back here after; never into a part of this one.
document.addEventListener("htmx:before:response", (event) => {
  const { raw } = event.detail.ctx.response;
  if (!raw.redirected || !new URL(raw.url).pathname.startsWith("/accounts/login/")) return;
  event.preventDefault();
  location.reload();
});
