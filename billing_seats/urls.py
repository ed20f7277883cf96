"""URLs of the pages about workspaces and subscriptions."""

from django.urls import path

from billing_seats import views
from billing_seats.subscription.views import plan, seats, subscription

urlpatterns = [
    path("workspaces/new/", views.create_workspace, name="workspace-create"),
    path("w/<slug:slug>/membership/departure/", views.leave, name="leave"),
    path("w/<slug:slug>/subscription/", subscription, name="subscription"),
    path("w/<slug:slug>/subscription/plan/", plan, name="plan"),
    path("w/<slug:slug>/subscription/seats/<slug:product>/", seats, name="seats"),
]
