"""`make run`: the whole console on one machine."""

import os
import socket
import sys
import time
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import psycopg
from psycopg import sql

from workspace_admin.devserver.layout import ROOT, EmbeddedError, Layout
from workspace_admin.devserver.supervisor import Supervisor, supervised

HOST = "127.0.0.1"
THREADS = "4"
"""Requests that a web worker handles at once. With one, everyone sent to it waited for a long bulk call or export."""
_PATIENCE = 60.0
_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
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


def _fingerprint() -> str:
    """Answer what the schema depends on: our migrations, and the locked packages for theirs."""
    digest = sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def bring_up_to_date(supervisor: Supervisor) -> None:
    """Migrate as the owner of the tables, and put in the demo cast where nobody is yet.

    The database remembers, as its comment, by which files it was migrated last: asking Django costs seconds. Without
    comment an embedded one never got as far, and a cast that is half there is completed.
    """
    embedded = "OWNER_DATABASE_URL" in supervisor.env
    owner = supervisor.env["OWNER_DATABASE_URL" if embedded else "DATABASE_URL"]
    fingerprint = _fingerprint()
    with psycopg.connect(owner, autocommit=True) as connection:
        (remembered,) = connection.execute(_COMMENT).fetchone() or (None,)
        if remembered != fingerprint:
            supervisor.run("migrate", _manage("migrate", "--no-input"), env={"DATABASE_URL": owner})
            supervisor.run("cachetable", _manage("createcachetable"), env={"DATABASE_URL": owner})
        nobody = connection.execute("SELECT NOT EXISTS (SELECT FROM members_user)").fetchone() == (True,)
        if nobody or (embedded and remembered is None):
            supervisor.run("seed", _manage("seed_demo"))
        if remembered != fingerprint:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(fingerprint)))


def _start_web(supervisor: Supervisor) -> None:
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
        "--no-ws",
    )
    supervisor.start("web", _module("granian", *web, "workspace_admin.wsgi:application"))
    _wait_ready(supervisor)


def _start_celery(supervisor: Supervisor) -> None:
    celery = ("celery", "-A", "workspace_admin")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    supervisor.start("worker", _module(*celery, "worker", "--hostname", "worker@%h", "--concurrency", "2", *quiet))
    accounts = ("--hostname", "accounts@%h", "--queues", "accounts", "--concurrency", "1")
    supervisor.start("accounts", _module(*celery, "worker", *accounts, *quiet))
    supervisor.start("beat", _module(*celery, "beat", "--pidfile", "", "--loglevel", "INFO"))


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
        EmbeddedError: it could not start, a server crashed, or a process did again and again.
        Stopped: a signal came; everything is stopped by then.
    """
    layout = Layout.from_environment()
    with supervised(layout) as supervisor:
        _check_port(layout)
        supervisor.env.setdefault("GRANIAN_BLOCKING_THREADS", THREADS)
        supervisor.env.setdefault("BASE_URL", f"http://{HOST}:{layout.port}")
        supervisor.env.setdefault("SELF_SERVICE_SEATS", "on")  # so that there is something to try out
        _say("Starting the servers ...")
        supervisor.start_servers()
        _say("Bringing the database up to date ...")
        bring_up_to_date(supervisor)
        _start_web(supervisor)
        _start_celery(supervisor)
        base = os.environ.get("BASE_URL") or supervisor.env["BASE_URL"]
        _say(f"\nThe console runs at {base}/  (mail: {base}/dev/mailbox/)\n{_SIGN_INS}")
        _say(f"Logs are in {layout.log('web').parent}. Ctrl-C stops everything.")
        supervisor.watch()
