"""The product catalogue, which support edits: each change has a reason and is recorded in the audit log."""

from django.db import transaction

from billing_seats.models import Product
from members import audit
from members.access import StaffMember
from members.errors import NotFound

CHANGED = ("name", "description", "url", "retired", "entitlement_max_age")
"""The fields that may change; scripts and invitations refer to a product by its slug."""


@transaction.atomic
def add_product(who: StaffMember, product: Product) -> None:
    """Add a product to the catalogue; a reason is required."""
    who.require("billing_seats.add_product")
    product.save(force_insert=True)
    values = {field: [None, getattr(product, field)] for field in ("slug", *CHANGED)}
    audit.record(who, audit.INSTALLATION, "product.added", product, values)


@transaction.atomic
def change_product(who: StaffMember, product: Product) -> None:
    """Save the product, all but its slug. A retired one keeps its holders and can't be assigned any more."""
    who.require("billing_seats.change_product")
    before = Product.objects.select_for_update(no_key=True).filter(id=product.id).first()
    if before is None:
        raise NotFound
    pairs = {field: [getattr(before, field), getattr(product, field)] for field in CHANGED}
    changes = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    if changes:
        product.save(update_fields=list(changes))
        audit.record(who, audit.INSTALLATION, "product.changed", product, changes)
