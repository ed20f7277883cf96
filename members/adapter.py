"""How django-allauth does things here: names at sign-up, plain addresses, and all mail through the outbox."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language

from members import accounts
from members.addresses import canonical
from members.errors import InvalidRequest

if TYPE_CHECKING:
    from members.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] -- allauth ships no types
    """allauth's hooks."""

    kinds: ClassVar[dict[str, str]] = {
        "account/email/email_confirmation_signup": "confirm",
        "account/email/email_confirmation": "confirm",
        "account/email/password_reset_key": "reset",
        "account/email/unknown_account": "unknown",
        "account/email/account_already_exists": "exists",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail to the outbox; links in it are made when it is rendered, so that none is stored."""
        accounts.queue_mail(self.kinds[template_prefix], email, context.get("user"), get_language() or "en")

    def save_user(self, request: HttpRequest, user: "User", form: forms.Form, commit: bool = True) -> "User":  # noqa: FBT001, FBT002 -- allauth's signature
        """Keep the name and the language of the page beside what allauth stores."""
        user.name = form.cleaned_data.get("name", "")
        user.language = get_language() or "en"
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def clean_email(self, email: str) -> str:
        """Answer the address as it is stored, or say in the form why it is none."""
        try:
            return canonical(email)
        except InvalidRequest as error:
            raise forms.ValidationError(str(error.message), code="invalid") from error
