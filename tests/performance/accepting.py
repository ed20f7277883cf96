"""People who follow their links and join, made ready for the bench: an account, a session with the offer, a seat.

The session is one that has been used: the page before, which shows the offer, has noted so.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.conf import settings

SECRET = "b" * 32
"""A CSRF secret; every browser has the same."""


def ready(number: int) -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Return this many requests; each lets another person join Globex with a seat."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 -- after the set-up
    from django.db.models.functions import Now  # noqa: PLC0415 -- models load after the set-up

    from billing_seats.subscription.services import resize  # noqa: PLC0415 -- as above
    from invitations.inviting import MAX_ADDRESSES, invite  # noqa: PLC0415 -- as above
    from invitations.join.link_session import OFFER_KEY  # noqa: PLC0415 -- as above
    from members.access import actor_for, system_actor  # noqa: PLC0415 -- as above
    from members.ids import new_id  # noqa: PLC0415 -- as above
    from members.models import Session, User  # noqa: PLC0415 -- as above
    from members.session_store import SessionStore  # noqa: PLC0415 -- as above
    from workspace_admin.demo.cast import CHAT, add_person  # noqa: PLC0415 -- as above

    dana = actor_for(User.objects.get(email="dana@globex.example"), "globex")
    pool = dana.workspace.seat_pools.get(product__slug=CHAT)
    resize(system_actor(dana.workspace), CHAT, pool.assigned + number)
    emails = [f"{new_id()}@bench.example" for _ in range(number)]
    parts = [emails[start : start + MAX_ADDRESSES] for start in range(0, number, MAX_ADDRESSES)]
    answers = [answer for part in parts for answer in invite(dana, part, products=[CHAT])]

    def browser(email: str, invitation: str) -> dict[str, str]:
        user, session = add_person(email, "Somebody New", None), SessionStore()
        session.update(
            {
                SESSION_KEY: str(user.pk),
                BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                HASH_SESSION_KEY: user.get_session_auth_hash(),
                OFFER_KEY: {"invitation": invitation, "generation": 1},
            }
        )
        session.create()
        cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={SECRET}"
        kind = "application/x-www-form-urlencoded"
        return {"Cookie": cookies, "X-CSRFToken": SECRET, "Content-Type": kind}

    def requests() -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
        for answer in answers:
            if answer.invitation is None:
                raise SystemExit(f"{answer.email}: {answer.error}")
            shown = {"invitation": str(answer.invitation.id), "generation": 1}
            body = urlencode(shown).encode()
            yield "POST", "/join/", body, browser(answer.email, shown["invitation"])

    made = list(requests())
    Session.objects.filter(seen_at=None).update(seen_at=Now())
    return made
