"""The Members page: the list as a whole page, or as the fragment that htmx puts in its place."""

from math import ceil
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, retarget

from billing_seats.plans import FEATURES, Feature, Plan
from members.access import Action, Actor, actor_for
from members.errors import DomainError, InvalidRequest, NotFound, SeatsExhausted
from members.models import Membership, MembershipQuerySet, User, Workspace
from members.prepared import Prepared
from members.requests import SignedInRequest
from members.rest.pagination import Page
from workspace_admin.people import queries
from workspace_admin.people.queries import Shape
from workspace_admin.people.rows import Refusal, present, with_refusal, words

CHANGED = "people:changed"
"""The event that the page gets after an action: an open drawer loads its person again."""
TABS = {"all": None, "active": "active", "invited": "invited"}
"""Presets of the status filter."""
COUNTED = 1_000
"""Up to here members and invitations are counted."""


class ListQuery(NamedTuple):
    """Which part of the list the person looks at, as the page's address says it."""

    tab: str = "all"
    q: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, values: QueryDict) -> Self:
        """Return what an address asks for; what makes no sense is left out."""
        tab = values.get("tab", "all")
        return cls(tab if tab in TABS else "all", values.get("q", "").strip()[:200], values.get("cursor", "")[:2000])

    def link(self, **changes: str) -> str:
        """Return the query string of this list with some of it changed."""
        asked = self._replace(**changes)
        values = {"tab": asked.tab if asked.tab != "all" else "", "q": asked.q, "cursor": asked.cursor}
        return "?" + urlencode({name: value for name, value in values.items() if value})


class Shell(NamedTuple):
    """What surrounds the list: the person's workspaces, this one's plan, its active members and live invitations."""

    workspaces: list[Workspace]
    plan: str
    active: int
    invited: int


def shell_of(user: User, workspace: Workspace) -> Shell:
    """Return what surrounds the list; members and invitations are counted up to one more than ``COUNTED``.

    Raises:
        NotFound: the person lost their membership since the request began.
    """
    workspaces = _workspaces.read(user=user.id, here=workspace.id)
    here: Any = next((one for one in workspaces if one.id == workspace.id), None)
    if here is None:
        raise NotFound
    return Shell(workspaces, here.plan, here.active, here.invited)


@Prepared
def _workspaces(user: Any, here: Any) -> QuerySet[Workspace]:
    mine = Membership.objects.active().filter(user_id=user).values("workspace_id")
    members = Membership.objects.filter(workspace_id=here)
    rows = Workspace.objects.filter(id__in=mine).order_by("name", "id")
    return rows.annotate(
        plan=F("subscription__plan"), active=_number_of(members.active()), invited=_number_of(members.invited())
    )


def _number_of(rows: MembershipQuerySet) -> Func:
    """Return how many rows there are, up to one more than ``COUNTED``: the cost ends there too."""
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
    template = "workspace_admin/people/answer.html" if request.htmx else "workspace_admin/people/members.html"
    response = render(request, template, context_of(request, actor))
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
    columns = [one for one in queries.columns(actor.workspace) if one.is_shown]
    shell = shell_of(request.user, actor.workspace)
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
        "rows": [with_refusal(row, refusal) for row in rows],
        "asked": asked,
        "tabs": _tabs(asked, shell.invited),
        "next": asked.link(cursor=found.next_cursor) if found.next_cursor else "",
        "previous": asked.link(cursor=found.prev_cursor) if found.prev_cursor else "",
        "say": words(),
        "may_edit": actor.may(Action.CHANGE_ROLE),
        "may_invite": actor.may(Action.INVITE),
        "plan_invites": Feature.INVITATIONS in FEATURES[shell.plan],
        "announced": ngettext("%(count)s person shown", "%(count)s people shown", len(rows)) % {"count": len(rows)},
    }


def _find(workspace: Workspace, asked: ListQuery) -> Page[Membership]:
    query = {"status": TABS[asked.tab], "q": asked.q, "cursor": asked.cursor}
    try:
        return queries.find(workspace, query, Shape.PAGE)
    except InvalidRequest:
        return queries.find(workspace, query | {"cursor": ""}, Shape.PAGE)


def _summary(shell: Shell) -> str:
    """Return how many there are in words, "1,000+" where counting stops."""
    members = ngettext("%(number)s member", "%(number)s members", shell.active) % {"number": _number(shell.active)}
    if not shell.invited:
        return members
    invited = ngettext("%(number)s pending invitation", "%(number)s pending invitations", shell.invited)
    return f"{members} · {invited % {'number': _number(shell.invited)}}"


def _number(count: int) -> str:
    return f"{count}" if count <= COUNTED else _("1,000+")


def _tabs(asked: ListQuery, invited: int) -> list[dict[str, Any]]:
    labels = {"all": _("All"), "active": _("Active"), "invited": _("Invited")}
    return [
        {
            "label": label,
            "link": asked.link(tab=tab, cursor=""),
            "here": asked.tab == tab,
            "count": _number(invited) if tab == "invited" else None,
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
    response = render(request, "workspace_admin/people/answer.html", context, status=error.status if error else 200)
    response["HX-Trigger"] = CHANGED
    if error and "retry_after" in error.extra:
        response["Retry-After"] = str(ceil(error.extra["retry_after"]))
    return response


def dialog_done(request: SignedInRequest, slug: str, message: str) -> HttpResponse:
    """Return the answer to a dialog whose change was made: it closes, and the list is as it now is."""
    messages.success(request, message)
    return retarget(refreshed(request, slug), "#people")


def _refusal(slug: str, error: DomainError, member: UUID) -> Refusal:
    remedy = ""
    if isinstance(error, SeatsExhausted) and "product" in error.extra:
        remedy = resolve_url("seat-takeover", slug, member, error.extra["product"])
    return Refusal(member, str(error.message), remedy, ceil(error.extra.get("retry_after", 0)))
