"""Addresses of the pages about workspaces and subscriptions."""

from django.urls import path

from billing_seats import plan_views, seat_views, subscription_views, views

urlpatterns = [
    path("workspaces/new/", views.create_workspace, name="workspace-create"),
    path("w/<slug:slug>/", views.home, name="home"),
    path("w/<slug:slug>/subscription/", subscription_views.subscription, name="subscription"),
    path("w/<slug:slug>/subscription/plan/", plan_views.plan, name="plan"),
    path("w/<slug:slug>/subscription/seats/<slug:product>/", seat_views.seats, name="seats"),
]
