"""The plan table: which plan has which feature."""

from enum import StrEnum

from billing_seats.models import Plan as Plan


class Feature(StrEnum):
    """What a plan may include."""

    INVITATIONS = "invitations"
    API = "api"
    DOMAIN_JOIN = "domain_join"
    AUDIT_EXPORT = "audit_export"
    SSO = "sso"
    SCIM = "scim"


_TEAM = frozenset({Feature.INVITATIONS, Feature.API, Feature.DOMAIN_JOIN})
FEATURES: dict[str, frozenset[Feature]] = {
    Plan.FREE: frozenset(),
    Plan.PRO: frozenset(),
    Plan.TEAM: _TEAM,
    Plan.ENTERPRISE: _TEAM | {Feature.AUDIT_EXPORT, Feature.SSO, Feature.SCIM},
}


def plans_with(feature: Feature) -> list[Plan]:
    """Answer the plans that include the feature, smallest first."""
    return [plan for plan in Plan if feature in FEATURES[plan]]
