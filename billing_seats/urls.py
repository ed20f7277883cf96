"""Addresses of the pages about workspaces and subscriptions."""

from django.urls import path

from billing_seats import views
from billing_seats.subscription import plan_views, seat_views
from billing_seats.subscription import views as subscription

urlpatterns = [
    path("workspaces/new/", views.create_workspace, name="workspace-create"),
    path("w/<slug:slug>/", views.home, name="home"),
    path("w/<slug:slug>/membership/departure/", views.leave, name="leave"),
    path("w/<slug:slug>/subscription/", subscription.subscription, name="subscription"),
    path("w/<slug:slug>/subscription/plan/", plan_views.plan, name="plan"),
    path("w/<slug:slug>/subscription/seats/<slug:product>/", seat_views.seats, name="seats"),
]
