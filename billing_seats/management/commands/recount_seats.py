"""Recount the seats of every workspace and report wrong counters."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing_seats.models import SeatPool
from billing_seats.recount import Finding, recount
from members.access import system_actor
from members.models import Workspace


class Command(BaseCommand):
    """``manage.py recount_seats [--workspace SLUG] [--repair]``; exits with 1 if a counter is still wrong."""

    help = "Count the seats of every workspace anew, each under its lock; report drift and over-assignment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--workspace", default="", help="the slug of the only one to look at")
        parser.add_argument("--repair", action="store_true", help="set the counters that drifted right")

    def handle(self, *_args: Any, workspace: str, repair: bool, **_options: Any) -> None:
        """Recount, report and repair; fail if a counter has drifted and wasn't repaired."""
        found = [
            (one, finding)
            for one in self._workspaces(workspace)
            for finding in recount(system_actor(one), repair=repair)
        ]
        drifted = [self._report(one, finding, repair=repair) for one, finding in found]
        self.stdout.write(f"{len(found)} pools counted, {sum(drifted)} with drift.")
        if any(drifted) and not repair:
            raise CommandError("Counters are wrong: run again with --repair to mend them.")

    def _workspaces(self, slug: str) -> Iterable[Workspace]:
        if not slug:
            buyers = SeatPool.objects.values("workspace_id")
            return list(Workspace.objects.filter(id__in=buyers).order_by("slug"))
        found = Workspace.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"No workspace has the slug {slug}.")
        return [found]

    def _report(self, workspace: Workspace, finding: Finding, *, repair: bool) -> bool:
        where, count = f"{workspace.slug} {finding.count.product.slug}", finding.count
        if count.over_assigned:
            self.stdout.write(
                f"{where}: over-assigned by {count.over_assigned}: {count.taken} of {count.purchased} taken"
            )
        if finding.drifted:
            done = ", mended" if repair else ""
            self.stdout.write(f"{where}: drift: counted {finding.assigned}, rows {finding.rows}{done}")
        return finding.drifted
