"""The base app: who belongs to which workspace."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Members."""

    name = "members"
