"""Puts in a big workspace."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from members.errors import InvalidRequest
from members.models import User, Workspace
from workspace_admin.demo import large

MOST = 1_000_000


class Command(BaseCommand):
    """`manage.py seed_large --members 100000 [--slug large]`: for measuring, and for seeing what size looks like."""

    help = "Put in a workspace of many members, of which alice@acme.example is an Admin, unless its slug is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how many, and what the workspace is called in addresses."""
        parser.add_argument("--members", type=int, default=100_000)
        parser.add_argument("--slug", default="large")

    def handle(self, *_args: Any, members: int, slug: str, **_options: Any) -> None:
        """Create the workspace."""
        if not 1 <= members <= MOST:
            raise CommandError(f"--members: use 1 to {MOST}.")
        if Workspace.objects.filter(slug=slug).exists():
            self.stdout.write(f"There is a workspace {slug} already: nothing was done. Choose another --slug.")
            return
        call_command("seed_demo", stdout=self.stdout)
        began = time.monotonic()
        try:
            large.make(User.objects.get(email="alice@acme.example"), slug, members)
        except InvalidRequest as error:
            raise CommandError(f"--slug: {error.message}") from None
        self.stdout.write(f"{members} members in {time.monotonic() - began:.1f} s: /w/{slug}/members/")
