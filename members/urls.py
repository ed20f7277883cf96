"""Addresses of the pages about people and accounts."""

from django.urls import path
from django.views.generic import RedirectView

from members import profile_views, views

urlpatterns = [
    path("", views.root, name="root"),
    path("roles/", views.roles_guide, name="roles-guide"),
    path("profile/", views.profile, name="profile"),
    path("profile/address/", profile_views.address, name="profile-address"),
    path("profile/address/<str:token>/", profile_views.address_link, name="profile-address-link"),
    path("profile/sessions/others/departure/", profile_views.end_other_sessions, name="profile-sessions-departure"),
    path("profile/sessions/<slug:name>/departure/", profile_views.end_session, name="profile-session-departure"),
    path("w/<slug:slug>/membership/departure/", views.leave, name="leave"),
    # allauth's page for several addresses stays shut: an address change must reach the memberships too.
    path("accounts/email/", RedirectView.as_view(pattern_name="profile")),
]
