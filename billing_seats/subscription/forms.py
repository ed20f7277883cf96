"""The forms that change seats and plan."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from billing_seats.budgets import SeatCount
from billing_seats.models import Plan
from billing_seats.subscription.services import MAX_PURCHASE, Shown, out_of_range


class Ids(forms.TypedMultipleChoiceField):
    """Ids of rows; the service reports those that are gone, so that they don't look like a forged form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=uuid.UUID, required=False, **kwargs)

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002 -- Django's
        """Accept any value that parses as an id."""
        return True


class SeatsForm(forms.Form):
    """The total number of seats of a product."""

    purchased = forms.IntegerField(label=_("Total seats"), widget=forms.NumberInput)

    def __init__(self, data: QueryDict | None, *, count: SeatCount) -> None:
        super().__init__(data, initial={"purchased": count.purchased})
        self.count = count
        field = self.fields["purchased"]
        field.help_text = _("The new total, not the change. You can review it before anything changes.")
        field.error_messages |= {
            "required": _("Enter the number of seats."),
            "invalid": _("Enter a whole number, such as 12."),
        }
        # Focused when the form opens, and again when the number is wrong.
        attrs = {"min": 0, "max": MAX_PURCHASE, "inputmode": "numeric", "autocomplete": "off", "data-focus": True}
        field.widget.attrs |= attrs

    def clean_purchased(self) -> int:
        """Return the number; it must be in range, a change, and no increase for a retired product."""
        number: int = self.cleaned_data["purchased"]
        if not 0 <= number <= MAX_PURCHASE:
            raise forms.ValidationError(out_of_range())
        if number == self.count.purchased:
            raise forms.ValidationError(_("You already have that many seats. Enter another number."))
        if self.count.product.retired and number > self.count.purchased:
            raise forms.ValidationError(_("This product is no longer sold; you can only reduce its seats."))
        return number


class Confirmation(forms.Form):
    """What confirming a preview of seats sends: what it showed, and who loses a seat."""

    shown_purchased = forms.IntegerField(min_value=0)
    shown_over = forms.IntegerField(min_value=0)
    take_from = Ids()

    @property
    def shown(self) -> Shown:
        """What the preview showed."""
        return Shown(self.cleaned_data["shown_purchased"], self.cleaned_data["shown_over"])


class ConfirmedSeatsForm(Confirmation, SeatsForm):
    """The number of seats, with the confirmed preview."""


class PlanForm(forms.Form):
    """The new plan."""

    plan = forms.ChoiceField(label=_("Plan"), choices=Plan.choices, error_messages={"required": _("Choose a plan.")})

    def __init__(self, data: QueryDict | None, *, current: str) -> None:
        super().__init__(data)
        self.current = current

    def clean_plan(self) -> str:
        """Return the plan, unless it is the current one."""
        plan: str = self.cleaned_data["plan"]
        if plan == self.current:
            raise forms.ValidationError(_("The workspace is already on this plan. Choose another one."))
        return plan
