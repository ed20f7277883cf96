"""Who opened a link, and whether it was a person or a scanner that opens every link in mail, as far as can be told.

An opening counts as a person's unless something speaks against it: it is a HEAD request, its browser is a known
scanner, it came within ten seconds of the email, or the page behind the link was never shown to the same browser.
Scanners that do all of that pass for people, so nothing depends on this.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import Max
from django.db.models.functions import Now

from invitations.models import Invitation, LinkOpening

MOST = 50
"""Openings kept of one invitation: its first ones."""
AGENT_LENGTH = 200
SOON = timedelta(seconds=10)
"""From the sending on: scanners open links as the mail arrives, people take longer to read it."""
_REDIRECT = timedelta(minutes=1)
"""What the way from the link to the page behind it may take."""
_SCANNER = re.compile(
    r"bot\b|crawl|spider|scan|preview|monitor|headless|phantom|curl|wget|python|java/|go-http|okhttp|axios|\bnode\b|\bruby\b|\bperl\b"
    r"|libwww|httpclient|urllib|proofpoint|mimecast|barracuda|forcepoint|fireeye|trellix|symantec|sophos|fortinet|cisco"
    r"|ironport|avanan|trend ?micro|kaspersky|checkpoint|zscaler|cloudmark|safelinks|urldefense|googleimageproxy"
    r"|yahoomailproxy|ms-?office|microsoft office|whatsapp|facebookexternalhit|slack|telegram|skypeuri|virustotal",
    re.IGNORECASE,
)
log = structlog.get_logger(__name__)


def note(invitation: Invitation, method: str, agent: str) -> None:
    """Record that the invitation's latest link was opened, unless there are enough records.

    It holds no lock for long, and no error in it keeps anyone from the page.
    """
    opening = LinkOpening(
        workspace_id=invitation.workspace_id,
        invitation=invitation,
        generation=invitation.generation,
        method=method[:4],
        agent=_kept(agent),
    )
    with _harmless():
        notes = LinkOpening.objects.filter(workspace=invitation.workspace_id, invitation=invitation)
        opening.number = notes.aggregate(last=Max("number", default=0))["last"] + 1
        if opening.number <= MOST:
            # Two at the same moment have the same number, and only one is kept.
            LinkOpening.objects.bulk_create([opening], ignore_conflicts=True)


def followed(invitation: Invitation, agent: str) -> None:
    """Record that the page behind the link was shown to a browser that has just opened the link."""
    with _harmless():
        LinkOpening.objects.filter(
            workspace=invitation.workspace_id,
            invitation=invitation,
            generation=invitation.generation,
            agent=_kept(agent),
            at__gt=Now() - _REDIRECT,
            followed=False,
        ).update(followed=True)


def _kept(agent: str) -> str:
    return "".join(char for char in agent if char.isprintable())[:AGENT_LENGTH]


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        log.warning("opening_not_noted", error=type(error).__name__)


def by_scanner(opening: LinkOpening, sent_at: datetime | None) -> bool:
    """Return whether a scanner seems to have opened the link; ``sent_at`` is when its email was sent."""
    at_once = sent_at is not None and opening.at - sent_at < SOON
    known = not opening.agent or _SCANNER.search(opening.agent) is not None
    return opening.method != "GET" or known or at_once or not opening.followed
