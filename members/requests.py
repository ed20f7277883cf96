"""What views may count on behind ``login_required``."""

from django.http import HttpRequest

from members.models import User


class SignedIn(HttpRequest):
    """A request of somebody who is signed in; for annotations only."""

    user: User
