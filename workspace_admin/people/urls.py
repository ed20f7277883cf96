"""Addresses of the Members page and of what can be done on it."""

from django.urls import path

from workspace_admin.people import actions, inviting, views

urlpatterns = [
    path("w/<slug:slug>/members/", views.members, name="members"),
    path("w/<slug:slug>/members/invite/", inviting.invite, name="invite"),
    path("w/<slug:slug>/members/<uuid:member>/role/", actions.role, name="member-role"),
    path("w/<slug:slug>/members/<uuid:member>/seats/<slug:product>/", actions.seat, name="member-seat"),
    path("w/<slug:slug>/members/<uuid:member>/removal/", actions.removal, name="member-removal"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/resend/", actions.resend, name="invitation-resend"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/revocation/", actions.revocation, name="invitation-revoke"),
]
