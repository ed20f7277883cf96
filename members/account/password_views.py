"""The page behind the link of a forgotten password."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import url_str_to_user_pk
from allauth.account.views import INTERNAL_RESET_SESSION_KEY, PasswordResetFromKeyView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int

from members.account import confirmation
from members.models import User

_OPENED = "password_reset_opened"


class PasswordReset(PasswordResetFromKeyView):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's, but between its pages the session keeps only when the link was made, and a digest of whose it was.

    allauth would keep the key itself: whoever reads a dump of the sessions could then set the password. The key is made
    again from the account as it stands, and must be the one that was opened: another account's is not, nor is that of
    an account whose password was changed since.
    """

    def dispatch(self, request: HttpRequest, uidb36: str, key: str, **kwargs: Any) -> HttpResponseBase:
        """Answer as allauth does, and take the key out of the session again before it is stored."""
        opened = request.session.pop(_OPENED, None)
        again = _key(uidb36, opened["made"]) if opened else ""
        if opened and constant_time_compare(_proof(uidb36, again), opened["proof"]):
            request.session[INTERNAL_RESET_SESSION_KEY] = again
        try:
            answer: HttpResponseBase = super().dispatch(request, uidb36, key, **kwargs)
        finally:
            if known := request.session.pop(INTERNAL_RESET_SESSION_KEY, ""):
                request.session[_OPENED] = {"made": known.partition("-")[0], "proof": _proof(uidb36, known)}
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password; and the link proves the address, so the account is whoever's that opened it."""
        answer: HttpResponse = super().form_valid(form)
        confirmation.prove_address(self.reset_user)
        return answer

    def logout(self) -> None:
        """Sign out who is signed in as somebody else, but never because a link was opened."""
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
