"""What the mails about seats that run out say, in both parts and languages, and when they do not leave at all."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing_seats import tasks
from billing_seats.models import Notice, Product
from billing_seats.notices import render
from workspace_admin.demo import cast

ALICE, CAROL = "alice@acme.example", "carol@acme.example"


@pytest.fixture
def low(buy, use):
    buy(20)
    use(18)
    return Notice.objects.select_related("workspace", "product").get(recipient=ALICE)


@pytest.fixture
def refused(buy, use):
    buy(1)
    use(2)
    return Notice.objects.select_related("workspace", "product").get(recipient=ALICE, kind="refused")


def _parts(message) -> list[str]:
    [html] = message.alternatives
    return [message.body, html[0]]


def test_the_mail_says_of_what_how_many_are_left_and_where_to_go(low, settings):
    message = render(low)
    assert (message.to, message.subject) == ([ALICE], "Seats of Mistral Code run out in Acme")
    for part in _parts(message):
        assert "2 seats of Mistral Code are free, of 20 bought" in part
        assert f"{settings.BASE_URL}/w/acme/subscription/" in part
    assert "In use: 0\nHeld by invitations: 18\nFree: 2" in message.body


def test_the_mail_tells_what_can_be_done_here(low, settings):
    for self_service, words in [(True, "Buy more seats on the Subscription page"), (False, "Write to support")]:
        settings.SELF_SERVICE_SEATS = self_service
        assert all(words in part for part in _parts(render(low)))


def test_the_mail_is_of_the_moment_it_is_sent(low, use):
    use(1, start=18)
    assert "1 seat of Mistral Code is free" in render(low).body
    use(1, start=19)
    assert "Every seat of Mistral Code is taken" in render(low).body


def test_the_mail_of_a_refusal_says_that_nobody_loses_a_seat(refused):
    message = render(refused)
    assert message.subject == "No seat of Mistral Code was left for an invitation to Acme"
    assert all("Nobody loses a seat" in part for part in _parts(message))


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("low", "Les licences Mistral Code s’épuisent dans Acme"),
        ("refused", "Plus aucune licence Mistral Code pour une invitation dans Acme"),
    ],
)
def test_the_mail_speaks_french(name, subject, request):
    notice = request.getfixturevalue(name)
    notice.language = "fr"
    message = render(notice)
    assert message.subject == subject
    assert "Libres" in message.body
    assert 'lang="fr"' in _parts(message)[1]


def test_names_in_the_mail_are_escaped_and_no_links(low):
    low.workspace.name = "<b>www.evil.example</b>"
    low.workspace.save()
    Product.objects.filter(slug=cast.CODE).update(name="https://evil.example/<i>")
    for part in _parts(render(low)):
        assert "evil.example" not in part
    assert "<b>" not in _parts(render(low))[1]
    assert "<i>" not in _parts(render(low))[1]


def test_a_second_try_is_the_same_message(low):
    first, second = render(low), render(low)
    assert first.extra_headers == second.extra_headers
    assert first.extra_headers["Message-ID"] == low.message_id


@pytest.mark.parametrize("name", ["low", "refused"])
def test_the_mail_stays_once_there_are_seats_again(name, request, buy):
    notice = request.getfixturevalue(name)
    assert render(notice)
    buy(30)
    assert render(notice) is None


@pytest.mark.parametrize("name", ["low", "refused"])
def test_the_mail_stays_once_its_product_is_sold_no_more(name, request):
    notice = request.getfixturevalue(name)
    Product.objects.filter(slug=cast.CODE).update(retired=True)
    assert render(notice) is None


def test_the_mail_stays_once_the_offers_that_held_the_seats_ended(low, acme):
    acme.memberships.invited().update(expires_at=Now() - timedelta(seconds=1))
    assert render(low) is None


@pytest.mark.parametrize("change", [{"role": "member"}, {"status": "deactivated"}, {"email": "new@acme.example"}])
def test_the_mail_stays_once_its_reader_does_not_look_after_seats(low, acme, change):
    acme.memberships.filter(email=ALICE).update(**change)
    assert render(low) is None


def test_of_two_that_wait_only_the_later_is_sent(low, buy):
    buy(30)
    buy(20)
    later = Notice.objects.get(recipient=ALICE, kind="low", created_at__gt=low.created_at)
    assert render(low) is None
    assert render(later)


def test_the_worker_sends_them_once_and_cancels_what_is_no_longer_true(low, acme, mailoutbox):
    acme.memberships.filter(email=CAROL).update(role="member")
    tasks.drain()
    tasks.drain()
    assert [one.to for one in mailoutbox] == [[ALICE]]
    assert dict(Notice.objects.values_list("recipient", "state")) == {ALICE: "sent", CAROL: "cancelled"}
