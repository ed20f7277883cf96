"""How members look on the Members page: words, tones and times, made once for each row."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing_seats.models import Product
from members.models import Membership, Role
from workspace_admin.people.queries import Column

STATUS = {
    "active": (gettext_lazy("Active"), "ok"),
    "invited": (gettext_lazy("Invited"), "info"),
    "expired": (gettext_lazy("Expired"), "warn"),
    "lapsed": (gettext_lazy("Lapsed"), "warn"),
    "deactivated": (gettext_lazy("Deactivated"), ""),
}
MAIL = {
    "queued": gettext_lazy("Sending"),
    "sending": gettext_lazy("Sending"),
    "sent": gettext_lazy("Sent %(ago)s"),
    "failed": gettext_lazy("Could not be sent"),
    "cancelled": gettext_lazy("Not sent"),
    "unknown": gettext_lazy("Perhaps sent %(ago)s"),
    "delivered": gettext_lazy("Delivered %(ago)s"),
    "bounced": gettext_lazy("Bounced %(ago)s"),
    "complained": gettext_lazy("Marked as spam %(ago)s"),
}
LOST = {"failed", "bounced", "complained"}
HUES = 6
_SELECTED = {True: SafeString(" selected"), False: ""}


@dataclass(frozen=True)
class Mail:
    """What became of the last invitation email."""

    text: str
    at: datetime
    lost: bool


@dataclass(frozen=True)
class Cell:
    """One member's seat of one product."""

    product: Product
    held: bool
    caption: str
    name: str


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: uuid.UUID
    email: str
    name: str
    initials: str
    hue: int
    status: str
    status_label: str
    tone: str
    role: str
    role_label: str
    role_name: str
    role_options: SafeString
    actions_name: str
    cells: list[Cell]
    live: bool
    pending: bool
    is_self: bool
    invitation: uuid.UUID | None
    mail: Mail | None
    expires: str
    expires_at: datetime | None
    last_active_at: datetime | None
    last_active: str
    refused: str = ""

    @property
    def invitation_path(self) -> str:
        """Answer the address of the pending invitation, relative to the Members page: resolved once by the browser."""
        return f"../invitations/{self.invitation}"

    @property
    def label(self) -> str:
        """Answer what the person is called."""
        return self.name or self.email


def ago(at: datetime) -> str:
    """Answer how long ago that was, in the largest unit."""
    if (timezone.now() - at).total_seconds() < 60:  # noqa: PLR2004 -- a minute
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, depth=1)}


def role_options() -> dict[str, SafeString]:
    """Answer, for each role, the options of a select that has it chosen: made once for all rows."""
    return {
        chosen: format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((value, _SELECTED[value == chosen], label) for value, label in Role.choices),
        )
        for chosen in Role.values
    }


def present(
    member: Membership,
    columns: list[Column],
    me: uuid.UUID | None,
    options: dict[str, SafeString],
    refused: str = "",
) -> Row:
    """Answer a member, read by ``queries.whole``, as a line of the table."""
    read = vars(member)
    status = member.display_status
    label, tone = STATUS[status]
    who = member.name or member.email
    live = status in {"active", "invited"}
    held = set(read["held"])
    return Row(
        id=member.id,
        email=member.email,
        name=member.name,
        initials=_initials(who),
        hue=member.id.int % HUES + 1,
        status=status,
        status_label=str(label),
        tone=tone,
        role=member.role,
        role_label=str(Role(member.role).label),
        role_name=_("Role of %(who)s") % {"who": who},
        role_options=options[member.role],
        actions_name=_("Actions for %(who)s") % {"who": who},
        cells=[_cell(one, who, held=live and one.product.id in held) for one in columns],
        live=live,
        pending=member.status == "invited",
        is_self=member.id == me,
        invitation=read["invitation"],
        mail=_mail(read["mail"]),
        expires=_expires(member.expires_at),
        expires_at=member.expires_at,
        last_active_at=member.last_active_at,
        last_active=ago(member.last_active_at) if member.last_active_at else "",
        refused=refused,
    )


def _cell(column: Column, who: str, *, held: bool) -> Cell:
    name = _("%(product)s for %(who)s") % {"product": column.product.name, "who": who}
    return Cell(column.product, held, column.caption, name)


def _initials(label: str) -> str:
    words = label.partition("@")[0].replace(".", " ").replace("-", " ").split()
    return "".join(word[0] for word in words[:2]) or "?"


def _mail(read: dict[str, str] | None) -> Mail | None:
    if not read:
        return None
    shown = read["outcome"] or read["state"]
    at = datetime.fromisoformat(read["at"])
    return Mail(str(MAIL[shown]) % {"ago": ago(at)}, at, shown in LOST)


def _expires(at: datetime | None) -> str:
    if at is None:
        return ""
    left = at - timezone.now()
    if left <= timedelta(0):
        return _("Expired %(ago)s") % {"ago": ago(at)}
    if left <= timedelta(days=1):
        return _("Expires in %(time)s") % {"time": timeuntil(at, depth=1)}
    # Rounded up: an offer of seven days that has just left has seven days.
    days = ceil(left / timedelta(days=1))
    return ngettext("Expires in %(days)s day", "Expires in %(days)s days", days) % {"days": days}
