"""How django-allauth does things here: names at sign-up, plain addresses, and all mail through the outbox."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from members.account import address_change, confirmation, emails
from members.addresses import canonical
from members.errors import InvalidRequest

if TYPE_CHECKING:
    from members.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # -- allauth ships no types
    """allauth's hooks."""

    kinds: ClassVar[dict[str, str]] = {
        "account/email/email_confirmation_signup": "confirm_address",
        "account/email/email_confirmation": "confirm_address",
        "account/email/password_reset_key": "password_reset",
        "account/email/unknown_account": "unknown_account",
        "account/email/account_already_exists": "account_exists",
        "account/email/password_changed": "password_changed",
        "account/email/password_reset": "password_changed",
        "account/email/password_set": "password_changed",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail to the outbox; its links are made when it is rendered, so that none is stored."""
        emails.send(self.kinds[template_prefix], user=context.get("user"), email=email)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: "User",
        context: dict[str, Any] | None = None,  # noqa: ARG002 -- allauth's signature
        email: str | None = None,
    ) -> None:
        """Notify people that their password was changed, in case it wasn't them."""
        if template_prefix in self.kinds:
            self.send_mail(template_prefix, email or user.email, {"user": user})

    def save_user(self, request: HttpRequest, user: "User", form: forms.Form, commit: bool = True) -> "User":  # noqa: FBT001, FBT002 -- allauth's signature
        """Keep the name and the language of the page beside what allauth stores."""
        user.name = form.cleaned_data.get("name", "")
        user.language = emails.language()
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def respond_email_verification_sent(self, request: HttpRequest, user: "User | None") -> HttpResponse:
        """Redirect to the page that says a mail was sent; without a new account, after as long as creating one takes.

        The password was given here, to sign up or to sign in: this browser may confirm the address without it.
        """
        if user is None:
            make_password("nobody's")
        else:
            confirmation.remember(request.session, user)
        response: HttpResponse = super().respond_email_verification_sent(request, user)
        return response

    def set_password(self, user: "User", password: str) -> None:
        """Save the new password only: other fields of the account may have changed meanwhile."""
        address_change.forget_links(user)
        user.set_password(password)
        user.save(update_fields=["password"])

    def clean_email(self, email: str) -> str:
        """Return the canonical address, or raise a form error."""
        try:
            return canonical(email)
        except InvalidRequest as error:
            raise forms.ValidationError(str(error.message), code="invalid") from error

    def is_safe_url(self, url: str) -> bool:
        """Return whether the URL stays on this host, which is stricter than allauth's own check."""
        request = current.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 -- allauth's signature
        """Return to the profile after changing the password."""
        return reverse("profile")
