"""What every line of the Members page says, translated once for each language instead of once for each line."""

from dataclasses import dataclass
from functools import cache

from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from members.models import Role


class Shown:
    """What templates show: they try a name as an item first, which has to be as good as the attribute."""

    __getitem__ = object.__getattribute__


_SELECTED = {True: SafeString(" selected"), False: ""}


@dataclass(frozen=True)
class Words(Shown):
    """Words of one language: by status (with its tone), by role, by what became of an email; and those of any line."""

    statuses: dict[str, tuple[SafeString, SafeString]]
    roles: dict[str, str]
    role_options: dict[str, SafeString]
    """For each role, the options of a select that has it chosen."""
    mails: dict[str, str]
    role_of: str
    actions_for: str
    seat_for: str
    last_active: str
    never: str
    no_seat: str
    not_joined: str
    cannot_join: str
    change: str
    save: str


def words() -> Words:
    """Answer the words of the reader's language."""
    return _words(get_language())


@cache
def _words(language: str) -> Words:  # noqa: ARG001 -- what the words depend on
    roles = {value: str(label) for value, label in Role.choices}
    return Words(
        statuses={
            "active": _status(_("Active"), "ok"),
            "invited": _status(_("Invited"), "info"),
            "expired": _status(_("Expired"), "warn"),
            "lapsed": _status(_("Lapsed"), "warn"),
            "deactivated": _status(_("Deactivated"), ""),
        },
        roles=roles,
        role_options={chosen: _options(roles, chosen) for chosen in roles},
        mails={
            "queued": _("Sending"),
            "sending": _("Sending"),
            "sent": _("Sent %(ago)s"),
            "failed": _("Could not be sent"),
            "cancelled": _("Not sent"),
            "unknown": _("Perhaps sent %(ago)s"),
            "delivered": _("Delivered %(ago)s"),
            "bounced": _("Bounced %(ago)s"),
            "complained": _("Marked as spam %(ago)s"),
        },
        role_of=_("Role of %(who)s"),
        actions_for=_("Actions for %(who)s"),
        seat_for=_("%(product)s for %(who)s"),
        last_active=_("Last active"),
        never=_("Never"),
        no_seat=_("No seat"),
        not_joined=_("Has not joined yet"),
        cannot_join=_("Cannot be accepted until the plan allows it"),
        change=_("Change"),
        save=_("Save"),
    )


def _status(label: str, tone: str) -> tuple[SafeString, SafeString]:
    return escape(label), SafeString(tone)


def _options(roles: dict[str, str], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, _SELECTED[value == chosen], label) for value, label in roles.items()),
    )
