"""Celery application of the workers and of every process that sends tasks."""

from __future__ import annotations

import logging.config
import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, worker_shutting_down
from django.conf import settings

from config.runtime import worker_watchdog
from config.runtime.schedule import CELERY
from core.discovery import modules_named
from core.heartbeat import database as database_heartbeat
from core.heartbeat.valkey import stamp
from core.queue.shutdown import STOPPING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Running as root is the operator's choice; messages are JSON, so nothing in one can be executed.
warnings.filterwarnings("ignore", "You're running the worker with superuser")

__all__ = ["app", "worker_watchdog"]
app = Celery("tocsin", amqp="config.runtime.broker:Broker")
app.set_default()  # in every thread, not only in the importing one
app.conf.update(CELERY, broker_url=settings.REDIS_URL)
app.autodiscover_tasks(lambda: [name.rpartition(".")[0] for name in modules_named("tasks")])


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    logging.config.dictConfig(settings.LOGGING)


@task_postrun.connect
def _stamp_success(task: Any = None, state: str = "", **_: Any) -> None:
    """Record when each task last succeeded, for the system page."""
    if state == "SUCCESS":
        stamp(settings.REDIS_URL, f"task:{getattr(task, 'name', '')}")


@task_postrun.connect
def _stamp_worker(task: Any = None, **_: Any) -> None:
    delivery = getattr(getattr(task, "request", None), "delivery_info", None) or {}
    if queue := delivery.get("routing_key"):
        database_heartbeat.stamp(queue)


@worker_shutting_down.connect
def _stop_claiming(**_: Any) -> None:
    """Finish running items and claim no others."""
    STOPPING.set()
