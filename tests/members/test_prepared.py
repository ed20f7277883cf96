"""Prepared queries yield what the same queryset does, each time with other values."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from members.models import AuditEvent, Membership
from members.prepared import Prepared

MEMBERS = Prepared(
    lambda workspace, email: (
        Membership.objects.active()
        .filter(workspace=workspace, email=email)
        .select_related("user", "workspace__subscription")
        .annotate(place=F("workspace__slug"))
    )
)


def test_instances_come_with_their_relations_and_annotations(acme, globex, alice, bob, django_assert_num_queries):
    for workspace, email in ((acme, bob.email), (globex, alice.email), (acme, alice.email)):
        expected = workspace.memberships.get(email=email)
        with django_assert_num_queries(1):
            [member] = MEMBERS.read(workspace=workspace.id, email=email)
            assert member == expected
            assert (member.place, member.user.email) == (workspace.slug, email)
            assert member.workspace.subscription.plan == workspace.subscription.plan
    assert MEMBERS.first(workspace=globex.id, email=bob.email) is None


def test_a_missing_relation_is_none(acme):
    acme.memberships.create(email="ada@example.com", role="member", status="invited", expires_at=timezone.now())
    read = Prepared(lambda email: Membership.objects.filter(email=email).select_related("user"))
    assert read.read(email="ada@example.com")[0].user is None


def test_json_arrays_and_times_are_converted(acme):
    read = Prepared(lambda workspace, since: AuditEvent.objects.filter(workspace_id=workspace, occurred_at__gt=since))
    events = read.read(workspace=acme.id, since=timezone.now() - timedelta(days=1))
    assert events
    assert {event.id: event.changes for event in events} == dict(
        AuditEvent.objects.filter(workspace_id=acme.id).values_list("id", "changes")
    )
    assert read.read(workspace=acme.id, since=timezone.now() + timedelta(days=1)) == []


def test_tuples_come_named_where_the_queryset_names_them(acme, bob):
    rows = Membership.objects.annotate(read_at=Now())
    named = Prepared(lambda email: rows.filter(email=email).values_list("workspace_id", "seats_before", named=True))
    plain = Prepared(lambda email: rows.filter(email=email).values_list("read_at", "email"))
    [row] = named.read(email=bob.email)
    assert (row.workspace_id, row.seats_before) == (acme.id, [])
    assert plain.first(email=bob.email)[1] == bob.email


def test_parameters_may_stand_in_conditions_subqueries_and_extra(acme, alice, bob):
    rows = Membership.objects.filter(workspace=acme)
    read = Prepared(
        lambda name, email: rows.filter(Q(email=email) | Q(id__in=rows.filter(name=name).values("id"))).extra(
            where=["members_membership.email <> %s"], params=[email]
        )
    )
    assert [row.email for row in read.read(name="Bob Keller", email=alice.email)] == [bob.email]


def test_rows_are_locked(acme, bob):
    read = Prepared(
        lambda email: (
            Membership.objects.filter(email=email)
            .select_related("workspace")
            .select_for_update(no_key=True, of=("self",))
        )
    )
    with transaction.atomic():
        assert [row.workspace for row in read.read(email=bob.email)] == [acme]
    assert 'FOR NO KEY UPDATE OF "members_membership"' in read.sql


def test_a_parameter_that_is_not_given_is_refused(acme):
    with pytest.raises(KeyError, match="email"):
        MEMBERS.read(workspace=acme.id)
