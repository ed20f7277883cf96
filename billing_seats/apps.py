"""The seats app: what a workspace may use."""

from django.apps import AppConfig


class BillingSeatsConfig(AppConfig):
    """Billing and seats."""

    name = "billing_seats"
