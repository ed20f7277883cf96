"""Addresses of the join pages and of the providers' webhooks."""

from django.urls import path

from invitations import views, webhooks

urlpatterns = [
    path("webhooks/email/<slug:provider>/", webhooks.tracking, name="email-webhook"),
    path("join/", views.join, name="join"),
    path("join/decline/", views.decline, name="join-decline"),
    path("join/new-link/", views.new_link, name="join-new-link"),
    path("join/switch/", views.switch, name="join-switch"),
    path("join/<str:token>/", views.link, name="join-link"),
]
