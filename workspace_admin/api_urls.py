"""The paths of the REST API."""

from django.urls import path, re_path

from billing_seats.api import OneWorkspace, Workspaces
from billing_seats.entitlement.api import ProductEntitlement
from billing_seats.keys.api import ApiKeys, OneApiKey
from billing_seats.subscription.api import ProductSeats, WorkspaceSeats, WorkspaceSubscription
from invitations.api import Invitations, OneInvitation, Resending, Revocation
from invitations.bulk_api import BulkInvitations, BulkResending, BulkRevocation
from invitations.delivery.api import Deliveries
from workspace_admin.audit.api import AuditEvents
from workspace_admin.jobs import OneJob
from workspace_admin.people.api import Members
from workspace_admin.people.bulk_api import BulkMembers
from workspace_admin.people.member_api import OneMember
from workspace_admin.people.seat_api import MemberSeat, MemberSeats
from workspace_admin.reference.views import Nowhere, docs, schema

WORKSPACE = "workspaces/<slug:workspace>"
MEMBER = f"{WORKSPACE}/members/<uuid:member>"
INVITATION = f"{WORKSPACE}/invitations/<uuid:invitation>"

urlpatterns = [
    path(
        f"{WORKSPACE}/entitlements/<slug:product>", ProductEntitlement.as_view(), name="api-entitlement"
    ),  # asked most
    path("schema", schema, name="api-schema"),
    path("docs", docs, name="api-docs"),
    path("workspaces", Workspaces.as_view(), name="api-workspaces"),
    path(WORKSPACE, OneWorkspace.as_view(), name="api-workspace"),
    path(f"{WORKSPACE}/members", Members.as_view(), name="api-members"),
    path(f"{WORKSPACE}/members/bulk", BulkMembers.as_view(), name="api-members-bulk"),
    path(MEMBER, OneMember.as_view(), name="api-member"),
    path(f"{MEMBER}/seats", MemberSeats.as_view(), name="api-member-seats"),
    path(f"{MEMBER}/seats/<slug:product>", MemberSeat.as_view(), name="api-member-seat"),
    path(f"{WORKSPACE}/invitations", Invitations.as_view(), name="api-invitations"),
    path(f"{WORKSPACE}/invitations/bulk", BulkInvitations.as_view(), name="api-invitations-bulk"),
    path(f"{WORKSPACE}/invitations/bulk-resend", BulkResending.as_view(), name="api-invitations-bulk-resend"),
    path(f"{WORKSPACE}/invitations/bulk-revoke", BulkRevocation.as_view(), name="api-invitations-bulk-revoke"),
    path(INVITATION, OneInvitation.as_view(), name="api-invitation"),
    path(f"{INVITATION}/deliveries", Deliveries.as_view(), name="api-invitation-deliveries"),
    path(f"{INVITATION}/resend", Resending.as_view(), name="api-invitation-resend"),
    path(f"{INVITATION}/revoke", Revocation.as_view(), name="api-invitation-revoke"),
    path(f"{WORKSPACE}/subscription", WorkspaceSubscription.as_view(), name="api-subscription"),
    path(f"{WORKSPACE}/seats", WorkspaceSeats.as_view(), name="api-seats"),
    path(f"{WORKSPACE}/seats/<slug:product>", ProductSeats.as_view(), name="api-product-seats"),
    path(f"{WORKSPACE}/jobs/<uuid:job>", OneJob.as_view(), name="api-job"),
    path(f"{WORKSPACE}/audit-events", AuditEvents.as_view(), name="api-audit-events"),
    path(f"{WORKSPACE}/api-keys", ApiKeys.as_view(), name="api-keys"),
    path(f"{WORKSPACE}/api-keys/<uuid:key>", OneApiKey.as_view(), name="api-key"),
    re_path("", Nowhere.as_view()),
]
