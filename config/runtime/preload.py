"""Imports what Tocsin's programs need, once: the supervisor forks them, so they share memory and start fast.

Nothing here may open a connection or start a thread.
"""

from __future__ import annotations

import importlib

from django.apps import apps
from django.urls import get_resolver

from config import asgi
from config.celery import app
from config.runtime import beat

__all__ = ["asgi", "beat"]

app.loader.import_default_modules()
_ = get_resolver().url_patterns  # imports every view
for name in (
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.concurrency.solo",
    "granian.cli",
    "uvloop",
):
    importlib.import_module(name)


def _fill_caches() -> None:
    """Fill what each program would otherwise fill by itself, in its own memory."""
    _ = get_resolver().reverse_dict
    app.finalize(auto=True)
    for model in apps.get_models(include_auto_created=True):
        model._meta.get_fields(include_hidden=True)
        _ = model._meta.related_objects, model._meta.fields_map


_fill_caches()
