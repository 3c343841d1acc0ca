"""The commands of a diagnostic-bundle documentation, in their order: create, create offline, upload, list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone

from bundles.models import Bundle
from bundles.queues import INSPECTION
from core.queue.runner import run_due
from incidents.models import Incident
from tests.tocsin.conftest import home, own_home, run_tocsin, server

__all__ = ["home", "own_home", "run_tocsin", "server"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("s3")]
QUICK = ("--only", "system", "--only", "health", "--only", "logs", "--since", "1h")


def test_a_bundle_is_created_uploaded_and_listed(storage, server, run_tocsin, own_home: Path):
    made = run_tocsin("incident", "create", "--summary", "Services not starting", *QUICK)
    assert made.code == 0, made.err
    said = [line for line in (made.out + made.err).splitlines() if line.strip()]
    for line in ("Creating incident bundle...", "Upload complete", "Incident ID: INC-1"):
        assert any(line in one for one in said), said
    offline = run_tocsin("incident", "create", "--summary", "Keycloak failing", "--no-upload", *QUICK)
    assert offline.code == 0, offline.err
    assert Bundle.across_workspaces.count() == 1
    [path] = {
        str(one)
        for one in own_home.rglob("incident-*.zip")
        if str(one) in offline.out + offline.err or one.name in offline.out
    }
    assert run_tocsin("incident", "upload", path).code == 0
    assert run_tocsin("incident", "upload", path).code == 0
    listed = run_tocsin("incident", "list")
    rows = re.findall(r"^  (INC-\d+)  \d{4}-\d\d-\d\d  (.+)$", listed.out, re.M)
    assert sorted(rows) == [("INC-1", "Services not starting"), ("INC-2", "Keycloak failing")]
    assert Incident.across_workspaces.count() == 2
    run_due(INSPECTION, at=timezone.now())
    assert [bundle.status for bundle in Bundle.across_workspaces.all()] == ["ready", "ready"]
