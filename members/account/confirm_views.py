"""The page behind the link that confirms an address."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.views import ConfirmEmailView
from django.http import Http404, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from members.account import confirmation


@method_decorator([sensitive_post_parameters("password"), never_cache], name="dispatch")
class Confirm(ConfirmEmailView):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's, but where this browser did not sign up, it asks for the password with which that was done."""

    object: Any = None
    form: ReauthenticateForm | None = None

    def get_object(self, queryset: Any = None) -> Any:
        """Answer the confirmation of the link, with the form that is to be filled in here.

        Raises:
            Http404: the link is dead.
        """
        found = super().get_object(queryset)
        user = found.email_address.user
        if not confirmation.remembered(self.request.session, user):
            self.form = ReauthenticateForm(self.request.POST if self.request.method == "POST" else None, user=user)
            # The page offers a new password in a way of its own.
            self.form.fields["password"].help_text = ""
        return found

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Confirm, or say what is wrong with the password."""
        try:
            self.object = self.get_object()
        except Http404:
            return self._page()
        if self.form is not None and not self.form.is_valid():
            return self._page()
        answer: HttpResponse = super().post(*args, **kwargs)
        return answer

    def _page(self) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data())
        return page

    def logout_other_user(self, confirmation: Any) -> None:
        """Sign out who is signed in as somebody else, but never because a link was opened."""
        if self.request.method == "POST":
            super().logout_other_user(confirmation)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Answer what the page shows."""
        return {**super().get_context_data(**kwargs), "form": self.form}
