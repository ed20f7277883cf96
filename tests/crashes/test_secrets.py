"""Whoever reads logs, queue or a dump of the database can make no link from them."""

import base64
import re
import time
from email import message_from_bytes, policy

import pytest

from tests.crashes.console import Console, until

LINK = re.compile(r"https?://\S+?/(?:join|accounts/confirm-email|accounts/password/reset/key)/(\S+?)/?\s")
STATES = "SELECT state FROM invitations_delivery UNION ALL SELECT state FROM members_accountmail"


@pytest.fixture
def links(console: Console, worker) -> list[str]:
    """The links of an invitation, of a sign-up and of a forgotten password, each mailed by the worker and opened."""
    assert console.act("invite", ["ines@new.example"]).exitcode == 0
    assert console.act("ask_for_links", f"henri{time.time_ns()}@new.example").exitcode == 0
    until(lambda: {state for (state,) in console.rows(STATES)} == {"sent"})
    texts = [message_from_bytes(source, policy=policy.default).get_body(("plain",)) for source in console.sink.sources]
    found = [match for text in texts for match in re.findall(r"http\S+", text.get_content()) if LINK.match(match + " ")]
    assert len(found) == 3
    assert console.act("open_links", found).exitcode == 0
    return found


def _dump(console: Console) -> bytes:
    """Return the whole database as pg_dump writes it, and what its sessions hold, which it would show packed."""
    dumped = console.dump()
    assert b"ines@new.example" in dumped
    assert console.act("write_sessions", str(console.fuses.parent / "sessions")).exitcode == 0
    sessions = (console.fuses.parent / "sessions").read_bytes()
    assert b"invitation" in sessions
    return dumped + sessions


def _queue(console: Console) -> bytes:
    """Return every command that the broker ever got."""
    files = [path for path in console.layout.valkey.rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    bodies = re.findall(rb'"body": ?"([A-Za-z0-9+/=]+)"', written)
    assert bodies, "the broker was used"
    return written + b"".join(base64.b64decode(body) for body in bodies)


def test_no_token_rests_anywhere(console, links):
    time.sleep(1.5)  # the broker writes its file down every second
    log = (console.fuses.parent / "acts.log").read_bytes()
    assert b"/join/[hidden]/" in log
    assert b"Task invitations.tasks.drain" in log or b"celery" in log
    places = {"log": log, "queue": _queue(console), "database": _dump(console)}
    for link in links:
        token = LINK.match(link + " ").group(1)
        secret = token.rpartition("-" if "/reset/" in link else ":" if "/confirm-email/" in link else ".")[2]
        assert len(secret) > 20
        for place, content in places.items():
            assert b"workspace-demo" not in content
            assert secret.encode() not in content, (place, link)
