"""The seats app: what a workspace may use."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingSeatsConfig(AppConfig):
    """Billing and seats."""

    name = "billing_seats"
    verbose_name = _("Billing and seats")
