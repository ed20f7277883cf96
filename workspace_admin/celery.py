"""The Celery app. Its queue is a doorbell: what is due stands in Postgres, so losing the broker loses nothing."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import celeryd_init, setup_logging
from kombu.entity import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace_admin.settings")

DRAINS = {
    "members.tasks.drain": "accounts",
    "invitations.tasks.drain": "invitations",
    "billing_seats.tasks.drain": "seats",
}
"""Each outbox has a queue of its own: a worker of its own sends account mail, which never waits behind invitations."""
_EVERY = 3.0
"""Seconds between two relays of what is due."""
_MINUTE = 60.0
_PATIENCE = 1.0
"""Seconds that a request may lose to a broker that is away."""
_WORKER_PATIENCE = 10.0
"""Seconds of silence a worker bears: above the transport's blocking reads, and a busy machine's hiccups."""

app = Celery("workspace_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_ignore_result=True,
    timezone="UTC",
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_soft_shutdown_timeout=5.0,
    task_time_limit=120,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=_PATIENCE,
    broker_transport_options={
        "socket_connect_timeout": _PATIENCE,
        "socket_timeout": _PATIENCE,
        # A task whose worker died comes back within seconds instead of minutes.
        "visibility_timeout": 180,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "max_retries": 0,
    },
    task_publish_retry=False,  # the relay repeats it anyway
    task_default_queue="celery",
    # All of them: a worker started without -Q serves every queue.
    task_queues=[Queue(name, routing_key=name) for name in ("celery", *DRAINS.values())],  # type: ignore[no-untyped-call]  # -- kombu has no types
    task_routes={task: {"queue": name} for task, name in DRAINS.items()},
    imports=("workspace_admin.probes",),
    worker_consumer="workspace_admin.probes:Consumer",
    beat_scheduler="workspace_admin.probes:BeatScheduler",
    beat_max_loop_interval=_EVERY,
    beat_schedule={
        name: {"task": name, "schedule": _EVERY, "options": {"expires": 2 * _EVERY}}
        for name in (*DRAINS, "members.tasks.run_jobs")
    }
    | {
        name: {"task": name, "schedule": _MINUTE, "options": {"expires": _MINUTE}}
        for name in ("invitations.tasks.remind", "members.tasks.end_lapsed_sessions")
    }
    | {
        # Late in the hour, so that the last of a day finds it nearly over.
        name: {"task": name, "schedule": crontab(minute="55"), "options": {"expires": 30 * _MINUTE}}
        for name in (
            "billing_seats.tasks.take_stock",
            "invitations.tasks.housekeep",
            "members.tasks.delete_expired_jobs",
            "members.tasks.forget_answers",
            "members.tasks.forget_mails",
            "members.tasks.forget_sessions",
        )
    },
)
app.steps["consumer"].add("workspace_admin.probes:Pulse")
app.autodiscover_tasks()


@setup_logging.connect  # type: ignore[untyped-decorator]  # -- Celery has no types
def keep_django_logging(**_: Any) -> None:
    """Leave the log set-up to Django's settings; a connected receiver keeps Celery from replacing it."""


@celeryd_init.connect  # type: ignore[untyped-decorator]  # -- as above
def be_patient(conf: Any, **_: Any) -> None:
    """Let workers, which wait for messages, wait longer than the requests that only leave one."""
    patient = {"socket_timeout": _WORKER_PATIENCE, "max_retries": None}
    conf.broker_transport_options = {**conf.broker_transport_options, **patient}
