"""Forms about workspaces and what they bought."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from billing_seats.budgets import SeatCount
from billing_seats.models import Plan
from billing_seats.subscription.services import MAX_PURCHASE, Shown, out_of_range
from members.forms import NameField

SLUG_MIN, SLUG_MAX = 2, 32


class WorkspaceForm(forms.Form):
    """A new workspace: its name, and the slug that stands in its addresses for good."""

    name = NameField(widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    slug = forms.SlugField(
        label=_("Slug"),
        min_length=SLUG_MIN,
        max_length=SLUG_MAX,
        help_text=_("2 to 32 lower-case letters, digits and hyphens. It stands in the address and never changes."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


class Ids(forms.TypedMultipleChoiceField):
    """Ids of rows that the service looks up: who is gone meanwhile is told by it, not taken for a forged form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=uuid.UUID, required=False, **kwargs)

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002 -- Django's
        """Let anything through to be read as an id."""
        return True


class SeatsForm(forms.Form):
    """How many seats of a product to buy from now on."""

    purchased = forms.IntegerField(label=_("Seats to buy"), widget=forms.NumberInput)

    def __init__(self, data: QueryDict | None, *, count: SeatCount) -> None:
        super().__init__(data, initial={"purchased": count.purchased})
        self.count = count
        field = self.fields["purchased"]
        field.help_text = _("The whole number, not the difference. You see what it means before anything changes.")
        field.error_messages |= {
            "required": _("Enter how many seats to buy."),
            "invalid": _("Enter a whole number, such as 12."),
        }
        # Focused on arrival, and again when something about it is wrong.
        attrs = {"min": 0, "max": MAX_PURCHASE, "inputmode": "numeric", "autocomplete": "off", "data-focus": True}
        field.widget.attrs |= attrs

    def clean_purchased(self) -> int:
        """Answer the number, or say in the form why it is none that can be bought."""
        number: int = self.cleaned_data["purchased"]
        if not 0 <= number <= MAX_PURCHASE:
            raise forms.ValidationError(out_of_range())
        if number == self.count.purchased:
            raise forms.ValidationError(_("So many are bought already. Enter another number."))
        if self.count.product.retired and number > self.count.purchased:
            raise forms.ValidationError(_("This product is sold no more; you can only buy fewer of it."))
        return number


class Confirmation(forms.Form):
    """What follows a preview of seats: what it showed, and whom to take a seat from."""

    shown_purchased = forms.IntegerField(min_value=0)
    shown_over = forms.IntegerField(min_value=0)
    take_from = Ids()

    @property
    def shown(self) -> Shown:
        """Answer what the preview showed."""
        return Shown(self.cleaned_data["shown_purchased"], self.cleaned_data["shown_over"])


class ConfirmedSeatsForm(Confirmation, SeatsForm):
    """How many seats to buy, after the preview."""


class PlanForm(forms.Form):
    """The plan to be on from now on."""

    plan = forms.ChoiceField(label=_("Plan"), choices=Plan.choices, error_messages={"required": _("Choose a plan.")})

    def __init__(self, data: QueryDict | None, *, current: str) -> None:
        super().__init__(data)
        self.current = current

    def clean_plan(self) -> str:
        """Answer the plan, or say in the form that nothing would change."""
        plan: str = self.cleaned_data["plan"]
        if plan == self.current:
            raise forms.ValidationError(_("The workspace is on this plan already. Choose another one."))
        return plan
