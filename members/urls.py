"""URLs of the pages about people and accounts."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from members import views
from members.account import email_links
from members.account import views as account

urlpatterns = [
    path("", views.root, name="root"),
    path("roles/", views.roles_guide, name="roles-guide"),
    path("profile/", account.profile, name="profile"),
    path("profile/address/", account.address, name="profile-address"),
    path("profile/address/<str:token>/", account.address_link, name="profile-address-link"),
    path("profile/sessions/others/departure/", account.end_other_sessions, name="profile-sessions-departure"),
    path("profile/sessions/<slug:name>/departure/", account.end_session, name="profile-session-departure"),
    path("w/<slug:slug>/settings/", views.settings, name="settings"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        email_links.PasswordReset.as_view(),
        name="account_reset_password_from_key",
    ),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", email_links.Confirm.as_view(), name="account_confirm_email"),
    # allauth's page for several addresses stays shut: an address change must reach the memberships too.
    path("accounts/email/", RedirectView.as_view(pattern_name="profile")),
]
