"""Profile pages: the person's own data as a file, and the end of their account."""

from http import HTTPStatus

import orjson
from allauth.account.decorators import reauthentication_required
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from members.account.views import sign_in_is_old
from members.errors import DomainError
from members.requests import SignedInRequest
from workspace_admin.personal_data.export import own_data
from workspace_admin.personal_data.forms import ErasureForm
from workspace_admin.personal_data.services import erase_own_account, refusal
from workspace_admin.personal_data.traces import places


@login_required
@reauthentication_required(enabled=sign_in_is_old)  # type: ignore[untyped-decorator]  # -- allauth ships no types
@require_safe
def export(request: SignedInRequest) -> HttpResponse:
    """Offer the file: whoever had to give their password first is back on a page, not left on the one that asked."""
    return render(request, "workspace_admin/personal_data/export.html")


@login_required
@reauthentication_required(enabled=sign_in_is_old)  # type: ignore[untyped-decorator]  # -- allauth ships no types
@require_safe
def own_data_file(request: SignedInRequest) -> HttpResponse:
    """Return the person's own data as a JSON file."""
    body = orjson.dumps(own_data(request.user), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    name = f"my-data-{localdate().isoformat()}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type="application/json", headers=headers)


@login_required
@reauthentication_required(enabled=sign_in_is_old)  # type: ignore[untyped-decorator]  # -- allauth ships no types
@require_http_methods(["GET", "HEAD", "POST"])
def erasure(request: SignedInRequest) -> HttpResponse:
    """Say what is lost and ask for the own address; then erase the person and sign them out."""
    form = ErasureForm(request.POST if request.method == "POST" else None, user=request.user)
    error = refusal(request.user)
    if error is None and form.is_valid():
        try:
            erase_own_account(request.user)
        except DomainError as refused:
            error = refused
        else:
            logout(request)
            return redirect("erased")
    context = {"form": form, "error": error, "places": places(request.user)}
    failed = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    status = error.status if error and request.method == "POST" else failed
    return render(request, "workspace_admin/personal_data/erasure.html", context, status=status)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """Say that it is done: no mail can, since the address is gone."""
    if request.user.is_authenticated:
        return redirect("root")
    return render(request, "workspace_admin/personal_data/erased.html")
