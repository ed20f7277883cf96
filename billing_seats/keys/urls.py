"""URLs of the API key pages."""

from django.urls import path

from billing_seats.keys import views

urlpatterns = [
    path("w/<slug:slug>/api-keys/", views.listing, name="api-keys-page"),
    path("w/<slug:slug>/api-keys/new/", views.new, name="api-key-new"),
    path("w/<slug:slug>/api-keys/<uuid:key>/revocation/", views.revocation, name="api-key-revocation"),
    path("w/<slug:slug>/api-keys/<uuid:key>/takeover/", views.takeover, name="api-key-takeover"),
]
