"""How members look on the Members page: words, tones and times, made once for each row."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.models import Delivery
from members.models import Membership, Role, Status
from workspace_admin.people.days import access_ends, ago, offer_ends
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
    """What became of an email."""

    text: str
    at: datetime
    lost: bool
    failed: bool


@dataclass(frozen=True)
class Cell:
    """One member's seat of one product, by its slug."""

    slug: str
    held: bool
    caption: str
    name: str


@dataclass(frozen=True)
class Refusal:
    """What was refused about a member, in words, and where the way out is, relative to the Members page.

    ``wait`` is in how many seconds it may be tried again, where it came too soon.
    """

    member: uuid.UUID
    words: str
    remedy: str = ""
    wait: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table; ``menu`` names the menu that its button opens."""

    id: str
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
    menu: str
    invitation: str
    mail: Mail | None
    expires: str
    expires_at: datetime | None
    last_active_at: datetime | None
    last_active: str
    refused: str = ""
    remedy: str = ""
    wait: int = 0

    @property
    def label(self) -> str:
        """Answer what the person is called."""
        return self.name or self.email


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
) -> Row:
    """Answer a member, read by ``queries.whole``, as a line of the table."""
    read = vars(member)
    status = member.display_status
    label, tone = STATUS[status]
    who = member.name or member.email
    live = status in {"active", "invited"}
    held = set(read["held"])
    return Row(
        id=str(member.id),
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
        menu=_menu(member, status, is_self=member.id == me),
        invitation=str(read["invitation"] or ""),
        mail=_mail(read["mail"]),
        expires=_ends(member),
        expires_at=member.expires_at,
        last_active_at=member.last_active_at,
        last_active=ago(member.last_active_at) if member.last_active_at else "",
    )


def beside(row: Row, refusal: Refusal | None) -> Row:
    """Answer the line with the refusal, if it is about this member."""
    if refusal is None or str(refusal.member) != row.id:
        return row
    return replace(row, refused=refusal.words, remedy=refusal.remedy, wait=refusal.wait)


def _menu(member: Membership, status: str, *, is_self: bool) -> str:
    """Answer which of the page's menus opens on this row."""
    if is_self:
        return "self"
    return "offer" if member.status == Status.INVITED else status


def _cell(column: Column, who: str, *, held: bool) -> Cell:
    name = _("%(product)s for %(who)s") % {"product": column.product.name, "who": who}
    return Cell(column.product.slug, held, column.caption, name)


def _initials(label: str) -> str:
    words = label.partition("@")[0].replace(".", " ").replace("-", " ").split()
    return "".join(word[0] for word in words[:2]) or "?"


def _mail(read: dict[str, str] | None) -> Mail | None:
    if not read:
        return None
    return _became(read["outcome"] or read["state"], datetime.fromisoformat(read["at"]))


def mail_of(delivery: Delivery) -> Mail:
    """Answer what became of an email."""
    return _became(delivery.shown, delivery.outcome_at or delivery.sent_at or delivery.created_at)


def _became(shown: str, at: datetime) -> Mail:
    return Mail(str(MAIL[shown]) % {"ago": ago(at)}, at, shown in LOST, shown == "failed")


def _ends(member: Membership) -> str:
    if member.expires_at is None or member.status == Status.DEACTIVATED:
        return ""
    return offer_ends(member.expires_at) if member.status == Status.INVITED else access_ends(member.expires_at)
