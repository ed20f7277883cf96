"""docker-compose.yml, read as Compose reads it: what reaches the console, what bounds it, and which versions run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workspace_admin.devserver.layout import ROOT

DEVELOPMENT = {"DEBUG", "PORT", "DATA_DIR"}
"""Settings of `make run` alone."""
SECRETS = {
    "SECRET_KEY": "an-only-key-for-tests-" + "0123456789abcdef" * 4,
    "INVITATION_KEYS": "another-key-for-tests-" + "0123456789abcdef" * 4,
    **dict.fromkeys(("POSTGRES_PASSWORD", "OWNER_PASSWORD", "CONSOLE_PASSWORD", "VALKEY_PASSWORD"), "pw"),
}
PINNED = re.compile(r":v?\d+\.\d+\.?\d*(-[a-z]+[\d.]*)*$")
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?)([-?])([^}]*))?\}")

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
CONSOLE = [name for name, service in SERVICES.items() if "build" in service]


def interpolated(text: str, given: dict[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME-default}`, `${NAME:-default}` and `${NAME:?message}`."""

    def fill(match: re.Match[str]) -> str:
        name, colon, kind, rest = match.groups()
        missing = name not in given or (colon and not given[name])
        assert not (missing and kind == "?"), rest
        return rest or "" if missing else given[name]

    return _VARIABLE.sub(fill, text)


def lines(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line and not line.startswith("#"))


def container(service: str, given: dict[str, str], mail: dict[str, str] | None = None) -> dict[str, str]:
    """The variables of a container: those of its files, the later one winning, then those under `environment`."""
    found: dict[str, str] = {}
    for file in SERVICES[service]["env_file"]:
        values = (mail or {}) if file["path"] == "mail.env" else lines(ROOT / file["path"])
        found |= {name: interpolated(value, given) for name, value in values.items()}
    return found | {name: interpolated(value, given) for name, value in SERVICES[service]["environment"].items()}


def documented() -> set[str]:
    table = re.search(r"^## Configuration$.*?^## ", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL).group()
    firsts = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    return {name for cell in firsts for name in re.findall(r"`([A-Z_]+)`", cell)}


def read() -> set[str]:
    code = (ROOT / "workspace_admin" / "settings.py").read_text()
    return set(re.findall(r"\b(?:env\.\w+|number)\(\s*\"([A-Z_]+)\"", code))


def test_the_readme_names_every_setting_that_is_read():
    assert documented() == read()


@pytest.mark.parametrize("service", CONSOLE)
def test_every_documented_setting_reaches_the_console(service):
    given = SECRETS | {name: f"value-of-{name}" for name in documented()}
    found = container(service, given)
    assert set(found) == documented() - DEVELOPMENT
    own = {name: value for name, value in found.items() if name not in {*SECRETS, "DATABASE_URL", "REDIS_URL"}}
    assert own == {name: f"value-of-{name}" for name in own}


def started(environment: dict[str, str]) -> list[str]:
    """The way in which a container with this environment would send mail, by whom and to whom it listens."""
    code = "import django.conf; s = django.conf.settings; m = s.MAILERS['default']; print(m['BACKEND'], "
    code += "m.get('OPTIONS', {}).get('host'), s.DEFAULT_FROM_EMAIL, s.ALLOWED_HOSTS, s.OUTBOX_LEASE_SECONDS, sep='|')"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environment}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return (done.stdout.strip() or done.stderr.strip().splitlines()[-1]).split("|")


def test_with_its_secrets_alone_it_starts_and_mail_goes_to_mailpit():
    assert started(container("web", SECRETS | {"BASE_URL": "https://console.example.com"})) == [
        "members.outbox.smtp.EmailBackend",
        "mailpit",
        "Workspace console <no-reply@console.example.com>",
        "['console.example.com']",
        "20.0",
    ]


def test_the_mail_provider_may_be_named_beside_its_key():
    mail = {
        "EMAIL_PROVIDER": "postmark",
        "ANYMAIL_POSTMARK_SERVER_TOKEN": "x",
        "DEFAULT_FROM_EMAIL": "a@b.example",
        "OUTBOX_LEASE_SECONDS": "30",
    }
    found = started(container("worker", SECRETS, mail))
    assert found == ["anymail.backends.postmark.EmailBackend", "None", "a@b.example", "['localhost']", "30.0"]
    [error] = started(container("worker", SECRETS, mail | {"EMAIL_PROVIDER": "postmrk"}))
    assert error.startswith("django.core.exceptions.ImproperlyConfigured: EMAIL_PROVIDER: ")


def test_the_mail_provider_may_be_named_where_the_other_settings_are():
    given = SECRETS | {"EMAIL_PROVIDER": "resend"}
    assert (
        started(container("web", given, {"ANYMAIL_RESEND_API_KEY": "x"}))[0] == "anymail.backends.resend.EmailBackend"
    )
    [error] = started(container("web", given))
    assert error.startswith("django.core.exceptions.ImproperlyConfigured: ANYMAIL_RESEND_API_KEY: ")


def test_the_environment_that_is_made_is_all_that_is_asked_for(tmp_path):
    made = subprocess.run(
        [ROOT / "docs/deployment/production-env"], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
    )
    (tmp_path / ".env").write_text(made.stdout)
    given = lines(tmp_path / ".env")
    assert started(container("web", given))[0] == "members.outbox.smtp.EmailBackend"
    text = (ROOT / "docker-compose.yml").read_text()
    assert {name for name, *_ in _VARIABLE.findall(text)} == set(given)


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_take_the_whole_machine(name):
    service = SERVICES[name]
    assert {"mem_limit", "cpus", "pids_limit", "restart"} <= set(service)
    assert service["logging"]["driver"] == "json-file"
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_of_one_version(name):
    service = SERVICES[name]
    assert service["image"] == "workspace-admin:local" if "build" in service else PINNED.search(service["image"])


def test_the_image_is_built_from_one_version_of_python_and_of_uv():
    dockerfile, setup = (ROOT / "Dockerfile").read_text(), (ROOT / ".ci" / "setup").read_text()
    assert len(set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))) == 1
    assert all(PINNED.search(image) for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    assert re.search(r"^uv==\d+\.\d+\.\d+$", (ROOT / ".ci" / "uv.txt").read_text(), re.MULTILINE)
    for text in (dockerfile, setup):
        assert "--requirement" in text
        assert not re.search(r"pip install .*\buv$", text, re.MULTILINE)
