"""Imports what Tocsin's programs need, once: the supervisor forks them, so they share memory and start fast.

Nothing here may open a connection or start a thread.
"""

from __future__ import annotations

import importlib
from contextvars import Context

from django.apps import apps
from django.db import connection
from django.template import engines
from django.urls import get_resolver

from config import asgi
from config.celery import app
from config.runtime import beat

__all__ = ["asgi", "beat"]

app.loader.import_default_modules()
_ = get_resolver().url_patterns  # imports every view
for name in (
    "celery.app.control",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.solo",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.control",
    "celery.worker.strategy",
    "config.pages.context_processors",
    "config.runtime.broker",
    "django.contrib.messages.storage.fallback",
    "django.contrib.sessions.serializers",
    "granian.cli",
    "uvloop",
    "warroom.socket_mode.serving",
):
    importlib.import_module(name)


def _fill_caches() -> None:
    """Fill what each program would otherwise fill by itself, in its own memory."""
    _ = get_resolver().reverse_dict
    app.finalize(auto=True)
    for engine in engines.all():
        engine.get_template("layouts/app.html")
    connection.get_connection_params()  # makes the adapters between Python's types and PostgreSQL's
    for model in apps.get_models(include_auto_created=True):
        model._meta.get_fields(include_hidden=True)
        _ = model._meta.related_objects, model._meta.fields_map


# In a context of its own: each URL resolver leaves a variable, which every request would carry along.
Context().run(_fill_caches)
