"""The plan table: which features each plan includes."""

from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing_seats.models import Plan as Plan
from billing_seats.models import Subscription
from members.errors import PlanRequired
from members.models import Workspace
from members.prepared import Prepared


class Feature(StrEnum):
    """What a plan may include; the names are the REST contract's."""

    INVITATIONS = "invitations"
    API = "api"
    DOMAIN_JOIN = "domain_join"
    AUDIT_EXPORT = "audit_export"
    SSO = "sso"
    SCIM = "scim"


# Joining by domain, SSO and SCIM are names of the contract that no plan includes until they exist.
FEATURE_LABELS = {
    Feature.INVITATIONS: gettext_lazy("Inviting members, product seats"),
    Feature.API: gettext_lazy("REST API"),
    Feature.AUDIT_EXPORT: gettext_lazy("Audit log export"),
}
_TEAM = frozenset({Feature.INVITATIONS, Feature.API})
FEATURES: dict[str, frozenset[Feature]] = {
    Plan.FREE: frozenset(),
    Plan.PRO: frozenset(),
    Plan.TEAM: _TEAM,
    Plan.ENTERPRISE: _TEAM | {Feature.AUDIT_EXPORT},
}


def plans_with(feature: Feature) -> list[Plan]:
    """Return the plans that include the feature, smallest first."""
    return [plan for plan in Plan if feature in FEATURES[plan]]


def has_feature(workspace: Workspace, feature: Feature) -> bool:
    """Return whether the workspace's plan includes the feature."""
    return feature in FEATURES[_subscription(workspace).plan]


def _subscription(workspace: Workspace) -> Subscription:
    """Return the subscription, read once per object; a workspace read under its lock is a new object."""
    if not Workspace.subscription.is_cached(workspace):
        [workspace.subscription] = _subscriptions.read(workspace=workspace.id)
    return workspace.subscription


_subscriptions = Prepared(lambda workspace: Subscription.objects.filter(workspace=workspace))


def require_feature(workspace: Workspace, feature: Feature) -> None:
    """Raise PlanRequired, naming the plans that include the feature, unless the workspace's plan does."""
    if has_feature(workspace, feature):
        return
    plans = plans_with(feature)
    names = _(" and ").join(plan.label for plan in plans)
    message = _("This is available on the %(plans)s plans. Change the plan to use it.") % {"plans": names}
    raise PlanRequired(message, feature=str(feature), plans=[plan.value for plan in plans])
