"""URLs of the join pages, of an invitation's timeline, and of the providers' webhooks."""

from django.urls import path

from invitations.delivery import views as delivery
from invitations.delivery import webhooks
from invitations.join import views as join

INVITATION = "w/<slug:slug>/invitations/<uuid:invitation>/"

urlpatterns = [
    path("webhooks/email/<slug:provider>/", webhooks.tracking, name="email-webhook"),
    path(f"{INVITATION}deliveries/", delivery.deliveries, name="invitation-deliveries"),
    path(f"{INVITATION}deliveries/retry/", delivery.retry, name="invitation-retry"),
    path(f"{INVITATION}address/release/", delivery.release, name="invitation-release"),
    path("join/", join.join, name="join"),
    path("join/decline/", join.decline, name="join-decline"),
    path("join/new-link/", join.new_link, name="join-new-link"),
    path("join/switch/", join.switch, name="join-switch"),
    path("join/<str:token>/", join.link, name="join-link"),
]
