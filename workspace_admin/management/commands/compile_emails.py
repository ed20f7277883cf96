"""Compile the mails' MJML sources to the HTML that is committed beside them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from mjml import mjml2html

FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"
PARTS = frozenset({"head.mjml", "foot.mjml", "words.mjml"})


def sources() -> list[Path]:
    """The source of each mail, without the parts they share."""
    return sorted(path for path in FOLDER.glob("*.mjml") if path.name not in PARTS)


def compiled(source: Path) -> str:
    """The HTML of one mail, still a Django template: the language and the names are filled in when it is sent."""
    html = mjml2html(source.read_text(), include_loader=lambda name: (FOLDER / name).read_text())
    return f"{html}\n"


class Command(BaseCommand):
    """`manage.py compile_emails`: needed only after a change to a .mjml file, so mjml is no run-time dependency."""

    help = "Compile templates/emails/*.mjml to .html."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each mail's .html beside its source."""
        for source in sources():
            source.with_suffix(".html").write_text(compiled(source))
            self.stdout.write(f"compiled {source.stem}")
