"""Plain English: phrases that read as translated stay out of code, pages and docs."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PLACES = ("members", "billing_seats", "invitations", "workspace_admin", "templates", "static", "docs", "tests")
KINDS = {".py", ".html", ".txt", ".mjml", ".md", ".js", ".po"}
APART = {"vendor", "migrations"}
AVOID = {
    r'"""(?:Answer|Let \w+ through)\b': "docstrings are imperative: Return, Raise, Send",
    r"\bfor want of\b": "say because no ... was available",
    r"\b[Ll]eads nowhere\b": "say no longer works",
    r"\b[Ll]ook into your mail\b": "say Check your email",
    r"\bIt was written down\b": "say We've logged it",
    r"\b[Ff]ollow its link to finish\b": "say Open it to finish",
}


def _texts() -> list[Path]:
    found = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.suffix in KINDS]
    return [path for path in found if not APART & set(path.parts) and path != Path(__file__)]


@pytest.mark.parametrize(("phrase", "instead"), AVOID.items(), ids=AVOID.values())
def test_phrases_that_must_not_come_back(phrase, instead):
    pattern = re.compile(phrase)
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _texts()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert lines == [], instead
