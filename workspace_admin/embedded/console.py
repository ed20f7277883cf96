"""`make run`: the whole console on one machine."""

import os
import socket
import sys
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import psycopg

from workspace_admin.embedded.layout import ROOT, EmbeddedError, Layout
from workspace_admin.embedded.supervisor import Supervisor, supervised

HOST = "127.0.0.1"
_PATIENCE = 60.0
_SIGN_INS = """
  Acme    alice@acme.example    Admin
          bob@acme.example      Member with a le Chat Team seat
          carol@acme.example    Billing
  Globex  dana@globex.example   Admin (alice is a Member here)
  Solo    erin@solo.example     Admin, on the Free plan
  Support support@example.com   staff          superuser@example.com   superuser

  Password of all: workspace-demo
"""


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _check_port(layout: Layout) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, layout.port))
        except OSError as error:
            raise EmbeddedError(f"PORT: {HOST}:{layout.port} cannot be used ({error.strerror}).") from error


def migrate(supervisor: Supervisor) -> None:
    """Bring the database up to date, as the owner of its tables, and put in the demo cast where nobody is yet."""
    owner = supervisor.env.get("OWNER_DATABASE_URL", supervisor.env["DATABASE_URL"])
    supervisor.run(
        "migrate",
        _manage("migrate", "--no-input", "--verbosity", "1"),
        env={"DATABASE_URL": owner},
    )
    supervisor.run("cachetable", _manage("createcachetable"), env={"DATABASE_URL": owner})
    with psycopg.connect(owner) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM members_user)").fetchone()
    if row == (False,):
        supervisor.run("seed", _manage("seed_demo"))


def _start_console(supervisor: Supervisor) -> None:
    port = str(supervisor.layout.port)
    web = (
        "--interface",
        "wsgi",
        "--host",
        HOST,
        "--port",
        port,
        "--workers",
        "2",
        "--blocking-threads",
        "1",
        "--no-ws",
    )
    supervisor.start("web", _module("granian", *web, "workspace_admin.wsgi:application"))
    celery = ("celery", "-A", "workspace_admin")
    quiet = ("--without-gossip", "--without-mingle")
    supervisor.start(
        "worker",
        _module(*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", *quiet),
    )
    schedule = str(supervisor.layout.data / "beat-schedule")
    supervisor.start(
        "beat",
        _module(
            *celery,
            "beat",
            "--schedule",
            schedule,
            "--pidfile",
            "",
            "--loglevel",
            "INFO",
        ),
    )


def _ready(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _wait_ready(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _ready(supervisor.layout.port):
        supervisor.pause()
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The web server was not ready in time: see {supervisor.layout.log('web')}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run() -> None:
    """Run the console until a signal comes.

    Raises:
        EmbeddedError: it could not start, or a part of it crashed.
        Stopped: a signal came; everything is stopped by then.
    """
    layout = Layout.from_environment()
    with supervised(layout) as supervisor:
        _check_port(layout)
        supervisor.env.setdefault("BASE_URL", f"http://{HOST}:{layout.port}")
        _say("Starting the servers ...")
        supervisor.start_servers()
        _say("Bringing the database up to date ...")
        migrate(supervisor)
        _start_console(supervisor)
        _wait_ready(supervisor)
        base = os.environ.get("BASE_URL") or supervisor.env["BASE_URL"]
        _say(f"\nThe console runs at {base}/  (mail: {base}/dev/mailbox/)\n{_SIGN_INS}")
        _say(f"Logs are in {layout.log('web').parent}. Ctrl-C stops everything.")
        while True:
            supervisor.pause()
