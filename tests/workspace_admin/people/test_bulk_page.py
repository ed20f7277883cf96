"""The Members page changes many at once: a preview first, then exactly what it showed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats.lifecycle.services import change_role, deactivate
from members.job import CHUNK
from members.jobs import services as jobs
from members.models import Membership, Role, Status
from workspace_admin.demo import cast

BULK, CONFIRM = "/w/acme/members/bulk/", "/w/acme/members/bulk/confirm/"


@pytest.fixture
def crew(acme, ask_to_join, as_alice, person, member):
    """Acme's three, an invitee, and somebody deactivated."""
    ask_to_join("ada@new.example", products=[cast.CODE])
    cast.join(as_alice, person("gone@acme.example"), Role.MEMBER)
    deactivate(as_alice, member("gone@acme.example").id)
    return acme


@pytest.fixture
def preview(htmx, crew):
    """Ask what a change to everyone would do."""

    def ask(do, **selected):
        everyone = [str(one) for one in crew.memberships.values_list("id", flat=True)]
        return htmx.post(BULK, {"do": do, **(selected or {"members": everyone})})

    return ask


def outcome(response):
    context = response.context
    return context["number"], context["same"], sum(group.number for group in context["refused"])


@pytest.mark.parametrize(
    ("do", "found"),
    [
        ("role:billing", (3, 1, 1)),
        ("role:member", (1, 3, 1)),
        ("give:" + cast.CHAT, (3, 1, 1)),
        ("take:" + cast.CHAT, (1, 4, 0)),
        ("deactivate", (2, 1, 2)),
        ("reactivate", (1, 3, 1)),
        ("remove", (3, 0, 2)),
        ("resend", (1, 0, 4)),
        ("revoke", (1, 0, 4)),
    ],
)
def test_a_preview_says_who_changes_who_is_so_already_and_who_cannot(preview, do, found):
    response = preview(do)
    assert response.status_code == 200
    assert outcome(response) == found


def test_what_is_confirmed_is_what_was_shown(preview, htmx, as_alice, crew, member):
    shown = preview("role:billing")
    assert b"Change 3 roles" in shown.content
    change_role(as_alice, member("bob@acme.example").id, Role.ADMIN)
    answer = htmx.post(CONFIRM, {"preview": shown.context["preview"]})
    assert answer.context["done"] == "2 people are now Billing."
    [changed] = answer.context["refused"]
    assert (changed.names, changed.reason) == (
        ["Bob Keller"],
        "This member changed after the preview. Preview the change again.",
    )
    assert crew.memberships.filter(role=Role.BILLING).count() == 3
    assert member("bob@acme.example").role == Role.ADMIN


def test_seats_are_counted_before_and_after(preview):
    [chat] = preview("give:" + cast.CHAT).context["seats"]
    assert (chat.before, chat.after) == (9, 6)
    assert {(one.product, one.after - one.before) for one in preview("revoke").context["seats"]} == {
        ("Mistral Code", 1)
    }


def test_all_who_match_are_those_of_the_lists_filters(preview, htmx, member):
    shown = preview("role:member", filter="?status=active&q=carol")
    assert outcome(shown) == (1, 0, 0)
    htmx.post(CONFIRM, {"preview": shown.context["preview"]})
    assert member("carol@acme.example").role == Role.MEMBER


@pytest.mark.parametrize("do", ["", "role:boss", "give:nothing", "resend:all", "dance"])
def test_what_makes_no_sense_is_refused_and_so_is_nobody(preview, htmx, do):
    assert preview(do).status_code == 400
    assert htmx.post(BULK, {"do": "resend", "members": "x"}).status_code == 400
    assert htmx.post(CONFIRM, {"preview": "x"}).status_code == 400


def test_another_workspaces_member_does_not_exist(preview, globex, dana):
    theirs = globex.memberships.get(user=dana)
    assert outcome(preview("remove", members=[str(theirs.id)])) == (0, 0, 1)
    assert globex.memberships.filter(id=theirs.id).exists()


def test_nobody_confirms_what_another_was_shown(preview, carol, client_for, person, as_alice, crew):
    shown = preview("role:billing").context["preview"]
    other = person("second@acme.example")
    cast.join(as_alice, other, Role.ADMIN)
    assert client_for(other).post(CONFIRM, {"preview": shown}).status_code == 400
    assert client_for(carol).post(BULK, {"do": "remove", "members": "x"}).status_code == 403
    assert crew.memberships.filter(role=Role.BILLING).count() == 1


@pytest.fixture
def many(htmx, crew):
    """A hundred more people than one request changes, and the job that changes them."""
    Membership.objects.bulk_create(
        Membership(
            workspace=crew,
            email=f"guest{number}@new.example",
            sort_name=f"guest{number}",
            role=Role.MEMBER,
            status=Status.INVITED,
            expires_at=Now() + timedelta(days=3),
        )
        for number in range(CHUNK + 20)
    )
    shown = htmx.post(BULK, {"do": "role:billing", "filter": "?q=guest"})
    assert outcome(shown) == (CHUNK + 20, 0, 0)
    crew.memberships.filter(email="guest7@new.example").update(name="Changed")
    answer = htmx.post(CONFIRM, {"preview": shown.context["preview"]})
    return answer.headers["HX-Redirect"]


def test_more_than_a_hundred_become_a_job_with_a_page(many, htmx, plain, crew, carol, client_for):
    waiting = htmx.get(many).content.decode()
    assert "0 of 120 done" in waiting
    assert f'hx-get="{many}"' in waiting
    while jobs.run_next():
        pass
    ended = plain.get(many)
    assert "119 people were changed" in ended.content.decode()
    [group] = ended.context["refused"]
    assert (group.number, group.names) == (1, ["guest7@new.example"])
    assert "hx-trigger" not in htmx.get(many).content.decode()
    assert crew.memberships.filter(role=Role.BILLING, email__startswith="guest").count() == CHUNK + 19
    lines = b"".join(plain.get(f"{many}answers.csv")).decode().splitlines()
    assert (lines[0], len(lines)) == ("email,result,code,detail", CHUNK + 21)
    assert client_for(carol).get(many).status_code == 403


def test_stopped_it_says_so_and_what_was_done_stays(many, plain, crew):
    assert jobs.run_next()
    stopped = plain.post(f"{many}stop/", follow=True).content.decode()
    assert "Stopped before the end." in stopped
    assert not jobs.run_next()
    assert crew.memberships.filter(role=Role.BILLING, email__startswith="guest").count() == CHUNK - 1
