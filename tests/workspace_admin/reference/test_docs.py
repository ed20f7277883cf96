"""The examples of docs/api.md, each run as it is written there."""

import re
import shlex
import string
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from invitations.inviting import invite
from invitations.models import Invitation
from workspace_admin.devserver.layout import ROOT

pytestmark = pytest.mark.usefixtures("every_workspace")

PAGE = (ROOT / "docs" / "api.md").read_text()
CONSOLE = "http://testserver"
TASKS = re.findall(r"^## \d+\. (.+?)\n(.+?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def known(key_of, as_alice, bob):
    """What the reader of the page has at hand."""
    [pending] = invite(as_alice, ["ines@acme.example"])
    Invitation.objects.filter(id=pending.invitation.id).update(sent_at=Now() - timedelta(hours=1))
    return {
        "CONSOLE": CONSOLE,
        "KEY": key_of(as_alice).text,
        "WORKSPACE": "acme",
        "MEMBER": as_alice.workspace.memberships.get(user=bob).id,
        "INVITATION": pending.invitation.id,
    }


def commands(text: str) -> list[list[str]]:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line) for line in blocks.splitlines() if line.strip()]


def curl(words: list[str], known: dict[str, object]):
    """Do what the command would."""
    method, body, headers, url = "GET", "", {}, ""
    rest = iter(string.Template(word).substitute(known) for word in words[1:])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-d":
            body = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        else:
            url = word
    kind = headers.pop("Content-Type", "")
    return Client().generic(method, url.removeprefix(CONSOLE), body, kind, headers=headers)


def test_ten_tasks_stand_on_the_page():
    assert len(TASKS) == 10
    assert all(commands(text) for _title, text in TASKS)


@pytest.mark.parametrize(("title", "text"), TASKS, ids=[title for title, _text in TASKS])
def test_the_example_works(title, text, known):
    for words in commands(text):
        response = curl(words, known)
        assert response.status_code in {200, 201, 204}, response.content


def test_what_the_page_says_of_a_trial_run_is_so(known):
    [words] = commands(dict(TASKS)["Invite many, after a look at what would happen"])
    answer = curl(words, known).json()
    assert [row["result"] for row in answer["data"]] == ["done", "refused", "refused"]
    assert not Invitation.objects.filter(email="grace@example.com").exists()
