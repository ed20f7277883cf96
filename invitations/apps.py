"""The invitations app: how people come in."""

from typing import ClassVar

from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    """Invitations."""

    name = "invitations"
    job_kinds: ClassVar = {
        "invitations.invite": "invitations.bulk_api.invite_chunk",
        "invitations.resend": "invitations.bulk_api.resend_chunk",
        "invitations.revoke": "invitations.bulk_api.revoke_chunk",
    }
