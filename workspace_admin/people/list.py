"""The list as an answer: as a page, or as the fragment that htmx puts in its place."""

from math import ceil
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect, retarget

from billing_seats.plans import FEATURES, Feature, Plan
from members.access import Action, Actor, actor_for
from members.errors import DomainError, SeatsExhausted
from members.requests import SignedInRequest
from workspace_admin.people import queries
from workspace_admin.people.rows import Refusal, beside, present
from workspace_admin.people.words import words

CHANGED = "people:changed"
"""What the page is told after an action: a drawer that shows somebody looks again."""


def asked_for(request: SignedInRequest) -> queries.ListQuery:
    """Answer which part of the list the person looks at: of this address, or of the page that an action came from."""
    if request.method in {"GET", "HEAD"} and not request.path.endswith("/invite/"):
        return queries.ListQuery.of(request.GET)
    return queries.ListQuery.of(QueryDict(urlsplit(request.htmx.current_url or "").query))


def context_of(
    request: SignedInRequest, actor: Actor, *, fresh: tuple[str, ...] = (), refusal: Refusal | None = None
) -> dict[str, Any]:
    """Answer what the list's template needs, with a refusal beside the row that it is about."""
    asked = asked_for(request)
    found = queries.find(actor.workspace, asked, fresh)
    columns = [one for one in queries.columns(actor.workspace) if one.is_shown]
    workspaces, plan, invited = queries.surroundings(request.user, actor.workspace)
    me, say = actor.membership.id if actor.membership else None, words()
    token = csrf_field(request)
    return {
        "actor": actor,
        "workspace": actor.workspace,
        "nav": "members",
        "my_workspaces": workspaces,
        "plan_label": Plan(plan).label,
        "columns": columns,
        "rows": [beside(present(row, columns, me), refusal) for row in found.rows],
        "asked": asked,
        "tabs": _tabs(asked, invited),
        "next": asked.link(cursor=found.next_cursor) if found.next_cursor else "",
        "previous": asked.link(cursor=found.prev_cursor) if found.prev_cursor else "",
        "say": say,
        "csrf_field": token,
        "sends_role": _sends(token, say.change),
        "sends_seat": _sends(token, say.save),
        "may_edit": actor.may(Action.CHANGE_ROLE),
        "may_invite": actor.may(Action.INVITE),
        "plan_invites": Feature.INVITATIONS in FEATURES[plan],
        "announced": ngettext("%(count)s person shown", "%(count)s people shown", len(found.rows))
        % {"count": len(found.rows)},
    }


def csrf_field(request: SignedInRequest) -> SafeString:
    """Answer the field of a form that proves it to be of this console: made once for all forms of a page."""
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))


def _sends(token: SafeString, label: str) -> SafeString:
    """Answer the end of a form that sends itself when it is changed: without script, by a button."""
    return format_html('{}<noscript><button type="submit" class="btn sm">{}</button></noscript>', token, label)


def _tabs(asked: queries.ListQuery, invited: int) -> list[dict[str, Any]]:
    labels = {"all": _("All"), "active": _("Active"), "invited": _("Invited")}
    return [
        {
            "label": label,
            "link": asked.link(tab=tab, cursor=""),
            "here": asked.tab == tab,
            "count": invited if tab == "invited" else None,
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
    """Answer an action: the list as it is now to htmx, else a redirect to the page. Rights are read anew."""
    if not request.htmx:
        return redirect("members", slug)
    actor = actor_for(request.user, slug)
    if not actor.may(Action.VIEW_MEMBERS):
        return HttpResponseClientRedirect(resolve_url("home", slug))
    refusal = _refusal(error, member) if error and member else None
    context = context_of(request, actor, fresh=fresh, refusal=refusal)
    response = render(request, "workspace_admin/people/answer.html", context, status=error.status if error else 200)
    response["HX-Trigger"] = CHANGED
    if error and "retry_after" in error.extra:
        response["Retry-After"] = str(ceil(error.extra["retry_after"]))
    return response


def told(request: SignedInRequest, slug: str, done: str) -> HttpResponse:
    """Answer a dialog whose change was made: it closes, and the list is as it now is."""
    messages.success(request, done)
    return retarget(refreshed(request, slug), "#people")


def _refusal(error: DomainError, member: UUID) -> Refusal:
    wait = ceil(error.extra.get("retry_after", 0))
    return Refusal(member, str(error.message), _remedy(error, member), wait)


def _remedy(error: DomainError, member: UUID) -> str:
    """Answer where a seat can be taken from someone else, for whom none was left."""
    return f"{member}/seats/{error.extra['product']}/takeover/" if isinstance(error, SeatsExhausted) else ""
