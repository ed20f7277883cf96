"""Who is calling: the signed-in person, in their language, on pages and on the API."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import translation
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from members.models import User
from members.prepared import Prepared
from members.session_store import SessionStore
from workspace_admin.error_responses import way_back
from workspace_admin.exception_mapping import CsrfFailed


class Backend(AuthenticationBackend):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's way to sign in; whose a session is, as every request asks, is read by a statement built once."""

    def get_user(self, user_id: UUID) -> User | None:
        """Return the person with this id if they may sign in."""
        user = _person.first(user=user_id)
        return user if user and self.user_can_authenticate(user) else None


_person = Prepared(lambda user: User.objects.filter(id=user))


class PreferredLanguage:
    """Middleware: pages of a signed-in person speak the language of their profile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Use the person's language if they chose one, else the browser's."""
        language = getattr(request.user, "language", "") if request.session.session_key else ""
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SessionInUse:
    """Middleware: keep by which browser a session is used, and when last, for its person to see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note the use of a session by who is signed in, and pass the request on."""
        if request.session.session_key and request.user.is_authenticated:
            agent = request.headers.get("User-Agent", "")
            cast("SessionStore", request.session).note_use(request.user.pk, agent)
        return self.get_response(request)


class SignInAgain:
    """Middleware: who was signed out meanwhile signs in on a whole page, and comes back to the page they were on.

    htmx would put the sign-in page where a row was; and the address that a form is sent to is none to come back to.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and mend the way to the sign-in page."""
        response = self.get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        htmx = getattr(request, "htmx", None)
        if not response.headers.get("Location", "").startswith(f"{sign_in}?"):
            return response
        if not htmx and request.method in {"GET", "HEAD"}:
            return response
        back = (htmx.current_url_abs_path if htmx else way_back(request)) or "/"
        target = f"{sign_in}?{urlencode({REDIRECT_FIELD_NAME: back})}"
        return HttpResponseClientRedirect(target) if htmx else HttpResponseRedirect(target)


class Session(SessionAuthentication):
    """A browser's session on the API, with CSRF; it tells how to authenticate, so that strangers get a 401."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return who is signed in; refuse an Authorization header, which nothing here can check."""
        if "Authorization" in request.headers:
            raise AuthenticationFailed
        return super().authenticate(request)

    def enforce_csrf(self, request: Any) -> None:
        """Raise CsrfFailed if a call that changes something lacks the session's token."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfFailed(str(error.detail)) from error

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- the framework's signature
        """Return the WWW-Authenticate header of a 401."""
        return 'Session realm="api"'


def signed_in(request: HttpRequest) -> User | None:
    """Return the signed-in person, or None."""
    return None if isinstance(request.user, AnonymousUser) else request.user
