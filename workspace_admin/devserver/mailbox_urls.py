"""Addresses of the developer's mailbox, below /dev/mailbox/; wired in with DEBUG only."""

from django.urls import path

from workspace_admin.devserver import mailbox

urlpatterns = [
    path("", mailbox.index, name="mailbox"),
    path("<str:name>/", mailbox.message, name="mailbox-message"),
    path("<str:name>/body/", mailbox.body, name="mailbox-body"),
]
