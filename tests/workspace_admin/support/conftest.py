"""Sam acts for support, Vera only looks, and the superuser could do anything if the admin let them."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from invitations.inviting import invite
from invitations.models import Invitation
from tests.workspace_admin.support.pages import ZOE
from workspace_admin.support.staff import make_staff


@pytest.fixture
def sam(person):
    user = person("support@example.com", "Sam Support")
    make_staff(user)
    return user


@pytest.fixture
def vera(person):
    user = person("viewer@example.com", "Vera Viewer")
    make_staff(user, "Support, view only")
    return user


@pytest.fixture
def root(person):
    return person("superuser@example.com", "Superuser", is_staff=True, is_superuser=True)


@pytest.fixture
def invitation(as_alice) -> Invitation:
    [answer] = invite(as_alice, [ZOE], products=["le-chat-team"])
    Invitation.objects.update(sent_at=Now() - timedelta(minutes=5))
    return answer.invitation
