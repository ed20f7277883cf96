"""The audit log's events in words."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from billing_seats.models import Plan
from members.audit_words import SENTENCES, TITLES, actor, changes, sentences
from members.models import AuditEvent

NAMES = {"code": "Mistral Code", "chat": "le Chat Team"}
ACTION = re.compile(
    r"\"((?:invitation|member|seats?|subscription|api_key|workspace|person)\.[a-z_]+|members\.exported)\""
)
APPS = ("members", "billing_seats", "invitations", "workspace_admin/personal_data", "workspace_admin/people")


def event(action, changed=None, target="bob@acme.example", kind="user", label="Alice Martin"):
    return AuditEvent(action=action, changes=changed or {}, target_label=target, actor_type=kind, actor_label=label)


def test_every_action_has_a_title_and_a_sentence():
    paths = [path for app in APPS for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    logged = {name for path in paths if path.name != "audit_words.py" for name in ACTION.findall(path.read_text())}
    assert len(logged) > 20
    assert logged == TITLES.keys() == SENTENCES.keys() | {"subscription.changed"}


@pytest.mark.parametrize(
    ("action", "changed", "told"),
    [
        (
            "invitation.created",
            {"role": [None, "admin"], "seats": [[], ["code"]]},
            "Alice Martin invited bob@acme.example as Admin (seats: Mistral Code)",
        ),
        (
            "invitation.created",
            {"role": [None, "billing"], "seats": [[], []]},
            "Alice Martin invited bob@acme.example as Billing",
        ),
        (
            "invitation.resent",
            {"expires_at": ["2099-01-01", "2099-01-09"]},
            "Alice Martin resent the invitation to bob@acme.example",
        ),
        (
            "invitation.extended",
            {"expires_at": [None, "2099-01-09T12:00:00+00:00"]},
            "Alice Martin set the invitation to bob@acme.example to expire on Jan. 9, 2099",
        ),
        (
            "member.deactivated",
            {"status": ["active", "deactivated"], "seats": [["chat", "code"], []]},
            "Alice Martin deactivated bob@acme.example (seats freed: le Chat Team, Mistral Code)",
        ),
        ("member.reactivated", {"seats": [[], []]}, "Alice Martin reactivated bob@acme.example"),
        (
            "member.email_changed",
            {"email": ["a@x.example", "b@x.example"]},
            "Alice Martin changed their email address from a@x.example to b@x.example",
        ),
        ("seat.given", {"seats": [None, "code"]}, "Alice Martin assigned a Mistral Code seat to bob@acme.example"),
        ("seat.taken", {"seats": ["gone", None]}, "Alice Martin removed the gone seat from bob@acme.example"),
        (
            "member.end_changed",
            {"expires_at": ["2099-01-09T00:00:00+00:00", None], "seats": [["code", "chat"], ["chat"]]},
            "Alice Martin removed the end date of bob@acme.example (seats freed: Mistral Code)",
        ),
        (
            "member.end_changed",
            {"expires_at": [None, "2099-01-10T00:00:00+00:00"]},
            "Alice Martin set an end date for bob@acme.example: Jan. 9, 2099",
        ),
        ("subscription.changed", {"code": [None, 1]}, "Alice Martin added 1 Mistral Code seat"),
        ("subscription.changed", {"code": [0, 1]}, "Alice Martin added 1 Mistral Code seat"),
        ("subscription.changed", {"code": [3, 0]}, "Alice Martin changed the Mistral Code seats from 3 to 0"),
        (
            "subscription.changed",
            {"renews_on": ["", "2099-01-09"]},
            "Alice Martin set the renewal date to Jan. 9, 2099",
        ),
        ("member.new_kind", {}, "Alice Martin: member.new_kind bob@acme.example"),
    ],
)
def test_an_event_is_one_sentence_with_its_values(action, changed, told):
    assert sentences(event(action, changed), NAMES) == [told]


@pytest.mark.parametrize(
    ("action", "changed", "told"),
    [
        ("member.renamed", {"name": [None, None]}, "Someone changed their name"),
        ("member.email_changed", {"email": [None, None]}, "Someone changed their email address"),
        ("invitation.created", {"role": [None, "admin"]}, "Someone invited someone as Admin"),
        ("person.erased", {}, "A member erased their account and personal data"),
    ],
)
def test_an_event_of_an_erased_person_is_a_sentence_too(action, changed, told):
    assert sentences(event(action, changed, target="", label=""), NAMES) == [told]


def test_several_changes_of_the_subscription_are_a_sentence_each():
    changed = {"plan": ["team", "enterprise"], "renews_on": ["", "2099-01-09"]}
    assert sentences(event("subscription.changed", changed, "Acme"), NAMES) == [
        "Alice Martin changed the plan from Team to Enterprise",
        "Alice Martin set the renewal date to Jan. 9, 2099",
    ]


@pytest.mark.parametrize(
    ("kind", "label", "told"),
    [
        ("staff", "Sam Support", "Sam Support (Support) left the workspace"),
        ("key", "Nightly sync", "API key “Nightly sync” left the workspace"),
        ("system", "system", "System left the workspace"),
        ("user", "", "Someone left the workspace"),
    ],
)
def test_who_did_it_says_what_kind_of_caller_it_was(kind, label, told):
    assert sentences(event("member.left", kind=kind, label=label), NAMES) == [told]


def test_sentences_are_in_the_readers_language():
    with override("fr"):
        told = sentences(event("member.role_changed", {"role": ["member", "admin"]}), NAMES)
        assert told == ["Alice Martin a changé le rôle de bob@acme.example de Membre à Administrateur"]
        assert actor(event("member.left", kind="system")) == ("Le système", "")


def test_plans_are_called_by_their_names():
    for plan in Plan:
        [change] = changes(event("subscription.changed", {"plan": ["", plan.value]}), NAMES)
        assert change.after == plan.label
