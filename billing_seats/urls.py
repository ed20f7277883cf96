"""Addresses of the pages about workspaces and subscriptions."""

from django.urls import path

from billing_seats import views

urlpatterns = [
    path("workspaces/new/", views.create_workspace, name="workspace-create"),
    path("w/<slug:slug>/", views.home, name="home"),
    path("w/<slug:slug>/subscription/", views.subscription, name="subscription"),
]
