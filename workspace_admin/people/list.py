"""The Members page: the list as a whole page, or as the fragment that htmx puts in its place."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, retarget

from billing_seats.models import UndoableChange
from billing_seats.plans import FEATURES, Feature, Plan
from members.access import Action, Actor, actor_for
from members.errors import DomainError, InvalidRequest, NotFound, SeatsExhausted
from members.models import Membership, Role, User, Workspace
from members.prepared import Prepared
from members.requests import SignedInRequest
from members.rest.pagination import Page
from workspace_admin.people import queries
from workspace_admin.people.filters import Filters
from workspace_admin.people.list_query import TABS, ListQuery, controls
from workspace_admin.people.queries import Column, Shape
from workspace_admin.people.rows import Refusal, present, with_refusal, words

CHANGED = "people:changed"
"""The event that the page gets after an action: an open drawer loads its person again."""
ANSWER = "workspace_admin/people/answer.html"
SWITCHED, WIDTHS = 3, (760, 880, 1000, 1100)
"""Up to so many products have a column of switches each, if the table is as wide as one of these."""
ANY, NO_FILTERS = ListQuery(), Filters()
COUNTED = 1_000
"""Up to here members and invitations are counted."""


class Shell(NamedTuple):
    """What surrounds the list: the person's workspaces, this one's plan, how many are on each tab and on the list."""

    workspaces: list[Workspace]
    plan: str
    counts: dict[str, int]
    total: int


def shell_of(user: User, workspace: Workspace, asked: ListQuery = ANY) -> Shell:
    """Return what surrounds the list; members are counted up to one more than ``COUNTED``.

    Raises:
        NotFound: the person lost their membership since the request began.
    """
    filters = Filters.of(workspace, asked.values()) if asked.is_filtered else NO_FILTERS
    workspaces = _workspaces(filters).read(user=user.id, here=workspace.id, **filters.values)
    here: Any = next((one for one in workspaces if one.id == workspace.id), None)
    if here is None:
        raise NotFound
    counts = {tab: getattr(here, f"number_{tab}") for tab in TABS}
    return Shell(workspaces, here.plan, counts, counts[asked.tab] if filters == NO_FILTERS else here.total)


@lru_cache(maxsize=1_000)
def _workspaces(filters: Filters) -> Prepared[Workspace]:
    def build(user: Any, here: Any) -> QuerySet[Workspace]:
        mine = Membership.objects.active().filter(user_id=user).values("workspace_id")
        rows = Workspace.objects.filter(id__in=mine).order_by("name", "id")
        lists = {f"number_{tab}": Filters.of(here, preset) for tab, preset in TABS.items()}
        if filters != NO_FILTERS:
            lists["total"] = filters.with_params()
        numbers = {name: number_of(asked, here) for name, asked in lists.items()}
        return rows.annotate(plan=F("subscription__plan"), **numbers)

    return Prepared(build)


def number_of(filters: Filters, workspace: Any) -> Func:
    """Return how many members there are, up to one more than ``COUNTED``: the cost ends there too."""
    rows = filters.narrow(Membership.objects.all(), workspace)
    ids = ArraySubquery(rows.order_by().values("id")[: COUNTED + 1])
    return Func(ids, function="CARDINALITY", output_field=IntegerField())


@login_required
@require_safe
def members(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show who is in the workspace and who is invited, or say who may see it."""
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_MEMBERS):
        context = {"actor": actor, "workspace": actor.workspace, "nav": "members"}
        return render(request, "workspace_admin/people/refused.html", context, status=403)
    restored = bool(request.htmx.history_restore_request)
    template = "workspace_admin/people/members.html" if restored or not request.htmx else ANSWER
    response = render(request, template, context_of(request, actor))
    if request.htmx and not restored:
        # Typing is one step back, every other choice is one of its own.
        typed = request.headers.get("HX-Source") == "input#q"
        response["HX-Replace-Url" if typed else "HX-Push-Url"] = request.path + list_query(request).link()
    patch_vary_headers(response, ["HX-Request"])
    return response


def list_query(request: SignedInRequest) -> ListQuery:
    """Return which part of the list the person looks at: by this URL, or by that of the page an action came from."""
    if request.method in {"GET", "HEAD"} and not request.path.endswith("/invite/"):
        return ListQuery.of(request.GET)
    return ListQuery.of(QueryDict(urlsplit(request.htmx.current_url or "").query))


def context_of(
    request: SignedInRequest, actor: Actor, *, fresh: tuple[str, ...] = (), refusal: Refusal | None = None
) -> dict[str, Any]:
    """Return what the list's template needs; ``fresh`` addresses come first, a refusal stands in its member's row."""
    asked = list_query(request)
    found = queries.with_fresh(actor.workspace, _find(actor.workspace, asked), fresh)
    products = queries.columns(actor.workspace)
    columns = [one for one in products if one.is_shown]
    shell = shell_of(request.user, actor.workspace, asked)
    me = actor.membership.id if actor.membership else None
    rows = present(found.rows, columns, actor.workspace.slug, me)
    return {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "my_workspaces": shell.workspaces,
        "plan_label": Plan(shell.plan).label,
        "summary": _summary(shell),
        "columns": columns,
        "switched": columns if len(columns) <= SWITCHED else [],
        "many": len(columns) > SWITCHED,
        "fits": fits(asked, len(columns)),
        "rows": [replace(with_refusal(row, refusal), fresh=row.email in fresh) for row in rows],
        **controls(asked, columns),
        "bulk": _bulk_choices(columns),
        "total": worded(shell.total),
        "chosen_elsewhere": request.headers.get("HX-Source") != "div#choices",
        "tabs": _tabs(asked, shell),
        "next": asked.link(cursor=found.next_cursor, first=asked.first + len(rows)) if found.next_cursor else "",
        "previous": _previous(asked, found),
        "place": _place(asked, len(rows), shell.total),
        "say": words(),
        "may_edit": actor.may(Action.CHANGE_ROLE),
        "may_invite": actor.may(Action.INVITE),
        "plan_invites": Feature.INVITATIONS in FEATURES[shell.plan],
        "announced": _announced(shell.total),
    }


def _bulk_choices(columns: Sequence[Column]) -> dict[str, Any]:
    """Return what the bar offers to do to those who are selected: value and words of each choice."""
    return {
        "roles": [(f"role:{value}", label) for value, label in Role.choices],
        "give": [(f"give:{one.product.slug}", one.product.name) for one in columns if not one.product.retired],
        "take": [(f"take:{one.product.slug}", one.product.name) for one in columns],
        "products": bool(columns),
    }


def fits(asked: ListQuery, products: int) -> str:
    """Return the table's class: below which width the seats are tags, or that they always are."""
    if products > SWITCHED:
        return "many"
    wide = 430 + 115 * (products if "seats" in asked.columns else 0)
    wide += 110 * len({"last_active", "joined", "expires"} & set(asked.columns))
    return f"needs-{next((one for one in WIDTHS if one >= wide), WIDTHS[-1])}"


def _find(workspace: Workspace, asked: ListQuery) -> Page[Membership]:
    query = asked.values()
    try:
        return queries.find(workspace, query, Shape.PAGE)
    except InvalidRequest:
        return queries.find(workspace, query | {"cursor": ""}, Shape.PAGE)


def _previous(asked: ListQuery, found: Page[Membership]) -> str:
    if not found.prev_cursor:
        return ""
    first = asked.first - asked.limit
    return asked.link(cursor=found.prev_cursor, first=first) if first > 1 else asked.from_start()


def _place(asked: ListQuery, shown: int, total: int) -> str:
    """Return which rows of how many are shown."""
    if not shown:
        return ""
    last = asked.first + shown - 1
    return _("%(first)s–%(last)s of %(total)s") % {
        "first": number_format(asked.first, force_grouping=True),
        "last": number_format(last, force_grouping=True),
        "total": worded(max(total, last)),
    }


def _summary(shell: Shell) -> str:
    """Return how many there are in words, "1,000+" where counting stops."""
    active, invited, attention = (shell.counts[tab] for tab in ("active", "invited", "attention"))
    parts = [ngettext("%(number)s member", "%(number)s members", active) % {"number": worded(active)}]
    if invited:
        parts.append(ngettext("%(number)s invited", "%(number)s invited", invited) % {"number": worded(invited)})
    if attention:
        words = ngettext("%(number)s needs attention", "%(number)s need attention", attention)
        parts.append(words % {"number": worded(attention)})
    return ", ".join(parts)


def _announced(total: int) -> str:
    return ngettext("%(number)s person found", "%(number)s people found", total) % {"number": worded(total)}


def worded(count: int) -> str:
    """Return a count in words: from where counting stops on, "1,000+"."""
    return number_format(count, force_grouping=True) if count <= COUNTED else _("1,000+")


def _tabs(asked: ListQuery, shell: Shell) -> list[dict[str, Any]]:
    labels = {
        "all": _("All"),
        "active": _("Active"),
        "invited": _("Invited"),
        "attention": _("Needs attention"),
        "deactivated": _("Deactivated"),
    }
    others = tuple(one for one in asked.filters if one[0] != "status")
    return [
        {
            "tab": tab,
            "label": label,
            "link": asked.from_start(tab=tab, filters=others),
            "here": asked.tab == tab,
            "count": worded(shell.counts[tab]),
        }
        for tab, label in labels.items()
    ]


def refreshed(
    request: SignedInRequest,
    slug: str,
    *,
    error: DomainError | None = None,
    member: UUID | None = None,
    fresh: tuple[str, ...] = (),
) -> HttpResponse:
    """Return the list as it is after an action for htmx, else a redirect to the page. Rights are read again."""
    if not request.htmx:
        return redirect("members", slug)
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_MEMBERS):
        return HttpResponseClientRedirect(resolve_url("home", slug))
    refusal = _refusal(slug, error, member) if error and member else None
    context = context_of(request, actor, fresh=fresh, refusal=refusal)
    response = render(request, ANSWER, context, status=error.status if error else 200)
    response["HX-Trigger"] = CHANGED
    if error and "retry_after" in error.extra:
        response["Retry-After"] = str(ceil(error.extra["retry_after"]))
    return response


def dialog_done(
    request: SignedInRequest, slug: str, message: str, undoable: UndoableChange | None = None
) -> HttpResponse:
    """Return the answer to a dialog whose change was made: it closes, and the list is as it now is."""
    if undoable is None:
        messages.success(request, message)
    else:
        offer_undo(request, slug, undoable, message)
    return retarget(refreshed(request, slug), "#people")


def offer_undo(request: SignedInRequest, slug: str, undoable: UndoableChange, message: str) -> None:
    """Say what was done, beside a button that takes it back."""
    messages.success(request, message, extra_tags=resolve_url("member-undo", slug, undoable.id))


def _refusal(slug: str, error: DomainError, member: UUID) -> Refusal:
    remedy = ""
    if isinstance(error, SeatsExhausted) and "product" in error.extra:
        remedy = resolve_url("seat-takeover", slug, member, error.extra["product"])
    return Refusal(member, str(error.message), remedy, ceil(error.extra.get("retry_after", 0)))
