"""What holds for every request and every answer: who is believed, how much is read, which headers go out."""

from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote_to_bytes, urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, MiddlewareNotUsed, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from invitations.delivery import webhooks
from members.errors import DomainError, InvalidRequest
from workspace_admin.error_responses import answer
from workspace_admin.exception_mapping import BodyTooLarge, refusal

type Next = Callable[[HttpRequest], HttpResponse]

FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_X_REQUEST_ID",
)
"""Headers that only a proxy may set; anyone else's are forgotten before they are read."""

UTF_8 = "utf-8"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
        "xr-spatial-tracking",
    )
)


@cache
def _networks(trusted: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in trusted]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _is_trusted(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


class TrustedProxies:
    """Puts the caller's own address into REMOTE_ADDR, as told by settings.TRUSTED_PROXIES and nobody else."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        if _is_trusted(_address(request.META.get("REMOTE_ADDR", ""))):
            self._believe(request)
        else:
            for header in FORWARDED:
                request.META.pop(header, None)
        return self.get_response(request)

    @staticmethod
    def _believe(request: HttpRequest) -> None:
        """Take the last address that no trusted proxy has: what stands left of it can be made up."""
        for text in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            address = _address(text)
            if address is None:
                return
            request.META["REMOTE_ADDR"] = str(address)
            if not _is_trusted(address):
                return


class RedirectToBaseUrl:
    """Middleware of development: lead pages opened by IP address to `localhost`, if that is the console's name.

    Sessions belong to one host name, and passkeys are refused to an IP address.
    """

    def __init__(self, get_response: Next) -> None:
        base = urlsplit(settings.BASE_URL)
        if not settings.DEBUG or base.hostname != "localhost":
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.addresses = {f"127.0.0.1:{base.port or 80}", f"[::1]:{base.port or 80}"}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect, or pass the request on; a program that calls the API is believed to know what it does."""
        by_address = request.META.get("HTTP_HOST") in self.addresses
        if by_address and request.method in {"GET", "HEAD"} and not request.path.startswith("/api/"):
            return HttpResponseRedirect(settings.BASE_URL + request.get_full_path())
        return self.get_response(request)


class BoundedRequests:
    """Refuses what is too large or is no text, before anything reads it; text is UTF-8, whatever is claimed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or answer what is wrong with it."""
        charset = (request.content_params or {}).get("charset", UTF_8)
        # Any codec of Python could be named, and what can be none of a query or a form would fail in the middle of it.
        request.encoding = UTF_8
        wrong = self._wrong(request) or self._unreadable(request, charset)
        return answer(request, wrong) if wrong else self.get_response(request)

    @staticmethod
    def _wrong(request: HttpRequest) -> DomainError | None:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return InvalidRequest()
        most = webhooks.LIMIT if webhooks.knows_secret(request) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length > (most or 0):
            return BodyTooLarge()
        try:
            query = unquote_to_bytes(request.META.get("QUERY_STRING", "")).decode()
            # Where htmx was: the list that an action answers with is read from it, once the action is done.
            urlsplit(request.META.get("HTTP_HX_CURRENT_URL", ""))
        except ValueError:
            return InvalidRequest()
        return InvalidRequest() if "\0" in query or "\0" in request.path else None

    @staticmethod
    def _unreadable(request: HttpRequest, charset: str) -> DomainError | None:
        """Return why a form cannot be read, before views would fail on it."""
        # The API reads JSON only, and says so; a webhook may be longer than any form.
        if request.content_type not in FORMS or request.path.startswith("/api/") or webhooks.knows_secret(request):
            return None
        if charset.lower() not in {UTF_8, "us-ascii"}:
            return InvalidRequest()
        try:
            if request.content_type == FORMS[0]:
                unquote_to_bytes(request.body).decode()
            _ = request.POST
        except UnicodeDecodeError:
            return InvalidRequest()
        except (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError) as error:
            return refusal(error)
        return None


class RequestId:
    """Tells the caller the id under which logs and audit log know the request; stands inside django-structlog's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and name it in the answer; the logs learn who called, as TrustedProxies found it."""
        structlog.contextvars.bind_contextvars(ip=request.META.get("REMOTE_ADDR"))
        name = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        response = self.get_response(request)
        if name:
            response["X-Request-ID"] = name[:64]
        return response


class SecurityHeaders:
    """Adds the headers that Django has no setting for, and its own to what failed before it could add them."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and complete the answer."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY or "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            # Everything but files is one person's: neither a shared cache nor the next person at this desk sees it.
            response["Cache-Control"] = "no-store"
        return response
