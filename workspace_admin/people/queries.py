"""What the Members page reads: three statements, whatever the size of the workspace."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing_seats.budgets import SeatCount, count_of, pools_with_counts
from billing_seats.models import Product, Seat
from invitations.models import Invitation, InvitationStatus, last_mail
from members import prepared
from members.errors import InvalidRequest, NotFound
from members.models import Membership, MembershipQuerySet, User, Workspace
from members.names import lexemes_of
from members.prepared import A_WORKSPACE, AN_ID, Compiled, a_text, made
from members.rest.pagination import Order, Page, Place, bound, cut, place

PAGE = 50
BY_NAME = Order("name", "sort_name")
TABS = ("all", "active", "invited")
_LIST = "Membership"
_KEY, _WORDS = a_text("key"), a_text("words")
_BESIDES = ("over", "held", "invitation", "mail")


@dataclass(frozen=True)
class ListQuery:
    """Which part of the list is looked at: a tab, the beginnings of words, a place in it."""

    tab: str = "all"
    q: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, values: QueryDict) -> Self:
        """Answer what an address asks for; what makes no sense is left out."""
        tab = values.get("tab", "all")
        return cls(tab if tab in TABS else "all", values.get("q", "").strip()[:200], values.get("cursor", "")[:2000])

    def link(self, **changes: str) -> str:
        """Answer the query string of this list with some of it changed."""
        asked = replace(self, **changes)
        values = {"tab": asked.tab if asked.tab != "all" else "", "q": asked.q, "cursor": asked.cursor}
        return "?" + urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Column:
    """A product and how its seats stand; ``refused_since`` is set while invitations are refused for want of one."""

    product: Product
    count: SeatCount
    refused_since: datetime | None = None

    @property
    def available(self) -> int:
        """Answer how many seats are left."""
        return self.count.available

    @property
    def left(self) -> str:
        """Answer in words how many seats are left of those bought, how many too many are taken, or why none."""
        names = {"left": self.available, "bought": self.count.purchased, "over": self.count.over_assigned}
        if self.count.over_assigned:
            return _("%(over)s more than bought") % names
        if self.product.retired:
            return _("sold no more")
        if self.count.is_low and self.available:
            return _("Only %(left)s of %(bought)s left") % names
        return _("%(left)s of %(bought)s left") % names

    @property
    def tone(self) -> str:
        """Answer how much it asks to be seen."""
        if self.count.over_assigned:
            return "bad"
        return "low" if self.count.is_low and not self.product.retired else ""

    @property
    def is_shown(self) -> bool:
        """Answer whether the list has it: what is sold no more stays while somebody has a seat of it."""
        return not self.product.retired or self.count.taken > 0

    @cached_property
    def caption(self) -> SafeString:
        """Answer the column's name with the seats left, for where the header is out of sight."""
        return format_html("{} ({})", self.product.name, self.left)

    @cached_property
    def slug(self) -> SafeString:
        """Answer the product's slug as it may stand in a page: every line repeats it."""
        return escape(self.product.slug)


def find(workspace: Workspace, query: ListQuery, fresh: Sequence[str] = ()) -> Page[Membership]:
    """Answer one page of the list, by name; members with the addresses in ``fresh`` stand on it in any case, on top."""
    try:
        start = place(_LIST, BY_NAME, query.cursor)
    except InvalidRequest:
        start = Place()
    blanks = {A_WORKSPACE: workspace.id} | dict(zip((_KEY, AN_ID), start.at or (), strict=False))
    words = lexemes_of(workspace.id, query.q)
    statement = _page(query.tab, backward=start.backward, placed=start.at is not None, sought=bool(words))
    rows = [_member(iter(row)) for row in statement.read(blanks | {_WORDS: words})]
    found = bound(rows, _LIST, BY_NAME, start, PAGE)
    missing = set(fresh) - {row.email for row in found.rows}
    extra = whole(workspace).filter(email__in=list(missing)[:PAGE]).order_by("sort_name", "id") if missing else ()
    return replace(found, rows=[*extra, *found.rows])


def _member(row: Iterator[Any]) -> Membership:
    member = made(Membership, row)
    over, held, invitation, mail = row
    # JSON comes as text: see ``Compiled``.
    vars(member).update(over=over, held=held, invitation=invitation, mail=mail and orjson.loads(mail))
    return member


@cache
def _page(tab: str, *, backward: bool, placed: bool, sought: bool) -> Compiled:
    """Answer the statement that reads a page of ``whole``: from a place on, or those with the words sought."""
    rows = whole(Workspace(id=A_WORKSPACE))
    rows = rows.active() if tab == "active" else rows.invited() if tab == "invited" else rows
    if sought:
        rows = rows.having(_WORDS)
    start = Place(backward, (_KEY, AN_ID) if placed else None)
    return Compiled.of(cut(rows, BY_NAME, start, PAGE).values_list(*prepared.columns(Membership), *_BESIDES))


def find_member(workspace: Workspace, member_id: UUID) -> Membership:
    """Return the member as ``whole`` reads them, or raise NotFound."""
    member = whole(workspace).filter(id=member_id).first()
    if member is None:
        raise NotFound
    return member


def whole(workspace: Workspace) -> MembershipQuerySet:
    """Answer the workspace's members with what else their lines show.

    Each has ``over`` (its end has passed), ``held`` (product ids), ``invitation`` (its id while pending) and ``mail``
    (its last email, as JSON).
    """
    return _whole().filter(workspace=workspace)


@cache
def _whole() -> MembershipQuerySet:
    """Answer the members of all workspaces so; never read, only narrowed: to build this takes longer than to run it."""
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    offer = Invitation.objects.filter(
        workspace=OuterRef("workspace_id"), membership=OuterRef("pk"), status=InvitationStatus.PENDING
    )
    return (
        Membership.objects.judged()
        .annotate(
            held=ArraySubquery(seats.values("product_id")),
            invitation=Subquery(offer.values("id")[:1]),
        )
        .annotate(mail=last_mail("invitation"))
    )


def columns(workspace: Workspace) -> list[Column]:
    """Answer the products with how their seats stand, by slug, in one statement."""
    pools = pools_with_counts(workspace)
    return [Column(pool.product, count_of(pool), pool.refused_since) for pool in pools]


def surroundings(user: User, workspace: Workspace) -> tuple[list[Workspace], str, int]:
    """Answer what stands around the list: the person's workspaces, this one's plan, its number of live invitations.

    Raises:
        NotFound: the person lost their place here since they were let in.
    """
    read = _surroundings().read({AN_ID: user.id, A_WORKSPACE: workspace.id})
    here = next(((plan, invited) for pk, _name, _slug, plan, invited in read if pk == workspace.id), None)
    if here is None:
        raise NotFound
    return [Workspace(id=pk, name=name, slug=slug) for pk, name, slug, _plan, _invited in read], *here


@cache
def _surroundings() -> Compiled:
    """Answer the statement of the above: the person's workspaces, with their plans and this one's live offers."""
    mine = Membership.objects.active().filter(user_id=AN_ID).values("workspace_id")
    offers = Membership.objects.invited().filter(workspace_id=A_WORKSPACE).order_by().values("workspace_id")
    rows = Workspace.objects.filter(id__in=mine).annotate(
        plan=F("subscription__plan"),
        invited=Coalesce(Subquery(offers.annotate(number=Count("*")).values("number")), 0),
    )
    return Compiled.of(rows.order_by("name", "id").values_list("id", "name", "slug", "plan", "invited"))
