"""Compile the French catalogue: the .mo file that is committed beside its .po."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """`manage.py compile_translations`: needed after a change to a .po file; Django's own needs GNU gettext."""

    requires_system_checks: list[str] = []  # some of them need a database
    help = "Compile workspace_admin/locale/*/LC_MESSAGES/django.po to django.mo."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write each catalogue's .mo beside its source."""
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/django.po")):
                with source.open("rb") as file:
                    catalog = read_po(file)
                with source.with_suffix(".mo").open("wb") as file:
                    write_mo(file, catalog)
                self.stdout.write(f"compiled {source.parent.parent.name}")
