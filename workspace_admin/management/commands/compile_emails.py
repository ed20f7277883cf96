"""Compile the mails' MJML sources to the HTML that is committed beside them."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from mjml import mjml2html

FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"
# Filled in here, not by mjml: it leaves an included part without the column around it.
_INCLUDE = re.compile(r'<mj-include path="(?P<name>\w+\.mjml)" />')
PARTS = frozenset({"head.mjml", "foot.mjml", "seats.mjml", "words.mjml"})


def sources() -> list[Path]:
    """The source of each mail, without the parts they share."""
    return sorted(path for path in FOLDER.glob("*.mjml") if path.name not in PARTS)


def compiled(source: Path) -> str:
    """The HTML of one mail, still a Django template: the language and the names are filled in when it is sent."""
    whole = _INCLUDE.sub(lambda found: (FOLDER / found["name"]).read_text(), source.read_text())
    return f"{mjml2html(whole, fonts={})}\n"


class Command(BaseCommand):
    """`manage.py compile_emails`: needed only after a change to a .mjml file, so mjml is no run-time dependency."""

    requires_system_checks: list[str] = []  # some of them need a database
    help = "Compile templates/emails/*.mjml to .html."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write each mail's .html beside its source."""
        for source in sources():
            source.with_suffix(".html").write_text(compiled(source))
            self.stdout.write(f"compiled {source.stem}")
