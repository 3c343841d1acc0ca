"""Finds modules by file name in every installed app and, in our own apps, in every package below them."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule

NOT_SEARCHED: Final = frozenset({"migrations", "management", "templatetags", "__pycache__"})


def discover(*names: str) -> None:
    """Import every module of these names, in the order of INSTALLED_APPS."""
    for module in modules_named(*names):
        import_module(module)


def modules_named(*names: str) -> list[str]:
    """Return the full names of the modules with these names, such as `core.outbox.tasks`."""
    found = []
    for config in apps.get_app_configs():
        if _is_ours(config):
            files = _python_files(config.path)
            wanted = [file for name in names for file in files if file.rpartition(".")[2] == name]
            found += [f"{config.name}.{file}" for file in wanted]
        elif config.module is not None:
            found += [f"{config.name}.{name}" for name in names if module_has_submodule(config.module, name)]
    return found


def _is_ours(config: AppConfig) -> bool:
    return Path(config.path).parent == Path(settings.BASE_DIR)


@functools.cache
def _python_files(folder: str) -> tuple[str, ...]:
    """Return every module below an app, dotted and without the app's name, sorted."""
    return tuple(sorted(_walk(folder, "")))


def _walk(folder: str, package: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir() and entry.name not in NOT_SEARCHED:
            yield from _walk(entry.path, f"{package}{entry.name}.")
        elif entry.name.endswith(".py") and entry.name != "__init__.py":
            yield f"{package}{entry.name[:-3]}"
