"""How fast one worker sends, beside a bare loop over the same messages.

Both render with the same templates and send over one connection to the same SMTP server, which is a process of its own
and throws everything away. The bare loop knows no outbox: it has in memory what the worker reads, fences and marks.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import mailers

from tests.performance.hosts import DOMAIN, host
from tests.providers import free_port

if TYPE_CHECKING:
    from members.access import Actor

MAILS = 600
ROUNDS = 3
AIM = 0.35
_SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
class Handler:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="sink.example"), "127.0.0.1", int(sys.argv[1]))
    print("up", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@contextmanager
def sink() -> Iterator[None]:
    """Send all mail to a server that takes everything."""
    port, before = free_port(), settings.MAILERS
    process = subprocess.Popen([sys.executable, "-c", _SINK, str(port)], stdout=subprocess.PIPE)
    process.stdout.readline()
    options = {"host": "127.0.0.1", "port": port, "timeout": 10}
    settings.MAILERS = {"default": {"BACKEND": "members.outbox.smtp.EmailBackend", "OPTIONS": options}}
    try:
        yield
    finally:
        settings.MAILERS = before
        process.terminate()
        process.wait()


def queue(admin: "Actor") -> None:
    """Invite so many people anew, and nobody else."""
    from invitations.inviting import CHUNK, invite  # noqa: PLC0415 -- as above
    from invitations.models import Delivery  # noqa: PLC0415 -- models load after the set-up

    Delivery.objects.exclude(state="sent").delete()
    names = [f"r{time.monotonic_ns()}-{number}@{DOMAIN}" for number in range(MAILS)]
    for start in range(0, MAILS, CHUNK):
        invite(admin, names[start : start + CHUNK])


def bare() -> float:
    """Return the loop's emails per second."""
    from invitations.delivery import emails  # noqa: PLC0415 -- as above
    from invitations.models import Delivery  # noqa: PLC0415 -- as above
    from members.outbox.compose import compose  # noqa: PLC0415 -- as above

    known: list[dict] = []
    emails.compose = lambda template, **parts: known.append({"template": template, **parts})
    for delivery in Delivery.objects.filter(state="queued"):
        emails.render(delivery)
    emails.compose = compose
    connection = mailers["default"]
    connection.open()
    began = time.perf_counter()
    for parts in known:
        connection.send_messages([compose(parts["template"], **{k: v for k, v in parts.items() if k != "template"})])
    took = time.perf_counter() - began
    connection.close()
    return len(known) / took


def ours() -> float:
    """Return a worker's emails per second."""
    from invitations.tasks import drain  # noqa: PLC0415 -- as above

    began = time.perf_counter()
    sent = 0
    while done := drain():
        sent += done
    took = time.perf_counter() - began
    assert sent == MAILS
    return sent / took


def measure() -> tuple[float, float]:
    """Return the best rates of the bare loop and of the worker, measured alternately."""
    best, admin = (0.0, 0.0), host()
    with sink():
        for _ in range(ROUNDS):
            queue(admin)
            best = max(best[0], bare()), max(best[1], ours())
    return best
