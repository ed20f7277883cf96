"""How a member looks in the list: labels, tones, links and times, computed once for each row."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from invitations.models import Delivery
from members.clock import access_ends, ago, offer_ends
from members.models import Membership, Role, Status
from workspace_admin.people.queries import Column

SUPPRESSING = {"bounced", "complained"}
LOST = SUPPRESSING | {"failed"}
NAMED_SEATS = 2
HUES = [SafeString(number) for number in range(1, 7)]


class Chip(NamedTuple):
    """A status in words, and the tone of its chip."""

    label: str
    tone: str


@dataclass(frozen=True)
class Words:
    """What every row says in one language."""

    statuses: dict[str, Chip]
    bounced: Chip
    roles: dict[str, str]
    role_options: dict[str, SafeString]
    """For each role, the options of a select with that role chosen."""
    mails: dict[str, str]
    role_of: str
    actions_for: str
    select: str
    seat_for: str
    seats_of: str
    last_active: str
    never: str
    no_seat: str
    not_joined: str
    cannot_join: str
    change: str
    save: str


def words() -> Words:
    """Return the words of the reader's language."""
    return _words(get_language())


@cache
def _words(language: str) -> Words:  # noqa: ARG001 -- the words depend on it
    roles = {value: str(label) for value, label in Role.choices}
    options = "workspace_admin/people/role_options.html"
    return Words(
        statuses={
            "active": Chip(_("Active"), "ok"),
            "invited": Chip(_("Invited"), "info"),
            "expired": Chip(_("Expired"), "warn"),
            "lapsed": Chip(_("Lapsed"), "warn"),
            "deactivated": Chip(_("Deactivated"), ""),
        },
        bounced=Chip(_("Bounced"), "bad"),
        roles=roles,
        role_options={role: render_to_string(options, {"roles": roles.items(), "chosen": role}) for role in roles},
        mails={
            "queued": _("Sending"),
            "sending": _("Sending"),
            "sent": _("Sent %(ago)s"),
            "failed": _("Couldn't be sent"),
            "cancelled": _("Not sent"),
            "unknown": _("May have been sent %(ago)s"),
            "delivered": _("Delivered %(ago)s"),
            "bounced": _("Bounced %(ago)s"),
            "complained": _("Marked as spam %(ago)s"),
        },
        role_of=_("Role of %(who)s"),
        actions_for=_("Actions for %(who)s"),
        select=_("Select %(who)s"),
        seat_for=_("%(product)s for %(who)s"),
        seats_of=_("Seats of %(who)s: %(seats)s"),
        last_active=_("Last active"),
        never=_("Never"),
        no_seat=_("No seat"),
        not_joined=_("Invitation pending"),
        cannot_join=_("Can't be accepted until the plan allows it"),
        change=_("Change"),
        save=_("Save"),
    )


@dataclass(frozen=True)
class Mail:
    """What became of an email, and when, in the format of a ``time`` element.

    ``suppressed`` if it bounced for good, so that nothing is sent to the address any more.
    """

    status: str
    text: str
    when: SafeString
    suppressed: bool = False

    @property
    def lost(self) -> bool:
        """Whether it did not arrive."""
        return self.status in LOST

    @property
    def failed(self) -> bool:
        """Whether it never left."""
        return self.status == "failed"


@dataclass(frozen=True)
class Cell:
    """One member's seat of one product; ``offered`` if it can be switched: a retired product only by its holders."""

    slug: str
    key: str
    path: str
    held: bool
    offered: bool
    product: str
    name: str


@dataclass(frozen=True)
class Refusal:
    """Why a change to a member was refused, the address of a remedy, and the seconds to wait before trying again."""

    member: uuid.UUID
    message: str
    remedy: str = ""
    wait: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table; ``menu`` names the menu that its button opens."""

    id: SafeString
    path: SafeString
    email: str
    name: str
    label: str
    initials: str
    hue: SafeString
    status: str
    status_label: str
    tone: str
    role: str
    role_label: str
    role_name: str
    role_options: SafeString
    actions_name: str
    select_name: str
    cells: list[Cell]
    seats: str
    """The first products of which they have a seat; ``more_seats`` is how many others there are."""
    more_seats: int
    seats_name: str
    brief: str
    """Role and seats in a line, for a narrow screen."""
    live: bool
    pending: bool
    bounced: bool
    is_self: bool
    menu: str
    invitation: SafeString
    invitation_path: SafeString
    mail: Mail | None
    expires: str
    expires_at: SafeString
    expires_on: str
    last_active_at: SafeString
    last_active: str
    joined_at: SafeString
    joined: str
    refused: str = ""
    remedy: str = ""
    wait: int = 0
    fresh: bool = False


def present(members: list[Membership], columns: list[Column], slug: str, me: uuid.UUID | None) -> list[Row]:
    """Return members, read by ``queries.with_details``, as lines of the table of the workspace with this slug."""
    base, say = reverse("members", args=[slug]), words()
    offers = base.removesuffix("members/") + "invitations/"
    return [_row(member, columns, me, base=base, offers=offers, say=say) for member in members]


def _row(  # noqa: PLR0913 -- what all rows share is computed once
    member: Membership, columns: list[Column], me: uuid.UUID | None, *, base: str, offers: str, say: Words
) -> Row:
    read, status, who = vars(member), member.display_status, member.name or member.email
    live, pending, held = status in {"active", "invited"}, member.status == Status.INVITED, set(read["held"])
    # An id has nothing to escape, and stands in a line ten times.
    pk, path = SafeString(member.id), SafeString(f"{base}{member.id}/")
    mail = _mail(read["mail"], say) if pending else None
    bounced = mail is not None and mail.suppressed
    cells = [_cell(one, pk, path, say.seat_for, who, live=live, held=one.product.id in held) for one in columns]
    chip = say.bounced if bounced and live else say.statuses[status]
    return Row(
        id=pk,
        path=path,
        email=member.email,
        name=member.name,
        label=who,
        initials=_initials(who),
        hue=HUES[member.id.int % len(HUES)],
        status=status,
        status_label=chip.label,
        tone=chip.tone,
        role=member.role,
        role_label=say.roles[member.role],
        role_name=say.role_of % {"who": who},
        role_options=say.role_options[member.role],
        actions_name=say.actions_for % {"who": who},
        select_name=say.select % {"who": who},
        cells=cells,
        **_seat_words([cell.product for cell in cells if cell.held], say.roles[member.role], who, say),
        live=live,
        pending=pending,
        bounced=bounced,
        is_self=member.id == me,
        menu=_menu(status, is_self=member.id == me, pending=pending, bounced=bounced),
        invitation=SafeString(read["invitation"] or ""),
        invitation_path=SafeString(f"{offers}{read['invitation']}/" if read["invitation"] else ""),
        mail=mail,
        **_times(member),
    )


def with_refusal(row: Row, refusal: Refusal | None) -> Row:
    """Return the row with the refusal, if that is about its member."""
    if refusal is None or str(refusal.member) != row.id:
        return row
    return replace(row, refused=refusal.message, remedy=refusal.remedy, wait=refusal.wait)


def _menu(status: str, *, is_self: bool, pending: bool, bounced: bool) -> str:
    """Return which of the page's menus opens on a row."""
    if is_self:
        return "self"
    if pending:
        return "bounced" if bounced else "offer"
    return status


def _cell(  # noqa: PLR0913 -- called once, above
    column: Column, pk: str, path: str, name: str, who: str, *, live: bool, held: bool
) -> Cell:
    product = column.product
    return Cell(
        slug=product.slug,
        key=SafeString(f"{pk}-{product.slug}"),
        path=SafeString(f"{path}seats/{product.slug}/"),
        held=live and held,
        offered=live and (held or not product.retired),
        product=product.name,
        name=name % {"product": product.name, "who": who},
    )


def _times(member: Membership) -> dict[str, Any]:
    """Return when the member joined, was last active and loses access: for people, and in the format of ``time``."""
    return {
        "expires": _ends(member),
        "expires_at": _when(member.expires_at),
        "expires_on": _day(member.expires_at),
        "last_active_at": _when(member.last_active_at),
        "last_active": ago(member.last_active_at) if member.last_active_at else "",
        "joined_at": _when(member.joined_at),
        "joined": _day(member.joined_at),
    }


def _seat_words(seats: list[str], role: str, who: str, say: Words) -> dict[str, Any]:
    """Return what the line says of the products of which they have a seat."""
    named, more = ", ".join(seats[:NAMED_SEATS]), max(len(seats) - NAMED_SEATS, 0)
    brief = (f"{named} +{more}" if more else named) or say.no_seat
    return {
        "seats": named,
        "more_seats": more,
        "seats_name": say.seats_of % {"who": who, "seats": ", ".join(seats) or say.no_seat},
        "brief": f"{role} · {brief}",
    }


def _initials(label: str) -> str:
    parts = label.partition("@")[0].replace(".", " ").replace("-", " ").split()
    return "".join(part[0] for part in parts[:2]) or "?"


def _mail(read: dict[str, Any] | None, say: Words) -> Mail | None:
    if not read:
        return None
    suppressed = read["outcome"] in SUPPRESSING and not read["soft"] and read["released_at"] is None
    return _became(read["outcome"] or read["state"], datetime.fromisoformat(read["at"]), say, suppressed=suppressed)


def mail_of(delivery: Delivery) -> Mail:
    """Return what became of an email."""
    return _became(delivery.shown, delivery.outcome_at or delivery.sent_at or delivery.created_at, words())


def _became(status: str, at: datetime, say: Words, *, suppressed: bool = False) -> Mail:
    return Mail(status, say.mails[status] % {"ago": ago(at)}, _when(at), suppressed)


def _when(at: datetime | None) -> SafeString:
    return SafeString(at.isoformat() if at else "")


def _day(at: datetime | None) -> str:
    return date_format(at, "SHORT_DATE_FORMAT") if at else ""


def _ends(member: Membership) -> str:
    if member.expires_at is None or member.status == Status.DEACTIVATED:
        return ""
    return offer_ends(member.expires_at) if member.status == Status.INVITED else access_ends(member.expires_at)
