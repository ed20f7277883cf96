"""Addresses of the join pages, of what Admins see of an invitation's emails, and of the providers' webhooks."""

from django.urls import path

from invitations import timeline_views, views, webhooks

INVITATION = "w/<slug:slug>/invitations/<uuid:invitation>/"

urlpatterns = [
    path("webhooks/email/<slug:provider>/", webhooks.tracking, name="email-webhook"),
    path(f"{INVITATION}deliveries/", timeline_views.deliveries, name="invitation-deliveries"),
    path(f"{INVITATION}deliveries/<uuid:delivery>/retry/", timeline_views.retry, name="invitation-retry"),
    path(f"{INVITATION}address/release/", timeline_views.release, name="invitation-release"),
    path("join/", views.join, name="join"),
    path("join/decline/", views.decline, name="join-decline"),
    path("join/new-link/", views.new_link, name="join-new-link"),
    path("join/switch/", views.switch, name="join-switch"),
    path("join/<str:token>/", views.link, name="join-link"),
]
