"""The pages behind emailed links: confirming an address, setting a new password."""

from typing import Any

from allauth.account.forms import ReauthenticateForm, default_token_generator
from allauth.account.internal.flows.login import perform_login, perform_password_login
from allauth.account.models import Login
from allauth.account.utils import url_str_to_user_pk
from allauth.account.views import INTERNAL_RESET_SESSION_KEY, ConfirmEmailView, PasswordResetFromKeyView
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.decorators import method_decorator
from django.utils.http import base36_to_int
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from members.account import confirmation
from members.models import User

_OPENED = "password_reset_opened"


@method_decorator([sensitive_post_parameters("password"), never_cache], name="dispatch")
class Confirm(ConfirmEmailView):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's page, but a browser that did not sign up must enter the password chosen there; then it is signed in."""

    object: Any = None
    form: ReauthenticateForm | None = None

    def get_object(self, queryset: Any = None) -> Any:
        """Return the link's confirmation, and set the form to fill in, if any."""
        found = super().get_object(queryset)
        user = found.email_address.user
        if not confirmation.remembered(self.request.session, user):
            self.form = ReauthenticateForm(self.request.POST if self.request.method == "POST" else None, user=user)
            # The page has its own link to set a new password.
            self.form.fields["password"].help_text = ""
        return found

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Confirm the address and sign in: the password was given in this browser."""
        try:
            self.object = self.get_object()
        except Http404:
            return self._page()
        if self.form is not None and not self.form.is_valid():
            return self._page()
        response: HttpResponse = super().post(*args, **kwargs)
        user = self.object.email_address.user
        if not user.email_verified or self.request.user.is_authenticated:
            return response
        return self._sign_in(user)

    def _sign_in(self, user: User) -> HttpResponse:
        login = Login(user=user)
        response: HttpResponse = (
            # Signing up may have been days ago: it doesn't count as entering the password now.
            perform_login(self.request, login)
            if self.form is None
            else perform_password_login(self.request, {"email": user.email}, login)
        )
        return response

    def _page(self) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data())
        return page

    def logout_other_user(self, confirmation: Any) -> None:
        """Sign out another signed-in person, but never on GET."""
        if self.request.method == "POST":
            super().logout_other_user(confirmation)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form."""
        return {**super().get_context_data(**kwargs), "form": self.form}


class PasswordReset(PasswordResetFromKeyView):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's page; between its steps the session keeps only when the link was made, and a digest.

    allauth would keep the key itself: whoever reads a dump of the sessions could set the password. The key is derived
    again from the account and must match the digest, so a link for another account, or from before the password was
    changed, is refused.
    """

    def dispatch(self, request: HttpRequest, uidb36: str, key: str, **kwargs: Any) -> HttpResponseBase:
        """Handle the request as allauth does, but keep the key out of the stored session."""
        opened = request.session.pop(_OPENED, None)
        again = _key(uidb36, opened["made"]) if opened else ""
        if opened and constant_time_compare(_proof(uidb36, again), opened["proof"]):
            request.session[INTERNAL_RESET_SESSION_KEY] = again
        try:
            response: HttpResponseBase = super().dispatch(request, uidb36, key, **kwargs)
        finally:
            if known := request.session.pop(INTERNAL_RESET_SESSION_KEY, ""):
                request.session[_OPENED] = {"made": known.partition("-")[0], "proof": _proof(uidb36, known)}
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password. The link also proves the address, so the account belongs to whoever opened it."""
        response: HttpResponse = super().form_valid(form)
        confirmation.prove_address(self.reset_user)
        return response

    def logout(self) -> None:
        """Sign out another signed-in person, but never on GET."""
        if self.request.method == "POST":
            super().logout()


def _proof(uidb36: str, key: str) -> str:
    return str(salted_hmac("members.password_reset", f"{uidb36}-{key}", algorithm="sha256").hexdigest())


def _key(uidb36: str, made: str) -> str:
    try:
        user = User.objects.get(pk=url_str_to_user_pk(uidb36))
    except (ValueError, User.DoesNotExist):
        return ""
    generator = default_token_generator
    key: str = generator._make_token_with_timestamp(user, base36_to_int(made), generator.secret)  # noqa: SLF001 -- make_token would take the time of now
    return key
