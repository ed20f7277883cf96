"""Which members a list shows: the filters that the page, the API and bulk changes share, and their conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.db.models import BooleanField, Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.db.models.lookups import Exact, LessThan

from billing_seats.models import Seat
from invitations.models import LOST, Delivery, InvitationStatus
from members.clock import NEVER, OrNever
from members.models import Membership, MembershipQuerySet, Status, Workspace
from members.names import lexemes_of
from members.prepared import Param
from members.rest.pagination import Order
from members.status import MEMBER_STATUSES

EMAIL_STATES = ("bounced", "complained", "failed")
"""What the last email to an invitee can have come to, so that something has to be done about it."""
NEVER_ACTIVE = "never"
"""In place of a time of ``last_active_before``: those who have not been active yet."""
_BY_STATUS = {"sort_name", "joined_at", "last_active_at", "email"}
_BY_ROLE = {"sort_name"}
"""Orders in which an index has the members of each status, or of each role; by address, few are sorted instead."""
_MANY = ("product", "without_product")
_ONE = ("email", "external_id", "last_active_before", "updated_since", "q")
type Values = Mapping[str, Any]
"""What is asked for by name: see ``Filters.of``, and ``sort``, ``cursor`` and ``limit``."""


@dataclass(frozen=True)
class Filters:
    """The conditions of a list, and the values that they compare with.

    Equal ones make the same statement, with other values: so these have no part in it.
    """

    status: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    email_state: tuple[str, ...] = ()
    needs_attention: bool = False
    never_active: bool = False
    names: frozenset[str] = frozenset()
    """The filters that compare with a value."""
    values: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @classmethod
    def of(cls, workspace: Workspace, query: Values) -> Self:
        """Return what is asked for; of several statuses, roles, states or products a member meets one.

        Members ``without_product`` have a seat of none of them. ``needs_attention`` are those whose offer or access
        has ended, and those whose invitation did not arrive.
        """
        values = {name: query[name] for name in _ONE if query.get(name)}
        never = values.get("last_active_before") == NEVER_ACTIVE
        if never:
            del values["last_active_before"]
        if "q" in values:
            values["q"] = lexemes_of(workspace.id, values["q"])
        for name in _MANY:
            values |= {f"{name}_{number}": slug for number, slug in enumerate(_several(query.get(name)))}
        values = {name: value for name, value in values.items() if value}
        return cls(
            _several(query.get("status")),
            _several(query.get("role")),
            _several(query.get("email_state")),
            bool(query.get("needs_attention")),
            never,
            frozenset(values),
            values,
        )

    def with_params(self) -> Self:
        """Return the same with a parameter in place of each value."""
        return replace(self, values={name: Param(name) for name in self.names})

    def split(self, order: Order) -> tuple[Self, Self]:
        """Return those filters that an index in this order serves, and the others, which few rows may meet."""
        status = self.status if len(self.status) == 1 and order.field in _BY_STATUS else ()
        role = self.role if len(self.role) == 1 and order.field in _BY_ROLE and not self.status else ()
        names = self.names & {"email", "external_id"}
        along = replace(self, status=status, role=role, names=names, email_state=(), needs_attention=False)
        along = replace(along, never_active=False)
        rest = replace(
            self,
            status=() if status else self.status,
            role=() if role else self.role,
            names=self.names - names,
        )
        return along, rest

    @property
    def is_empty(self) -> bool:
        """Whether everybody meets them."""
        return self == type(self)()

    def narrow(self, rows: MembershipQuerySet, workspace_id: Any, *, indexed: bool = True) -> MembershipQuerySet:
        """Return those of the rows that are of the workspace and meet the filters.

        Unless ``indexed``, words, seats and emails are looked for row by row: for a few rows, Postgres would fetch
        everybody's.
        """
        rows = rows.filter(workspace_id=workspace_id)
        if self.status:
            rows = rows.filter(_any(MEMBER_STATUSES[status] for status in self.status))
        if self.role:
            rows = rows.filter(role=self.role[0]) if len(self.role) == 1 else rows.filter(role__in=self.role)
        if self.needs_attention:
            rows = rows.filter(_needs_attention(workspace_id, indexed=indexed))
        if self.email_state:
            rows = rows.filter(_last_email_is(self.email_state, workspace_id, indexed=indexed))
        return self._compared(rows, indexed=indexed)

    def _compared(self, rows: MembershipQuerySet, *, indexed: bool) -> MembershipQuerySet:
        for name in self.names & {"email", "external_id"}:
            rows = rows.filter(**{name: self.values[name]})
        if "external_id" in self.names:
            rows = rows.filter(~Q(external_id=""))  # the index's own condition
        if "updated_since" in self.names:
            rows = rows.filter(updated_at__gte=self.values["updated_since"])
        for name, wanted in (("product", True), ("without_product", False)):
            if slugs := [self.values[one] for one in sorted(self.names) if one.startswith(f"{name}_")]:
                rows = rows.filter(_has_seat(slugs, wanted=wanted, indexed=indexed))
        if self.never_active or "last_active_before" in self.names:
            rows = rows.exclude(status=Status.INVITED)
        if self.never_active:
            rows = rows.filter(Exact(OrNever("last_active_at"), Value(NEVER)))
        if "last_active_before" in self.names:
            rows = rows.filter(LessThan(OrNever("last_active_at"), self.values["last_active_before"]))
        return rows.having(self.values["q"], indexed=indexed) if "q" in self.names else rows


def _several(asked: Any) -> tuple[str, ...]:
    """Return one or several choices in one order."""
    return (asked,) if isinstance(asked, str) and asked else tuple(sorted(set(asked or ())))


def _any(conditions: Any) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _has_seat(slugs: list[Any], *, wanted: bool, indexed: bool) -> Any:
    seats = Seat.objects.filter(workspace=OuterRef("workspace_id"), membership=OuterRef("pk"))
    held = Exists(seats.filter(product__slug__in=slugs))
    if indexed:
        return held if wanted else ~held
    return Case(When(held, then=wanted), default=not wanted, output_field=BooleanField())


def _needs_attention(workspace_id: Any, *, indexed: bool) -> Q:
    ended = Q(expires_at__lte=Now(), expires_at__isnull=False) & ~Q(status=Status.DEACTIVATED)
    if not indexed:
        return ended | _last_email_is(EMAIL_STATES, workspace_id, indexed=False)
    # Each half by its own index: of both in one condition, Postgres would read everybody.
    over = Membership.objects.filter(ended, workspace_id=workspace_id).values("id")
    return Q(id__in=over.union(_without_email(EMAIL_STATES, workspace_id), all=True))


def _last_email_is(states: tuple[str, ...], workspace_id: Any, *, indexed: bool) -> Q:
    """Return whether the last email of the member's pending invitation came to one of these."""
    if indexed:
        return Q(status=Status.INVITED, id__in=_without_email(states, workspace_id))
    lost = _lost(states).filter(workspace=OuterRef("workspace_id"), invitation__membership=OuterRef("pk"))
    held = Case(When(Exists(lost), then=True), default=False, output_field=BooleanField())
    return Q(status=Status.INVITED) & Q(held)


def _without_email(states: tuple[str, ...], workspace_id: Any) -> QuerySet[Delivery, Any]:
    """Return the ids of the members whose last email came to one of these."""
    return _lost(states).filter(workspace_id=workspace_id).values("invitation__membership_id")


def _lost(states: tuple[str, ...]) -> QuerySet[Delivery]:
    mails = Delivery.objects.filter(
        LOST, generation=F("invitation__generation"), invitation__status=InvitationStatus.PENDING
    )
    came_to = Case(When(outcome="", then=F("state")), default=F("outcome"), output_field=CharField())
    return mails.alias(came_to=came_to).filter(came_to__in=states) if states != EMAIL_STATES else mails
