"""Start, run, stop and read jobs.

A worker claims a job for one chunk at a time, the workspace that was served longest ago first. The chunk's changes and
the job's progress are committed together, under the workspace's lock and with the actor's rights read again: a killed
worker leaves nothing half done, and the next one continues where it stopped.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any

import structlog
from django.apps import apps
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import translation
from django.utils.module_loading import import_string

from members.access import Action, Actor, require
from members.acting import acting
from members.errors import DomainError, InvalidRequest, NotFound, RateLimited, Unavailable
from members.job import CHUNK, OPEN, Job, JobRow, JobStatus, Row
from members.models import Role, Scope
from members.outbox import queue

MAX_ITEMS = 10_000
MAX_OPEN = 10
"""Open jobs that one workspace may have."""
LEASE = timedelta(seconds=60)
"""How long a chunk may take before another worker may try it."""
PAUSE = timedelta(seconds=5)
"""How long a job waits after its workspace was busy."""
MAX_FAILURES = 5
KEPT_FOR = timedelta(days=30)

type Handler = Callable[[Actor, Sequence[Any], dict[str, Any]], list[Row]]
log = structlog.get_logger(__name__)


@cache
def _handlers() -> dict[str, Handler]:
    """Return the handler of each kind: apps name them in ``job_kinds`` of their AppConfig."""
    found = [item for config in apps.get_app_configs() for item in getattr(config, "job_kinds", {}).items()]
    return {kind: import_string(path) for kind, path in found}


def start(actor: Actor, action: Action, kind: str, items: Sequence[Any], options: dict[str, Any]) -> Job:
    """Queue a job for these items, nudge a worker once that is committed, and return the job.

    Items and options are what JSON can hold. ``action`` is required of the actor again before each chunk.

    Raises:
        PermissionDenied
        InvalidRequest: too many items. None are allowed: a filter may find nothing.
        RateLimited: the workspace has too many open jobs.
    """
    with acting(actor, action) as current:
        if len(items) > MAX_ITEMS:
            raise InvalidRequest(f"Use at most {MAX_ITEMS:,} items.", field="items", code="max_length")
        if Job.objects.filter(workspace=current.workspace, status__in=OPEN).count() >= MAX_OPEN:
            raise RateLimited(f"A workspace can have {MAX_OPEN} open jobs. Wait for one to finish.", retry_after=30)
        assert current.id is not None  # noqa: S101 -- only people and keys call the API; this tells mypy
        job = Job.objects.create(
            workspace=current.workspace,
            kind=kind,
            action=action,
            options=options,
            actor_kind=current.kind,
            actor_id=current.id,
            actor_name=current.name,
            actor_email=current.email,
            total=len(items),
        )
        JobRow.objects.bulk_create(
            [JobRow(job=job, number=number, item=item) for number, item in enumerate(items, 1)], batch_size=1_000
        )
        job.refresh_from_db()
        transaction.on_commit(partial(queue.nudge, "members.tasks.run_jobs"), robust=True)
        return job


def find(actor: Actor, job_id: uuid.UUID) -> Job:
    """Return a job that the actor started. An Admin sees everybody's: like the audit log, it says who did what.

    Raises:
        PermissionDenied, NotFound
    """
    job = Job.objects.filter(workspace=actor.workspace, id=job_id).first()
    if job is None or (job.actor_kind, job.actor_id) != (actor.kind, actor.id):
        require(actor, Action.VIEW_AUDIT)
    if job is None:
        raise NotFound
    return job


def stop(actor: Actor, job_id: uuid.UUID) -> Job:
    """Stop a job before its next chunk, and return it. One that has ended stays as it is.

    Raises:
        PermissionDenied, NotFound
    """
    with acting(actor, Action(find(actor, job_id).action)) as current:
        job = Job.objects.select_for_update().get(workspace=current.workspace, id=job_id)
        if job.status in OPEN:
            _end(job, JobStatus.STOPPED, "stopped", f"Stopped by {current.label}.")
        return job


def run_next() -> bool:
    """Run one chunk of the job whose turn it is; return whether there was one."""
    lease = uuid.uuid4()
    job = _claim(lease)
    if job is None:
        return False
    with translation.override("en"):
        try:
            _run_chunk(job.id, lease)
        except DomainError as error:
            _give_up(job.id, lease, error)
        except (OperationalError, InterfaceError) as error:
            log.warning("job_postponed", job=str(job.id), error=str(error))
            _postpone(job.id, lease)
        except Exception:
            log.exception("job_failed", job=str(job.id))
            _count_failure(job.id, lease)
    return True


def _claim(lease: uuid.UUID) -> Job | None:
    """Lease the job whose workspace was served longest ago, and put that workspace at the end of the queue."""
    free = Q(leased_until=None) | Q(leased_until__lte=Now())
    with transaction.atomic(durable=True):
        due = Job.objects.filter(free, status__in=OPEN).order_by("turn_at", "id")
        job = next(iter(due.select_for_update(skip_locked=True)[:1]), None)
        if job is not None:
            claimed = {"lease": lease, "leased_until": Now() + LEASE, "turn_at": Now()}
            Job.objects.filter(id=job.id).update(status=JobStatus.WORKING, **claimed)
            # Without the job itself: a second update of one row makes Postgres check, and wait for, its workspace.
            waiting = Job.objects.filter(workspace=job.workspace_id, status__in=OPEN).exclude(id=job.id)
            ids = waiting.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True)
            Job.objects.filter(id__in=list(ids)).update(turn_at=Now())
        return job


def _run_chunk(job_id: uuid.UUID, lease: uuid.UUID) -> None:
    """Do the next items of the job and write their results, all in one transaction.

    Raises:
        PermissionDenied, and what the handler raises for the whole chunk; nothing of it is done then.
    """
    job = Job.objects.select_related("workspace").get(id=job_id)
    with acting(_actor(job), Action(job.action)) as current:
        locked = Job.objects.select_for_update().filter(id=job_id, lease=lease, status=JobStatus.WORKING).first()
        if locked is None:
            return
        rows = list(locked.rows.filter(result__isnull=True).order_by("number")[:CHUNK])
        results = _handlers()[job.kind](current, [row.item for row in rows], job.options) if rows else []
        for row, result in zip(rows, results, strict=True):
            row.result = result
        JobRow.objects.bulk_update(rows, ["result"])
        done = sum(result["result"] == "done" for result in results)
        locked.done, locked.refused = locked.done + done, locked.refused + len(rows) - done
        locked.lease, locked.leased_until, locked.failures = None, None, 0
        if locked.done + locked.refused == locked.total:
            _end(locked, JobStatus.DONE)
        else:
            locked.save()


def _actor(job: Job) -> Actor:
    """Return the job's actor; ``acting`` reads their rights, whatever they are by now."""
    return Actor(
        kind=job.actor_kind,
        id=job.actor_id,
        name=job.actor_name,
        email=job.actor_email,
        workspace=job.workspace,
        role=Role.ADMIN,
        scope=Scope.WRITE,
    )


def _give_up(job_id: uuid.UUID, lease: uuid.UUID, error: DomainError) -> None:
    """Stop a job that its actor may not continue, or leave it for later where the refusal is temporary."""
    if isinstance(error, RateLimited | Unavailable):
        _postpone(job_id, lease)
        return
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(id=job_id, lease=lease).first()
        if job is not None:
            _end(job, JobStatus.STOPPED, error.code, str(error.message))


def _postpone(job_id: uuid.UUID, lease: uuid.UUID) -> None:
    Job.objects.filter(id=job_id, lease=lease).update(leased_until=Now() + PAUSE)


def _count_failure(job_id: uuid.UUID, lease: uuid.UUID) -> None:
    """Stop a job that failed for an unknown reason again and again."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(id=job_id, lease=lease).first()
        if job is None:
            return
        job.failures += 1
        if job.failures >= MAX_FAILURES:
            _end(job, JobStatus.STOPPED, "internal_error", "Something went wrong on our side. We've logged it.")
        else:
            job.leased_until = Now() + PAUSE
            job.save(update_fields=["failures", "leased_until"])


def _end(job: Job, status: JobStatus, code: str = "", detail: str = "") -> None:
    job.status, job.code, job.detail = status, code, detail
    job.lease, job.leased_until, job.ended_at = None, None, Now()
    job.save()
    job.refresh_from_db()


def delete_expired() -> int:
    """Delete the jobs that ended 30 days ago and return how many there were."""
    return Job.objects.filter(ended_at__lt=Now() - KEPT_FOR).delete()[1].get("members.Job", 0)
