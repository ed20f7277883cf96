"""Puts in the demo cast."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from members.models import User, Workspace
from workspace_admin.demo import cast
from workspace_admin.support.staff import make_staff


class Command(BaseCommand):
    """`seed_demo`: idempotent; passwords are fixed where DEBUG is on, else random and printed once."""

    help = "Put in the demo workspaces and people, unless they are there."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Seed."""
        if Workspace.objects.filter(slug="acme").exists():
            self.stdout.write("The demo data is there already.")
            return
        emails = [*cast.PEOPLE, "superuser@example.com"]
        passwords = {email: "workspace-demo" if settings.DEBUG else secrets.token_urlsafe(16) for email in emails}
        cast.seed(passwords)
        make_staff(User.objects.get(email="support@example.com"), "Support")
        if settings.DEBUG:
            boss = cast.add_person("superuser@example.com", "Superuser", passwords["superuser@example.com"])
            User.objects.filter(id=boss.id).update(is_staff=True, is_superuser=True)
            return
        for email in cast.PEOPLE:
            self.stdout.write(f"{email}  {passwords[email]}")
