"""`make bench`: how many times the floor each kind of request costs, over 16 connections to real servers.

Only the ratios mean something: both sides run on the same machine, in the same run, under the same client. The console
runs as it is deployed, behind a proxy that speaks https, with DEBUG off: what Django keeps for debugging is paid by no
customer.
"""

import http.client
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from tests.performance import accepting, bulk, fairness, relay, sizes
from tests.performance.hosts import DOMAIN, host

if TYPE_CHECKING:
    from members.access import Actor

CONNECTIONS = 16
SECONDS = 4.0
ACCEPTANCES = 1_500
"""More than are let in within the time."""
DEPLOYED = {
    "DEBUG": "off",
    "BASE_URL": "https://127.0.0.1",
    "TRUSTED_PROXIES": "127.0.0.1",
    "SMTP_URL": "smtp://127.0.0.1",
    # One person invites all day long, and one program calls.
    "MAILS_PER_ADDRESS": "1000000",
    "MAILS_PER_INVITER": "1000000",
    "MAILS_PER_WORKSPACE": "1000000",
    "API_CALLS_PER_MINUTE": "1000000",
}
PROXY = {"Host": "127.0.0.1", "Origin": "https://127.0.0.1", "X-Forwarded-Proto": "https"}
"""What the proxy says of the request, as it came from the browser."""
Request = Callable[[], tuple[str, str, bytes | None, dict[str, str]]]
counter = itertools.count(time.time_ns())


def served(application: str, port: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--workers", "2", "--blocking-threads", "1", "--no-access-log", application],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    raise SystemExit(f"{application} does not serve")


def rate(port: int, make: Request) -> float:
    """Return requests per second; stops early when there are no requests left."""
    began = time.monotonic()
    ends = began + SECONDS

    def drive() -> int:
        connection, done = http.client.HTTPConnection("127.0.0.1", port), 0
        while time.monotonic() < ends:
            try:
                method, path, body, headers = make()
            except StopIteration:
                break
            connection.request(method, path, body, headers | PROXY)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status >= 400:
                raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        done = sum(pool.map(lambda _: drive(), range(CONNECTIONS)))
    return done / (time.monotonic() - began)


def session(admin: "Actor") -> dict[str, str]:
    """Return the headers of this Admin's signed-in session."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(apps.get_model("members", "User").objects.get(id=admin.id), settings.AUTHENTICATION_BACKENDS[0])
    cookies = client.cookies[settings.SESSION_COOKIE_NAME].OutputString([])
    cookies = f"{cookies}; {settings.CSRF_COOKIE_NAME}={accepting.SECRET}"
    return {"Cookie": cookies, "X-CSRFToken": accepting.SECRET, "Content-Type": "application/json"}


def key(admin: "Actor") -> dict[str, str]:
    """Return the headers of a script with this Admin's API key."""
    from billing_seats.keys.services import create_key  # noqa: PLC0415 -- models load after set-up

    return {"Authorization": f"Bearer {create_key(admin, name='Bench', scope='write')[1]}"}


def product_key() -> dict[str, str]:
    """Return the headers of a product that asks for entitlements."""
    from billing_seats.keys.services import create_product_key  # noqa: PLC0415 -- models load after set-up
    from billing_seats.models import Product  # noqa: PLC0415 -- as above
    from members.access import StaffMember  # noqa: PLC0415 -- models load after set-up
    from members.models import User  # noqa: PLC0415 -- as above
    from workspace_admin.demo.cast import CHAT  # noqa: PLC0415 -- as above

    staff = StaffMember(User(email=f"staff@{DOMAIN}", is_staff=True, is_superuser=True), "bench")
    return {"Authorization": f"Bearer {create_product_key(staff, Product.objects.get(slug=CHAT), name='Bench')[1]}"}


def invite_many(port: int, slug: str, emails: list[str], headers: dict[str, str]) -> None:
    """Invite all of these addresses with a seat each, by one call."""
    from workspace_admin.demo.cast import CHAT  # noqa: PLC0415 -- models load after set-up

    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"emails": emails, "seats": [CHAT]}).encode()
    headers = headers | PROXY | {"Content-Type": "application/json"}
    connection.request("POST", f"/api/v1/workspaces/{slug}/invitations/bulk", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    if answer.get("summary") != {"done": len(emails), "refused": 0}:
        raise SystemExit(f"bulk invitation: {str(answer)[:300]}")


def report_bulk(port: int, admin: "Actor") -> None:
    """Print what a call for many costs beside bare inserts."""
    script = key(admin)
    call, bare = bulk.measure(lambda emails: invite_many(port, admin.workspace.slug, emails, script))
    sys.stdout.write(
        f"{f'invite {bulk.ADDRESSES:,} by a call':23} {call * 1_000:7.0f} ms {call / bare:5.1f} times bare inserts of"
        f" the same rows ({bare * 1_000:.0f} ms, aim {bulk.AIM})\n"
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace_admin.settings")
    os.environ |= DEPLOYED
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("seed_demo", stdout=io.StringIO())
    from members.access import actor_for  # noqa: PLC0415 -- models load after set-up
    from members.models import User  # noqa: PLC0415 -- as above

    alice, admin = actor_for(User.objects.get(email="alice@acme.example"), "acme"), host(bulk.SEATS)
    people, inviter, script, product = session(alice), session(admin), key(alice), product_key()
    joining = iter(accepting.ready(ACCEPTANCES))
    ask = "/api/v1/workspaces/acme/entitlements/le-chat-team?email=bob@acme.example"
    invite = f"/api/v1/workspaces/{admin.workspace.slug}/invitations"
    floor, ours = 18731, int(os.environ.get("PORT", "8000")) + 10_000
    servers = [served("tests.performance.floor:application", floor), served("workspace_admin.wsgi:application", ours)]
    try:
        reading = rate(floor, lambda: ("GET", "/read", None, {}))
        writing = rate(floor, lambda: ("POST", "/write", b"", {}))
        sys.stdout.write(f"read floor  {reading:7.0f}/s\nwrite floor {writing:7.0f}/s\n")
        for name, base, aim, make in (
            ("API list with a key", reading, 4, lambda: ("GET", "/api/v1/workspaces/acme/members", None, script)),
            ("entitlement with a key", reading, 2.5, lambda: ("GET", ask, None, product)),
            ("Members page", reading, 11, lambda: ("GET", "/w/acme/members/", None, people)),
            (
                "invite, one workspace",
                writing,
                10,
                lambda: ("POST", invite, json.dumps({"email": f"{next(counter)}@{DOMAIN}"}).encode(), inviter),
            ),
            ("accept", writing, 8, lambda: next(joining)),
        ):
            measured = rate(ours, make)
            sys.stdout.write(f"{name:23} {measured:7.0f}/s  {base / measured:5.1f} times the floor (aim {aim})\n")
        report_bulk(ours, admin)
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    json_body = {"Content-Type": "application/json"}
    fairness.report(ours + 1, admin.workspace.slug, key(admin) | PROXY | json_body, script | PROXY)
    sizes.report()
    loop, worker = relay.measure()
    sys.stdout.write(f"{'relay':23} {worker:7.0f}/s  {worker / loop:5.2f} of a bare loop's rate (aim {relay.AIM})\n")


if __name__ == "__main__":
    main()
