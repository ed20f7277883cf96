"""What the invite dialog asks for."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from invitations.models import DAYS, DEFAULT_DAYS, NOTE_LENGTH
from members.models import Role
from workspace_admin.people.queries import Column


def _choices(form: forms.Form, name: str) -> forms.ChoiceField:
    return cast("forms.ChoiceField", form.fields[name])


class InviteForm(forms.Form):
    """Addresses, role, seats and, folded away, the rest. Each address is judged by the service, not here."""

    email = forms.CharField(
        label=_("Email"),
        help_text=_("One address, or many with commas, semicolons, spaces or new lines between them."),
        error_messages={"required": _("Enter an email address.")},
        widget=forms.Textarea(
            attrs={"rows": 3, "autofocus": True, "autocomplete": "off", "spellcheck": "false", "inputmode": "email"}
        ),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)
    products = forms.MultipleChoiceField(label=_("Seats"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False, help_text=_("Of the email and the join page."))
    note = forms.CharField(
        label=_("Personal note"),
        required=False,
        max_length=NOTE_LENGTH,
        help_text=_("Plain text, at most 500 characters; it stands in the email."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    days = forms.IntegerField(
        label=_("Expires in"),
        required=False,
        min_value=DAYS[0],
        max_value=DAYS[-1],
        initial=DEFAULT_DAYS,
        help_text=_("Days, 1 to 30."),
    )

    def __init__(
        self, data: QueryDict | None = None, *, columns: list[Column], initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.columns = [one for one in columns if not one.product.retired]
        products = cast("forms.MultipleChoiceField", self.fields["products"])
        products.choices = [(one.product.slug, one.product.name) for one in self.columns]
        language = cast("forms.ChoiceField", self.fields["language"])
        language.choices = settings.LANGUAGES

    @property
    def seats(self) -> list[dict[str, Any]]:
        """Answer a box per product: ticked ones stay usable when the last seat went meanwhile, to be unticked."""
        ticked = set(self["products"].value() or ())
        return [
            {
                "column": one,
                "ticked": one.product.slug in ticked,
                "off": not one.available and one.product.slug not in ticked,
            }
            for one in self.columns
        ]

    @property
    def unfold(self) -> bool:
        """Answer whether something in the folded part needs to be seen."""
        return any(name in self.errors for name in ("language", "note", "days")) if self.is_bound else False
