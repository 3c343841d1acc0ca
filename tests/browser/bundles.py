"""Diagnostic bundles that browser tests find: one that is ready, and one in quarantine."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.test.utils import override_settings
from django.utils import timezone

from accounts.actor import Actor
from bundles.inspection.inspecting import inspect_bundle
from bundles.limits import CONTENT_TYPE
from bundles.models import Bundle
from bundles.records.models import BundleStatus
from bundles.uploads.announcing import Announcement, announce
from core.storage.client import bucket
from tocsin.collector import commands
from tocsin.collector.bundle import FinishedBundle
from tocsin.collector.context import Options

LINES: Final = 620  # more than a page of the log viewer
CHECKS: Final = [
    {"name": "keycloak", "kind": "tcp", "port": 9},
    {"name": "root folder", "kind": "file", "path": "/"},
]


def add_bundles(actor: Actor) -> None:
    """Made by the collector, stored, and inspected. They open no incident: other tests count those."""
    bucket().ensure()
    with tempfile.TemporaryDirectory() as folder, override_settings(BUNDLES_UNREDACTED=True):
        (Path(folder) / "payments.log").write_text(_log())
        (Path(folder) / "current.log").symlink_to("payments.log")  # left out, and reported
        for summary, is_dangerous in (("Services not starting", False), ("Cards are declined", True)):
            options = Options(
                summary=summary, logs=[f"{folder}/*.log"], only=("system", "health", "logs"),
                dangerous=is_dangerous,
            )  # fmt: skip
            consent = {"by": "dana.ruiz"} if is_dangerous else None
            made = commands.create(options, {"health": CHECKS}, f"{folder}/made", lambda _: None, consent)
            _store(actor, made)


def _log() -> str:
    lines = [f"INFO request {n} of /api/v1/payments/{'4f' * 30} took 12 ms" for n in range(LINES)]
    lines[3] = "ERROR no connection: password=maple4711"
    lines[5] = "ERROR the push was refused, token ghp_" + "aB3" * 12
    return "\n".join(lines) + "\n"


def _store(actor: Actor, made: FinishedBundle) -> None:
    announcement = Announcement(
        made.metadata["bundle_id"], made.size, made.sha256, Path(made.path).name, made.metadata["summary"],
        metadata=made.metadata,
    )  # fmt: skip
    bundle, now = announce(actor, announcement), timezone.now()
    with open(made.path, "rb") as file:
        bucket().put_once(bundle.storage_key, file, CONTENT_TYPE, made.sha256)
    bundle.status, bundle.received_at, bundle.expires_at = (
        BundleStatus.UPLOADED,
        now,
        now + timedelta(days=30),
    )
    bundle.save(update_fields=["status", "received_at", "expires_at"])
    inspect_bundle(Bundle.objects.of(actor.workspace_id).get(pk=bundle.pk))
