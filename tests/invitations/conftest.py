"""An email that left, and a provider that may tell of it."""

import warnings

import pytest
from anymail.exceptions import AnymailNotSupportedWarning

from invitations.models import Delivery
from tests.invitations.delivery.amazon import amazon
from tests.invitations.delivery.payloads import SECRET, SIGNING_KEY, sent


@pytest.fixture
def telling(settings, monkeypatch):
    """Let providers tell, under the secret, with Mailgun's key set, and Amazon's certificates where they are sought."""
    for name, value in amazon().environment.items():
        monkeypatch.setenv(name, value)
    settings.EMAIL_WEBHOOK_SECRET = SECRET
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}
    warnings.simplefilter("ignore", AnymailNotSupportedWarning)


@pytest.fixture
def ada(as_alice, telling) -> Delivery:
    """Ada is invited to Acme, and the email has left."""
    return sent(as_alice)
