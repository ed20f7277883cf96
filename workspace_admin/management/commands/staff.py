"""Make an account support staff, or end that: on the server only, so that nobody in the admin can raise themselves."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from members.addresses import canonical
from members.errors import DomainError
from members.models import User
from workspace_admin.support.staff import make_staff, no_longer_staff


class Command(BaseCommand):
    """`manage.py staff someone@example.com [--view-only | --end]`."""

    help = "Make an account support staff, or end that."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address and what to do."""
        parser.add_argument("address")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--view-only", action="store_true", help="may look, and change nothing")
        choice.add_argument("--end", action="store_true", help="no longer staff")

    def handle(self, *_args: Any, address: str, view_only: bool, end: bool, **_options: Any) -> None:
        """Change the account."""
        try:
            user = User.objects.get(email=canonical(address))
        except (DomainError, User.DoesNotExist) as error:
            raise CommandError(f"No account has the address {address}.") from error
        if end:
            no_longer_staff(user)
        else:
            make_staff(user, "Support, view only" if view_only else "Support")
