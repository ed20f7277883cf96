"""The request that views behind ``login_required`` receive."""

from typing import Any

from django.http import HttpRequest

from members.models import User


class SignedInRequest(HttpRequest):
    """A request of a signed-in user, as the middleware left it; for annotations only."""

    user: User
    htmx: Any
