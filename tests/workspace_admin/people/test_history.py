"""The audit log's events in words."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from workspace_admin.people.history import PLAIN, SPECIAL, words

NAMES = {"code": "Mistral Code"}
CODE = re.compile(r"\"((?:member|seat|invitation)\.[a-z_]+)\"")
APPS = ("members", "billing_seats", "invitations")


def test_whatever_is_logged_of_a_person_has_words():
    paths = [path for app in APPS for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    logged = {name for path in paths for name in CODE.findall(path.read_text())}
    assert len(logged) > 10
    assert logged <= PLAIN.keys() | SPECIAL.keys()


@pytest.mark.parametrize(
    ("action", "changes", "told"),
    [
        (
            "invitation.created",
            {"role": [None, "admin"], "seats": [[], ["code"]]},
            "Invited as Admin, with a seat of: Mistral Code",
        ),
        ("invitation.created", {"role": [None, "billing"], "seats": [[], []]}, "Invited as Billing"),
        ("invitation.resent", {"expires_at": ["2099-01-01", "2099-01-09"]}, "Invitation sent again"),
        (
            "invitation.extended",
            {"expires_at": [None, "2099-01-09T12:00:00+00:00"]},
            "Invitation valid through Jan. 9, 2099",
        ),
        ("member.deactivated", {"status": ["active", "deactivated"], "seats": [[], []]}, "Deactivated"),
        ("member.reactivated", {"status": ["deactivated", "active"], "seats": [[], []]}, "Reactivated"),
        (
            "member.email_changed",
            {"email": ["a@x.example", "b@x.example"]},
            "Address changed from a@x.example to b@x.example",
        ),
        ("seat.given", {"seats": [None, "code"]}, "Seat given: Mistral Code"),
        ("seat.taken", {"seats": ["gone-product", None]}, "Seat taken back: gone-product"),
        (
            "member.end_changed",
            {"expires_at": ["2099-01-09T00:00:00+00:00", None], "seats": [["code"], []]},
            "Access without end; seats let go: Mistral Code",
        ),
        ("member.new_kind", {}, "member.new_kind"),
    ],
)
def test_an_event_is_told_with_its_values(action, changes, told):
    assert words(action, changes, NAMES) == told
