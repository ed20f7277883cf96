"""`make run`: the whole console on one machine. `make manage`: a command against it."""

import errno
import os
import socket
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import NoReturn

import psycopg
from psycopg import sql

from workspace_admin.devserver import ipv6
from workspace_admin.devserver.layout import ROOT, EmbeddedError, Layout
from workspace_admin.devserver.processes import environment_of_console
from workspace_admin.devserver.supervisor import Supervisor, supervised

HOST = "127.0.0.1"
THREADS = "4"
"""Requests that a web worker handles at once. With one, everyone sent to it waited for a long bulk call or export."""
_PATIENCE = 60.0
_NO_IPV6 = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
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


def _free_addresses(port: int) -> list[str]:
    """Return the loopback addresses of this machine, or raise EmbeddedError if the port is taken."""
    found = []
    for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, ipv6.HOST)):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            if family == socket.AF_INET6 and error.errno in _NO_IPV6:
                break
            raise EmbeddedError(f"PORT: {host} port {port} cannot be used ({error.strerror}).") from error
        found.append(host)
    return found


def _fingerprint() -> str:
    """Return what the schema depends on: our migrations, and the locked packages for theirs."""
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


def _start_web(supervisor: Supervisor, addresses: Sequence[str]) -> None:
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
    if ipv6.HOST in addresses:
        supervisor.start("ipv6", _module("workspace_admin.devserver.ipv6", port))
    _wait_ready(supervisor, addresses)


def _start_celery(supervisor: Supervisor) -> None:
    celery = ("celery", "-A", "workspace_admin")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    supervisor.start("worker", _module(*celery, "worker", "--hostname", "worker@%h", "--concurrency", "2", *quiet))
    accounts = ("--hostname", "accounts@%h", "--queues", "accounts", "--concurrency", "1")
    supervisor.start("accounts", _module(*celery, "worker", *accounts, *quiet))
    supervisor.start("beat", _module(*celery, "beat", "--pidfile", "", "--loglevel", "INFO"))


def _ready(address: str, port: int) -> bool:
    connection = HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/healthz/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _wait_ready(supervisor: Supervisor, addresses: Sequence[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not all(_ready(address, supervisor.layout.port) for address in addresses):
        supervisor.pause()
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The web server was not ready in time: see {supervisor.layout.log('web')}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run() -> None:
    """Run the console until a signal comes and raise Stopped, or EmbeddedError if a part of it doesn't stay up."""
    layout = Layout.from_environment()
    with supervised(layout) as supervisor:
        addresses = _free_addresses(layout.port)
        supervisor.env.setdefault("GRANIAN_BLOCKING_THREADS", THREADS)
        base = supervisor.env["BASE_URL"] = os.environ.get("BASE_URL") or f"http://localhost:{layout.port}"
        supervisor.env.setdefault("SELF_SERVICE_SEATS", "on")  # so that there is something to try out
        _say("Starting the servers ...")
        supervisor.start_servers()
        _say("Bringing the database up to date ...")
        bring_up_to_date(supervisor)
        _start_web(supervisor, addresses)
        _start_celery(supervisor)
        where = f"DATA_DIR={os.environ['DATA_DIR']} " if os.environ.get("DATA_DIR") else ""
        _say(f"\nThe console runs at {base}/  (mail: {base}/dev/mailbox/)\n{_SIGN_INS}")
        _say(f'Run a command against it with {where}make manage ARGS="deliveries"')
        _say(f"Logs are in {layout.log('web').parent}. Ctrl-C stops everything.")
        supervisor.watch()


def manage(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by a management command, with the environment of the running console."""
    data = Layout.from_environment().data
    environment = environment_of_console(data)
    if environment is None:
        raise EmbeddedError(f"No console runs on {data}. Start it with make run; a second one has its own DATA_DIR.")
    command = _manage(*arguments)
    os.execve(command[0], command, environment)  # noqa: S606 -- our own command line
