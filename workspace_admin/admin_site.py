"""Django admin for support staff: its own pages, the console's own sign-in."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class SupportSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """The admin without password forms of its own: no second door to guard."""

    site_title = site_header = index_title = _("Support")

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
