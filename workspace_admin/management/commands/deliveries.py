"""What is stuck in the outboxes and why, for whoever runs the console; and what they can do about it."""

import dataclasses
import json
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from workspace_admin import outboxes
from workspace_admin.logs import mask


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text} is no time: write 2026-03-01T12:00:00+00:00, or now"
        raise ArgumentTypeError(message) from None
    return moment if moment.tzinfo else timezone.make_aware(moment)


class Command(BaseCommand):
    """`manage.py deliveries [--json] [--release ID ...] [--hold-before TIME]`."""

    help = "List the emails that do not leave, and why; let them go again, or hold them back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do; without anything it lists."""
        parser.add_argument("--json", action="store_true", help="list as JSON")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--release", nargs="+", type=uuid.UUID, metavar="ID", help="queue what failed or is unknown once more"
        )
        choice.add_argument(
            "--hold-before",
            type=lambda text: timezone.now() if text == "now" else _moment(text),
            metavar="TIME",
            help="hold back what was written before and has not surely left: after a backup was restored",
        )

    def handle(
        self, *_args: Any, json: bool, release: list[uuid.UUID] | None, hold_before: datetime | None, **_options: Any
    ) -> None:
        """List, release or hold; fail if there is nothing to release under one of the ids."""
        if release:
            released = outboxes.release(release)
            self.stdout.write(f"Queued again: {released}")
            if released < len(set(release)):
                raise CommandError("The others have not failed and are not unknown, or do not exist.")
        elif hold_before:
            self.stdout.write(f"Held back: {outboxes.hold(hold_before)}. See them with manage.py deliveries.")
        elif json:
            self._list_json()
        else:
            self._list()

    def _list_json(self) -> None:
        rows = [{**dataclasses.asdict(row), "recipient": mask(row.recipient)} for row in outboxes.stuck()]
        self.stdout.write(json.dumps(rows, default=str, ensure_ascii=False, indent=2))

    def _list(self) -> None:
        if pause := outboxes.paused():
            until = f"{pause.until:%Y-%m-%d %H:%M:%S}"
            self.stdout.write(f"Nothing is sent until {until}: {pause.trouble} ({pause.error_code})")
        count = 0
        for count, row in enumerate(outboxes.stuck(), 1):  # noqa: B007 -- the last number is how many there were
            times = f"written {row.created_at:%Y-%m-%d %H:%M}  next {row.next_attempt_at:%Y-%m-%d %H:%M}"
            what = f"{row.outbox}  {row.kind}  {mask(row.recipient)}  {row.state}  tried {row.attempts}"
            self.stdout.write(f"{row.id}  {what}  {times}")
            self.stdout.write(f"    {row.why}{f' ({row.code})' if row.code else ''}")
        self.stdout.write(f"{count} stuck." if count else "Nothing is stuck.")
