"""What a process of its own does in a crash test. Everything of Django is imported inside: pytest has its own."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from workspace_admin.devserver.processes import die_with_parent


def _begin() -> None:
    die_with_parent(signal.SIGKILL)
    log = os.open(Path(os.environ["FUSES"]).parent / "acts.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from tests.crashes import loaded  # noqa: F401, PLC0415 -- see above


def create_workspace() -> None:
    _begin()
    from workspace_admin.demo import cast  # noqa: PLC0415 -- see above

    cast.add_products()
    cast.create_workspace(cast.WORKSPACES[0], cast.add_person("alice@acme.example", "Alice Martin", "workspace-demo"))


def open_another() -> None:
    """Open Globex beside Acme."""
    _begin()
    from workspace_admin.demo import cast  # noqa: PLC0415 -- see above

    cast.create_workspace(cast.WORKSPACES[1], cast.add_person("dana@globex.example", "Dana Weber", "workspace-demo"))


def fill(count: int) -> None:
    """Leave a backlog: so many invitations of Acme, above any day's limit."""
    _begin()
    from django.conf import settings  # noqa: PLC0415 -- see above

    from invitations import services  # noqa: PLC0415 -- see above
    from members.access import actor_for  # noqa: PLC0415 -- see above
    from members.models import User  # noqa: PLC0415 -- see above

    settings.MAILS_PER_INVITER = settings.MAILS_PER_WORKSPACE = 10 * count
    alice = actor_for(User.objects.get(email="alice@acme.example"), "acme")
    for start in range(0, count, 100):
        answers = services.invite(alice, [f"p{n}@backlog.example" for n in range(start, start + 100)])
        assert all(answer.error is None for answer in answers)


def invite_to_globex(email: str) -> None:
    """Invite as Dana."""
    _begin()
    from invitations import services  # noqa: PLC0415 -- see above
    from members.access import actor_for  # noqa: PLC0415 -- see above
    from members.models import User  # noqa: PLC0415 -- see above

    dana = actor_for(User.objects.get(email="dana@globex.example"), "globex")
    assert services.invite(dana, [email])[0].error is None


def invite(emails: list[str]) -> None:
    """Invite as Alice; the process ends well if all were invited within three seconds."""
    _begin()
    from invitations import inviting  # noqa: PLC0415 -- see above
    from members.access import actor_for  # noqa: PLC0415 -- see above
    from members.models import User  # noqa: PLC0415 -- see above

    alice = actor_for(User.objects.get(email="alice@acme.example"), "acme")
    began = time.monotonic()
    answers = inviting.invite(alice, emails, note="Mind the gap")
    assert all(answer.error is None for answer in answers)
    assert time.monotonic() - began < 3


def start_job(kind: str, emails: list[str]) -> None:
    """Start a job as Alice that invites these people, or that removes them, who are members then."""
    _begin()
    from members.access import Action, actor_for  # noqa: PLC0415 -- see above
    from members.jobs import services as jobs  # noqa: PLC0415 -- see above
    from members.models import Membership, User  # noqa: PLC0415 -- see above

    alice = actor_for(User.objects.get(email="alice@acme.example"), "acme")
    if kind == "invitations.invite":
        jobs.start(alice, Action.INVITE, kind, [{"email": email} for email in emails], {})
        return
    users = User.objects.bulk_create(User(email=email, password="!") for email in emails)
    members = Membership.objects.bulk_create(
        Membership(workspace=alice.workspace, user=user, email=user.email, role="member", status="active")
        for user in users
    )
    jobs.start(alice, Action.REMOVE, kind, [{"member": member.id} for member in members], {"remove": True})


def run_jobs() -> None:
    """Run jobs as a worker does that is busy with mail too: a nudge for each chunk."""
    _begin()
    from members import tasks  # noqa: PLC0415 -- see above
    from members.models import Job  # noqa: PLC0415 -- see above

    tasks.JOB_SECONDS = 0
    while Job.objects.filter(ended_at=None).exists():
        tasks.run_jobs()


def relay(policy: str = "resend", patience: float = 20) -> None:
    """Do what worker and beat do, at a quicker step, until nothing is left to do."""
    _begin()
    from django.conf import settings  # noqa: PLC0415 -- see above

    from invitations import tasks  # noqa: PLC0415 -- see above
    from invitations.models import Delivery  # noqa: PLC0415 -- see above

    settings.UNKNOWN_DELIVERY_POLICY = policy
    wanted = {"queued", "sending"} | ({"unknown"} if policy == "resend" else set())
    ends = time.monotonic() + patience
    while Delivery.objects.filter(state__in=wanted).exists():
        tasks.drain()
        time.sleep(0.1)
        if time.monotonic() > ends:
            sys.exit("some are left")


def worker(name: str = "worker", concurrency: int = 1, *options: str) -> None:
    _begin()
    from tests.crashes.loaded import app  # noqa: PLC0415 -- see above

    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    app.worker_main(["worker", "--hostname", f"{name}@%h", "--concurrency", str(concurrency), *options, *quiet])


def beat() -> None:
    _begin()
    from tests.crashes.loaded import app  # noqa: PLC0415 -- see above

    app.start(["beat", "--pidfile", "", "--loglevel", "INFO"])


def ask_for_links(newcomer: str) -> None:
    """Sign up with a new address, and forget Alice's password, on the pages."""
    _begin()
    client = _browser()
    values = {"email": newcomer, "name": "Henri", "password1": "a-Password-42"}
    assert client.post("/accounts/signup/", values).status_code == 302
    assert _browser().post("/accounts/password/reset/", {"email": "alice@acme.example"}).status_code == 302


def open_links(urls: list[str]) -> None:
    """Follow links as people do who have just got them."""
    _begin()
    for url in urls:
        assert _browser().get(url, follow=True).status_code == 200


def write_sessions(path: str) -> None:
    """Write down what all sessions hold."""
    _begin()
    from members.models import Session  # noqa: PLC0415 -- see above

    Path(path).write_text("\n".join(str(session.get_decoded()) for session in Session.objects.all()))


def _browser() -> Any:
    from django.test import Client  # noqa: PLC0415 -- see above

    return Client(SERVER_NAME="127.0.0.1")
