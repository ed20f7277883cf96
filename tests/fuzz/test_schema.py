"""Requests made at random from the schema, against a whole console: no answer is outside of what the schema says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")
# A key may call 600 times a minute; a session is not counted.
SLOWLY = {"session": [], "key": ["--rate-limit", "550/m"] if int(EXAMPLES) > 5 else []}
PHASES = {"session": "coverage,fuzzing", "key": "fuzzing"}
CHECKS = """
[parameters]
"path.workspace" = "acme"
"path.member" = "{member}"
"path.invitation" = "{invitation}"
"path.product" = "le-chat-team"
"query.cursor" = ""
"header.If-Match" = "*"

# Two fields of which one is wanted cannot be said of a query; nor which addresses and names pass, but by trying.
[[operations]]
include-path-regex = "/(entitlements|invitations|members|api-keys)|/workspaces/{{workspace}}$"
checks.positive_data_acceptance.expected-statuses = [200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 429]

# Only a session may call these. It is left out of some requests, and yet comes along by the headers that are set here.
[[operations]]
include-path-regex = "/api-keys"
checks.negative_data_rejection.enabled = {anonymous}

[checks]
ignored_auth.enabled = {anonymous}
"""


@pytest.fixture
def alice(console) -> requests.Session:
    """Alice's sign-in, as a browser has it."""
    session = requests.Session()
    page = session.get(f"{console.url}/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"login": "alice@acme.example", "password": "workspace-demo", "csrfmiddlewaretoken": token}
    answer = session.post(f"{console.url}/accounts/login/", form, headers={"Referer": f"{console.url}/"})
    assert "/w/" in answer.url
    csrf = next(cookie.value for cookie in session.cookies if "csrf" in cookie.name)
    session.headers.update({"X-CSRFToken": csrf, "Origin": console.url})
    return session


def _ids(console, alice, face) -> dict[str, str]:
    """Somebody to be changed, and removed, by chance; and an offer."""
    api = f"{console.url}/api/v1/workspaces/acme"
    others = [
        one for one in alice.get(f"{api}/members?status=active").json()["data"] if not one["email"].startswith("alice")
    ]
    offer = alice.post(f"{api}/invitations", json={"email": f"{face}@example.com"}).json()
    return {"member": others[0]["id"], "invitation": offer["id"]}


def _headers(console, alice, face) -> dict[str, str]:
    if face == "session":
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in alice.cookies)
        return {name: alice.headers[name] for name in ("X-CSRFToken", "Origin")} | {"Cookie": cookies}
    made = alice.post(f"{console.url}/api/v1/workspaces/acme/api-keys", json={"name": "Fuzz", "scope": "write"})
    return {"Authorization": f"Bearer {made.json()['secret']}"}


@pytest.mark.soak
@pytest.mark.parametrize("face", ["session", "key"])
def test_every_answer_is_as_the_schema_says(console, alice, tmp_path, face):
    config = tmp_path / "schemathesis.toml"
    config.write_text(CHECKS.format(**_ids(console, alice, face), anonymous="true" if face == "key" else "false"))
    sent = _headers(console, alice, face)
    words = [word for name, value in sent.items() for word in ("--header", f"{name}: {value}")]
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run",
            f"{console.url}/api/v1/schema", *words, "--max-examples", EXAMPLES, "--phases", PHASES[face],
            "--seed", "1", "--no-color", *SLOWLY[face],
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:]
