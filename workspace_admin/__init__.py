"""The console: the composition root. It imports the apps and is imported by none."""

from workspace_admin.celery import app as celery_app

__all__ = ["celery_app"]
