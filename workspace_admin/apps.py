"""The console as an app: it brings jobs of its own."""

from typing import ClassVar

from django.apps import AppConfig


class WorkspaceAdminConfig(AppConfig):
    """The console."""

    name = "workspace_admin"
    job_kinds: ClassVar = {"members.change": "workspace_admin.people.bulk_jobs.change_chunk"}
