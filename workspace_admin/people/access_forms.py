"""What the dialogs ask for that give access again or set its end: a day, and which seats go with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.clock import LAST, today
from workspace_admin.people.queries import Column


@dataclass(frozen=True)
class SeatOffer:
    """A product of which somebody may get a seat, or had one that is gone; ``words`` say what is left, or why not."""

    slug: str
    name: str
    words: str
    had: bool
    gone: bool


def seat_offers(columns: Sequence[Column], had: Collection[str], plan_refuses: str) -> list[SeatOffer]:
    """Return the products on offer, those the person had first; ``plan_refuses`` is set if the plan has no seats."""
    known = {column.product.slug for column in columns}
    offers = [_offer(one, one.product.slug in had, plan_refuses) for one in columns]
    unknown = [SeatOffer(slug, slug, _("no longer sold"), had=True, gone=True) for slug in had if slug not in known]
    shown = [one for one in [*offers, *unknown] if one.had or not _is_retired(one, columns)]
    return sorted(shown, key=lambda one: not one.had)


def _is_retired(offer: SeatOffer, columns: Sequence[Column]) -> bool:
    return any(column.product.retired for column in columns if column.product.slug == offer.slug)


def _offer(column: Column, had: bool, plan_refuses: str) -> SeatOffer:  # noqa: FBT001 -- called once, above
    why = plan_refuses
    if column.product.retired:
        why = _("no longer sold")
    elif not why and column.count.over_assigned:
        why = column.left
    elif not why and not column.available:
        why = _("no seat left")
    return SeatOffer(column.product.slug, column.product.name, why or column.left, had, bool(why))


class AccessForm(forms.Form):
    """The last day of access, where it is asked for, and a box for each seat on offer."""

    ends_on = forms.DateField(
        label=gettext_lazy("Last day of access"),
        required=False,
        input_formats=["%Y-%m-%d"],
        validators=[MaxValueValidator(LAST)],
        help_text=gettext_lazy("Access lasts through that day, to its end in UTC. Left empty, it has no end."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    seats = forms.MultipleChoiceField(label=gettext_lazy("Seats"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        offers: Sequence[SeatOffer],
        dated: bool,
        prefix: str | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        left = [one.slug for one in offers if one.had and not one.gone]
        super().__init__(data, prefix=prefix, initial={"seats": left, **(initial or {})})
        self.offers = offers
        cast("forms.MultipleChoiceField", self.fields["seats"]).choices = [(one.slug, one.name) for one in offers]
        self.fields["ends_on"].widget.attrs["min"] = today().isoformat()
        if not dated:
            del self.fields["ends_on"]

    @property
    def boxes(self) -> list[dict[str, Any]]:
        """Return a checkbox per product; a ticked one stays enabled so it can be unticked when the seat is gone."""
        ticked = set(self["seats"].value() or ())
        return [
            {"seat": one, "ticked": one.slug in ticked, "off": one.gone and one.slug not in ticked}
            for one in self.offers
        ]
