"""Whether this process serves, and whether what it leans on is there."""

from collections.abc import Callable
from http import HTTPStatus
from threading import Lock

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from workspace_admin.metrics import metrics

log = structlog.get_logger(__name__)
_PATIENCE = 0.5


class _Migrations:
    """Remembers that all migrations were seen applied: they are not unapplied below a running process."""

    def __init__(self) -> None:
        self._good = False
        self._lock = Lock()

    def good(self) -> bool:
        """Return whether every migration is applied."""
        with self._lock:
            if not self._good:
                executor = MigrationExecutor(connection)
                self._good = not executor.migration_plan(executor.loader.graph.leaf_nodes())
            return self._good


_migrations = _Migrations()


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Respond with 200: the process serves."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Respond with 200 if database and migrations are good, else 503; a missing broker is `degraded`."""
    if missing := _missing():
        return JsonResponse(
            {"status": "unavailable", "failed": [missing]},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
    if not _broker_answers():
        return JsonResponse({"status": "degraded", "degraded": ["broker"]})
    return JsonResponse({"status": "ok"})


class HealthChecks:
    """Middleware: respond to checks and to the collector of metrics before a host name or a session is looked at.

    Both call by the address of a machine, and a process is alive while its database is away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the check's response, or pass the request on."""
        check = {"/healthz/live": live, "/healthz/ready": ready, "/metrics": metrics}.get(request.path_info)
        return check(request) if check and request.method in {"GET", "HEAD"} else self.get_response(request)


def _missing() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "" if _migrations.good() else "migrations"
    except DatabaseError as error:
        log.warning("database_unreachable", error=type(error).__name__)
        return "database"


def _broker_answers() -> bool:
    try:
        with Redis.from_url(
            settings.CELERY_BROKER_URL,
            socket_connect_timeout=_PATIENCE,
            socket_timeout=_PATIENCE,
        ) as client:
            client.ping()
    except (RedisError, OSError) as error:
        log.warning("broker_unreachable", error=type(error).__name__)
        return False
    return True
