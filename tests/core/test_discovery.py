"""Discovery of modules by their file name in every package of the apps."""

from __future__ import annotations

from django.apps import apps

from core.discovery import modules_named


def test_modules_in_packages_are_found():
    found = modules_named("panels", "tasks")
    assert {"incidents.timeline.panels", "detection.rules.panels", "core.outbox.tasks"} <= set(found)
    assert found == sorted(
        found, key=lambda name: [config.name for config in apps.get_app_configs()].index(name.split(".")[0])
    )


def test_other_peoples_apps_are_searched_at_their_top():
    found = modules_named("admin")
    assert "django.contrib.auth.admin" in found
    assert found[-1] == "config.admin"


def test_migrations_and_commands_are_not_searched():
    assert modules_named("0001_initial", "seed_demo", "ui") == []
