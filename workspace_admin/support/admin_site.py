"""Django admin for support staff: its own pages, the console's own sign-in."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override
from unfold.sites import UnfoldAdminSite

type View = Callable[..., HttpResponse]

# Unfold brings inline scripts and styles and Alpine, which evaluates: allowed here only, for staff only.
POLICY: dict[str, list[str]] = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_INLINE, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}


class SupportSite(UnfoldAdminSite):  # type: ignore[misc]  # -- unfold ships no types
    """The admin without password forms of its own: no second door to guard."""

    site_title = site_header = index_title = _("Support")

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 -- Django's
        """Give each page of the site, and no other, the looser policy."""
        guarded: View = csp_override(POLICY)(super().admin_view(view, cacheable))
        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002 -- Django's
        """Send whoever is signed out to the console's sign-in, and back here after it.

        Raises:
            PermissionDenied: signed in already, but not staff; sending them to sign in would go round in circles.
        """
        index = reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(index)
        if request.user.is_authenticated:
            raise PermissionDenied
        # Sign-in accepts only local addresses here.
        return redirect_to_login(request.GET.get("next") or index, reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002 -- Django's
        """Lead to the console's own sign-out."""
        return HttpResponseRedirect(reverse("account_logout"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002 -- Django's
        """Lead to the console's own form."""
        return HttpResponseRedirect(reverse("account_change_password"))
