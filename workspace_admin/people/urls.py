"""Addresses of the Members page and of what can be done on it."""

from django.urls import path

from workspace_admin.people import access, actions, bulk, invite, job, person, seats
from workspace_admin.people.export import export
from workspace_admin.people.list import members
from workspace_admin.people.preferences import preferences
from workspace_admin.people.undeliverable import address, release, retry

urlpatterns = [
    path("w/<slug:slug>/members/", members, name="members"),
    path("w/<slug:slug>/members/bulk/", bulk.preview, name="members-bulk"),
    path("w/<slug:slug>/members/bulk/confirm/", bulk.confirm, name="members-bulk-confirm"),
    path("w/<slug:slug>/jobs/<uuid:job>/", job.job, name="job"),
    path("w/<slug:slug>/jobs/<uuid:job>/stop/", job.stop, name="job-stop"),
    path("w/<slug:slug>/jobs/<uuid:job>/answers.csv", job.answers, name="job-answers"),
    path("w/<slug:slug>/members/export.csv", export, name="members-csv"),
    path("w/<slug:slug>/members/preferences/", preferences, name="list-preferences"),
    path("w/<slug:slug>/members/invite/", invite.invite, name="invite"),
    path("w/<slug:slug>/members/invite/addresses/", invite.addresses, name="invite-addresses"),
    path("w/<slug:slug>/members/undo/<uuid:change>/", actions.undo_change, name="member-undo"),
    path("w/<slug:slug>/members/<uuid:member>/role/", actions.role, name="member-role"),
    path("w/<slug:slug>/members/<uuid:member>/seats/<slug:product>/", actions.seat, name="member-seat"),
    path("w/<slug:slug>/members/<uuid:member>/seats/", seats.seat_list, name="member-seats"),
    path("w/<slug:slug>/members/<uuid:member>/", person.person, name="member"),
    path("w/<slug:slug>/members/<uuid:member>/deactivation/", actions.deactivation, name="member-deactivation"),
    path("w/<slug:slug>/members/<uuid:member>/reactivation/", access.reactivation, name="member-reactivation"),
    path("w/<slug:slug>/members/<uuid:member>/end/", access.end, name="member-end"),
    path("w/<slug:slug>/members/<uuid:member>/transfer/", seats.transfer, name="seat-transfer"),
    path("w/<slug:slug>/members/<uuid:member>/seats/<slug:product>/takeover/", seats.takeover, name="seat-takeover"),
    path("w/<slug:slug>/members/<uuid:member>/removal/", actions.removal, name="member-removal"),
    path("w/<slug:slug>/held-addresses/release/", release, name="address-release"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/address/", address, name="invitation-address"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/retry/", retry, name="invitation-mail-retry"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/resend/", actions.resend, name="invitation-resend"),
    path("w/<slug:slug>/invitations/<uuid:invitation>/revocation/", actions.revocation, name="invitation-revoke"),
]
