"""Which part of the members list is shown, as the page's address says it: the same link shows a colleague the same."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from members.clock import database_now
from members.models import Role
from members.status import MEMBER_STATUSES
from workspace_admin.people.filters import EMAIL_STATES, NEVER_ACTIVE
from workspace_admin.people.queries import ORDERS, PAGE, Column

TABS: dict[str, dict[str, Any]] = {
    "all": {},
    "active": {"status": "active"},
    "invited": {"status": "invited"},
    "attention": {"needs_attention": True},
    "deactivated": {"status": "deactivated"},
}
"""Presets of filters."""
LIMITS = (25, PAGE, 100)
DAYS = ("30", "60", "90")
FILTERS: dict[str, Sequence[str] | None] = {
    "status": tuple(MEMBER_STATUSES),
    "role": tuple(Role.values),
    "product": None,
    "without_product": None,
    "last_active_before": (*DAYS, NEVER_ACTIVE),
    "email_state": EMAIL_STATES,
}
"""Each filter's choices; None: slugs of products."""
_SLUG, _NUMBER = re.compile(r"[-\w]{1,50}", re.ASCII), re.compile(r"[0-9]{1,9}")
COLUMNS = ("status", "role", "seats", "last_active", "joined", "expires")
SHOWN = ("status", "role", "seats", "last_active")
"""The columns that are shown unless others are chosen."""


@dataclass(frozen=True)
class ListQuery:
    """What is asked for; ``first`` is the number of the first row of the page in the whole list."""

    tab: str = "all"
    q: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    sort: str = "name"
    limit: int = PAGE
    columns: tuple[str, ...] = SHOWN
    cursor: str = ""
    first: int = 1

    @classmethod
    def of(cls, values: QueryDict) -> Self:
        """Return what an address asks for; what makes no sense is left out."""
        tab, sort, limit = values.get("tab", ""), values.get("sort", ""), _number(values.get("limit"))
        chosen = tuple(name for name in COLUMNS if name in values.getlist("columns"))
        cursor = values.get("cursor", "")[:2000]
        filters = tuple(
            (name, value)
            for name, choices in FILTERS.items()
            for value in dict.fromkeys(values.getlist(name))
            if (value in choices if choices else _SLUG.fullmatch(value))
        )[:30]
        tab, filters = _tab_of(tab if tab in TABS else "all", filters)
        return cls(
            tab=tab,
            q=values.get("q", "").strip()[:200],
            filters=filters,
            sort=sort if sort in ORDERS else "name",
            limit=limit if limit in LIMITS else PAGE,
            columns=chosen or SHOWN,
            cursor=cursor,
            first=max(_number(values.get("first")), 1) if cursor else 1,
        )

    def link(self, **changes: Any) -> str:
        """Return the query string of this list with some of it changed."""
        asked = replace(self, **changes)
        values: list[tuple[str, object]] = [
            *([("tab", asked.tab)] if asked.tab != "all" else []),
            *([("q", asked.q)] if asked.q else []),
            *asked.filters,
            *([("sort", asked.sort)] if asked.sort != "name" else []),
            *([("limit", asked.limit)] if asked.limit != PAGE else []),
            *([("columns", name) for name in asked.columns] if asked.columns != SHOWN else []),
            *([("cursor", asked.cursor)] if asked.cursor else []),
            *([("first", asked.first)] if asked.cursor and asked.first > 1 else []),
        ]
        return "?" + urlencode(values)

    def from_start(self, **changes: Any) -> str:
        """Return the query string of the first page of this list with some of it changed."""
        return self.link(cursor="", first=1, **changes)

    def without(self, *dropped: tuple[str, str]) -> str:
        """Return the query string of this list without these filters."""
        return self.from_start(filters=tuple(one for one in self.filters if one not in dropped))

    def chosen(self, name: str) -> list[str]:
        """Return the choices of one filter, that of the tab among them."""
        preset = TABS[self.tab].get(name)
        return [preset] if preset else [value for filtered, value in self.filters if filtered == name]

    @property
    def is_filtered(self) -> bool:
        """Whether only some people are shown."""
        return bool(self.filters or self.q)

    def values(self) -> dict[str, Any]:
        """Return what the reader of the list is asked for."""
        asked: dict[str, Any] = {name: self.chosen(name) for name in FILTERS}
        asked |= {"q": self.q, "sort": self.sort, "limit": self.limit, "cursor": self.cursor}
        asked["needs_attention"] = TABS[self.tab].get("needs_attention")
        asked["last_active_before"] = _moment(asked["last_active_before"])
        return asked


def _tab_of(tab: str, filters: tuple[tuple[str, str], ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the tab and the other filters: a tab is left for all once other statuses than its own are chosen."""
    preset, chosen = TABS[tab].get("status"), [value for name, value in filters if name == "status"]
    if preset is None or not chosen:
        return tab, filters
    if chosen == [preset]:
        return tab, tuple(one for one in filters if one[0] != "status")
    return "all", filters


def _number(text: str | None) -> int:
    return int(text) if text and _NUMBER.fullmatch(text) else 0


def _moment(chosen: Iterable[str]) -> Any:
    """Return the latest of the times that are chosen, as a member must have been active before one of them."""
    days = [int(one) for one in chosen if one != NEVER_ACTIVE]
    if days:
        return database_now() - timedelta(days=min(days))
    return NEVER_ACTIVE if list(chosen) else None


@dataclass(frozen=True)
class Choice:
    """One choice of a filter: its words, and the link to the list without it."""

    name: str
    value: str
    label: str
    chip: str
    chosen: bool
    without: str
    preset: bool
    """Whether the tab makes this choice, which has no chip then."""


@dataclass(frozen=True)
class Filter:
    """One filter's menu: its groups of choices, and how many are chosen."""

    key: str
    label: str
    groups: list[tuple[str, list[Choice]]]

    @property
    def chosen(self) -> list[Choice]:
        """The choices that are made."""
        return [choice for _heading, choices in self.groups for choice in choices if choice.chosen]


def menus(asked: ListQuery, columns: Sequence[Column]) -> list[Filter]:
    """Return the filters with their choices in words."""
    days = {day: _("More than %(days)s days ago") % {"days": day} for day in DAYS}
    states = {"bounced": _("Bounced"), "complained": _("Marked as spam"), "failed": _("Couldn't be sent")}
    products = {one.product.slug: one.product.name for one in columns}

    def one(name: str, label: str, words: dict[str, Any], chip: str) -> Filter:
        return Filter(name, label, [("", _choices(asked, name, words, chip))])

    seats = [
        (_("Has a seat"), _choices(asked, "product", products, _("Seat: %(choice)s"))),
        (_("Has no seat"), _choices(asked, "without_product", products, _("No seat: %(choice)s"))),
    ]
    return [
        one("status", _("Status"), _statuses(), _("Status: %(choice)s")),
        one("role", _("Role"), dict(Role.choices), _("Role: %(choice)s")),
        *([Filter("seat", _("Seat"), seats)] if products else []),
        one("last_active_before", _("Last active"), days | {NEVER_ACTIVE: _("Never")}, _("Last active: %(choice)s")),
        one("email_state", _("Email"), states, _("Email: %(choice)s")),
    ]


def _statuses() -> dict[str, str]:
    return {
        "active": _("Active"),
        "invited": _("Invited"),
        "expired": _("Expired"),
        "lapsed": _("Lapsed"),
        "deactivated": _("Deactivated"),
    }


def _choices(asked: ListQuery, name: str, words: dict[str, Any], chip: str) -> list[Choice]:
    """Return a filter's choices, those among them that are made but not known; ``chip`` words one that is made."""
    made = asked.chosen(name)
    return [
        Choice(
            *(name, value, str(label), chip % {"choice": label}, value in made),
            without=asked.without((name, value)),
            preset=value == TABS[asked.tab].get(name),
        )
        for value, label in (words | {value: value for value in made if value not in words}).items()
    ]


def display(asked: ListQuery) -> list[tuple[str, str, bool]]:
    """Return the columns that can be shown: name, words, and whether it is."""
    labels = {
        "status": _("Status"),
        "role": _("Role"),
        "seats": _("Seats"),
        "last_active": _("Last active"),
        "joined": _("Joined"),
        "expires": _("Expires"),
    }
    return [(name, label, name in asked.columns) for name, label in labels.items()]


@dataclass(frozen=True)
class Head:
    """A column's header: its words, and the link that sorts by it; ``direction`` is that of the list now, if it is."""

    key: str
    label: str
    link: str
    direction: str


def heads(asked: ListQuery) -> dict[str, Head]:
    """Return the headers of the columns that sort, by column."""
    sorts = {
        "name": ("name", _("Member")),
        "role": ("role", _("Role")),
        "last_active": ("last_active_at", _("Last active")),
        "joined": ("joined_at", _("Joined")),
        "expires": ("expires_at", _("Expires")),
    }
    return {key: _head(asked, key, sort, label) for key, (sort, label) in sorts.items()}


def _head(asked: ListQuery, key: str, sort: str, label: str) -> Head:
    """Return one header: its link turns the order around, and the first press on a time shows the latest first."""
    directions = {sort: "ascending", f"-{sort}": "descending"}
    here = directions.get(asked.sort, "")
    first = f"-{sort}" if key in {"last_active", "joined"} else sort
    other = f"-{sort}" if asked.sort == sort else sort
    return Head(key, label, asked.from_start(sort=other if here else first), here)


def controls(asked: ListQuery, columns: Sequence[Column]) -> dict[str, Any]:
    """Return what the strip over the list and the table's header show."""
    filters = menus(asked, columns)
    chips = [one for menu in filters for one in menu.chosen if not one.preset]
    return {
        "asked": asked,
        "filters": filters,
        "last_chip": chips[-1] if chips else None,
        "display": display(asked),
        "limits": LIMITS,
        "shows": dict.fromkeys(asked.columns, True),
        "heads": heads(asked),
        "selects": asked.from_start(),
        "cleared": asked.from_start(filters=(), q=""),
        "without_words": asked.from_start(q=""),
    }
