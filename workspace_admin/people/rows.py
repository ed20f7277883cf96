"""How members look on the Members page: words, tones and times, made once for each row."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.safestring import SafeString

from invitations.models import Delivery
from members.dates import access_ends, ago, offer_ends
from members.models import Membership, Status
from workspace_admin.people.queries import Column
from workspace_admin.people.words import Shown, Words, words

LOST = {"failed", "bounced", "complained"}
HUES = [SafeString(number) for number in range(1, 7)]


@dataclass(frozen=True)
class Mail(Shown):
    """What became of an email, and when, as a ``time`` element has it."""

    text: str
    when: SafeString
    lost: bool
    failed: bool


@dataclass(frozen=True)
class Cell(Shown):
    """One member's seat of one product; ``key`` is as good as an id, ``path`` relative to the Members page.

    ``offered`` says whether it can be switched: by who has access, or will; what is sold no more only by who has it.
    """

    slug: SafeString
    key: SafeString
    path: SafeString
    held: bool
    offered: bool
    caption: SafeString
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
class Row(Shown):
    """One line of the table; ``menu`` names the menu that its button opens."""

    id: SafeString
    email: str
    name: str
    label: str
    initials: str
    hue: SafeString
    status: str
    status_label: SafeString
    tone: SafeString
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
    invitation: SafeString
    mail: Mail | None
    expires: str
    expires_at: SafeString
    last_active_at: SafeString
    last_active: str
    refused: str = ""
    remedy: str = ""
    wait: int = 0


def present(member: Membership, columns: list[Column], me: uuid.UUID | None) -> Row:
    """Answer a member, read by ``queries.whole``, as a line of the table."""
    read, say = vars(member), words()
    status = member.display_status
    label, tone = say.statuses[status]
    who = member.name or member.email
    live = status in {"active", "invited"}
    held = set(read["held"])
    # An id has nothing to escape, and stands in a line ten times.
    pk = SafeString(member.id)
    return Row(
        id=pk,
        email=member.email,
        name=member.name,
        label=who,
        initials=_initials(who),
        hue=HUES[member.id.int % len(HUES)],
        status=status,
        status_label=label,
        tone=tone,
        role=member.role,
        role_label=say.roles[member.role],
        role_name=say.role_of % {"who": who},
        role_options=say.role_options[member.role],
        actions_name=say.actions_for % {"who": who},
        cells=[
            _cell(one, pk, say.seat_for % {"product": one.product.name, "who": who}, live, one.product.id in held)
            for one in columns
        ],
        live=live,
        pending=member.status == "invited",
        is_self=member.id == me,
        menu=_menu(member, status, is_self=member.id == me),
        invitation=SafeString(read["invitation"] or ""),
        mail=_mail(read["mail"], say),
        expires=_ends(member),
        expires_at=_when(member.expires_at),
        last_active_at=_when(member.last_active_at),
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


def _cell(column: Column, pk: SafeString, name: str, live: bool, held: bool) -> Cell:  # noqa: FBT001 -- called once, above
    slug = column.slug
    return Cell(
        slug=slug,
        key=SafeString(f"{pk}-{slug}"),
        path=SafeString(f"{pk}/seats/{slug}/"),
        held=live and held,
        offered=live and (held or not column.product.retired),
        caption=column.caption,
        name=name,
    )


def _initials(label: str) -> str:
    words = label.partition("@")[0].replace(".", " ").replace("-", " ").split()
    return "".join(word[0] for word in words[:2]) or "?"


def _mail(read: dict[str, str] | None, say: Words) -> Mail | None:
    if not read:
        return None
    return _became(read["outcome"] or read["state"], datetime.fromisoformat(read["at"]), say)


def mail_of(delivery: Delivery) -> Mail:
    """Answer what became of an email."""
    return _became(delivery.shown, delivery.outcome_at or delivery.sent_at or delivery.created_at, words())


def _became(shown: str, at: datetime, say: Words) -> Mail:
    return Mail(say.mails[shown] % {"ago": ago(at)}, _when(at), shown in LOST, shown == "failed")


def _when(at: datetime | None) -> SafeString:
    """Answer the moment as a ``time`` element has it."""
    return SafeString(at.isoformat() if at else "")


def _ends(member: Membership) -> str:
    if member.expires_at is None or member.status == Status.DEACTIVATED:
        return ""
    return offer_ends(member.expires_at) if member.status == Status.INVITED else access_ends(member.expires_at)
