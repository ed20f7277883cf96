"""Profile pages: name and language, changing one's own address, ending one's own sessions."""

import time

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST

from members import services
from members.account import address_change, address_tokens, sessions
from members.account.forms import NewAddressForm, ProfileForm
from members.errors import InvalidRequest, NotFound
from members.requests import SignedInRequest, last_workspace


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change the own name and language; show where the person is signed in."""
    user = request.user
    form = ProfileForm(request.POST or None, initial={"name": user.name, "language": user.language})
    if form.is_valid():
        services.update_profile(user, name=form.cleaned_data["name"], language=form.cleaned_data["language"])
        with override(user.language):
            messages.success(request, _("Your profile was saved."))
        return redirect("profile")
    sign_ins = sessions.sign_ins(user, request.session.session_key)
    return render(request, "members/account/profile.html", {**last_workspace(user), "form": form, "sign_ins": sign_ins})


def sign_in_is_old(request: HttpRequest) -> bool:
    """Return whether to ask for the password again: given over five minutes ago, or not in this browser."""
    records = get_authentication_records(request, request.user)
    return not records or bool(time.time() - records[-1]["at"] > app_settings.REAUTHENTICATION_TIMEOUT)


@login_required
@reauthentication_required(enabled=sign_in_is_old)  # type: ignore[untyped-decorator]  # -- allauth ships no types
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: SignedInRequest) -> HttpResponse:
    """Ask for a new address and send a link there."""
    form = NewAddressForm(request.POST or None)
    if not form.is_valid():
        return render(request, "members/account/profile_address.html", {"form": form})
    email = form.cleaned_data["email"]
    refused: HttpResponse | None = consume_or_429(request, action="change_address", key=email)
    if refused:
        return refused
    try:
        address_change.ask_for_address(request.user, email)
    except InvalidRequest as error:
        form.add_error("email", str(error.message))
        return render(request, "members/account/profile_address.html", {"form": form})
    messages.success(request, _("We’ve emailed a link to %(email)s. Open it to finish.") % {"email": email})
    return redirect("profile")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_link(request: SignedInRequest, token: str) -> HttpResponse:
    """Show what the link changes, then change it; opening it changes nothing."""
    page = "members/account/profile_address_link.html"
    mail = address_tokens.find(token, request.user)
    if mail is None:
        return render(request, page, status=NotFound.status)
    context = {"email": mail.email, "token": token}
    if request.method != "POST":
        return render(request, page, context)
    try:
        address_change.change_address(request.user, token)
    except NotFound as error:
        return render(request, page, status=error.status)
    except InvalidRequest as error:
        return render(request, page, {**context, "error": error}, status=error.status)
    messages.success(request, _("Your email address is now %(email)s.") % {"email": mail.email})
    return redirect("profile")


@login_required
@require_POST
def end_session(request: SignedInRequest, name: str) -> HttpResponse:
    """End one of the person's other sessions."""
    sessions.end(request.user, name, request.session.session_key)
    messages.success(request, _("Session signed out."))
    return redirect("profile")


@login_required
@require_POST
def end_other_sessions(request: SignedInRequest) -> HttpResponse:
    """End all of the person's sessions but this one."""
    sessions.end_others(request.user, request.session.session_key)
    messages.success(request, _("Signed out everywhere else."))
    return redirect("profile")
