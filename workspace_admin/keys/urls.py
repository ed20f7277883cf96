"""Addresses of the pages about API keys."""

from django.urls import path

from workspace_admin.keys import pages

urlpatterns = [
    path("w/<slug:slug>/api-keys/", pages.listing, name="api-keys-page"),
    path("w/<slug:slug>/api-keys/new/", pages.new, name="api-key-new"),
    path("w/<slug:slug>/api-keys/<uuid:key>/revocation/", pages.revocation, name="api-key-revocation"),
    path("w/<slug:slug>/api-keys/<uuid:key>/takeover/", pages.takeover, name="api-key-takeover"),
]
