"""Which address is answered where."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from workspace_admin import error_responses, health, home, metrics
from workspace_admin.reference.views import Nowhere

urlpatterns = [
    # First, since programs ask most, and all that stands before is tried in vain.
    path("api/v1/", include("workspace_admin.api_urls")),
    path("api/v1", Nowhere.as_view()),  # else its slash would be asked for, by a redirect that no program expects
    path("healthz/live", health.live, name="live"),
    path("healthz/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("workspace_admin.personal_data.urls")),
    path("", include("members.urls")),  # before allauth's: it shuts one of its pages
    path("accounts/", include("allauth.urls")),
    path("", include("billing_seats.urls")),
    path("", include("invitations.urls")),
    path("", include("billing_seats.keys.urls")),
    path("w/<slug:slug>/", home.home, name="home"),
    path("", include("workspace_admin.audit.urls")),
    path("", include("workspace_admin.people.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("dev/mailbox/", include("workspace_admin.devserver.mailbox")))

handler400 = error_responses.bad_request
handler403 = error_responses.permission_denied
handler404 = error_responses.page_not_found
handler429 = error_responses.too_many_requests  # allauth looks for it here
handler500 = error_responses.server_error
