"""Who opened a link: noted cheaply, and told apart, as far as that can be, from scanners that open every link in mail.

An opening counts as a person's only if nothing speaks against it: it is no HEAD request, its browser is not known as a
scanner, it came later than ten seconds after the email left, and the page behind the link was shown to the same
browser. Scanners that do all that pass for people; so the note proves nothing, and nothing depends on it.
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
    """Note that the invitation's latest link was opened, if there is room for it.

    It takes no lock that anyone holds for long, and whatever goes wrong with it keeps nobody from the page.
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
            # Two at the same moment have the same number, and one of them is not kept.
            LinkOpening.objects.bulk_create([opening], ignore_conflicts=True)


def followed(invitation: Invitation, agent: str) -> None:
    """Note that the page behind the link was shown to a browser, if it is one that has just opened the link."""
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
