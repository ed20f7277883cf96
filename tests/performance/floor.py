"""The floor on this machine: bare views of the same Django, one statement each, with no middleware."""

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

django.setup()
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = __name__
from members.models import AuditEvent, Workspace  # noqa: E402 -- models load after the set-up


def read(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Workspace.objects.values_list("name", flat=True).get(slug="acme")))


@csrf_exempt
def write(_request: HttpRequest) -> HttpResponse:
    AuditEvent.objects.create(workspace_id="00000000-0000-7000-8000-000000000000", action="bench.floor")
    return HttpResponse("written")


urlpatterns = [path("read", read), path("write", write)]
application = WSGIHandler()
