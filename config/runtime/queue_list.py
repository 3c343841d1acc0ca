"""Finds the queue declarations of all apps, without Django."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from config.apps_list import APPS


def load_declarations() -> None:
    """Import `<app>.queues` of every app that has one; idempotent."""
    for app in APPS:
        if find_spec(f"{app}.queues"):
            importlib.import_module(f"{app}.queues")
