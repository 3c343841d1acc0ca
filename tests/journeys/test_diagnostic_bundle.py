"""The commands of a diagnostic-bundle documentation, in their order: create, create offline, upload, list."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Scope
from accounts.tokens.services import issue_token
from bundles.models import Bundle
from bundles.queues import INSPECTION
from core.queue.runner import run_due
from incidents.models import Incident
from tests.tocsin.conftest import home, own_home, run_tocsin, server
from tocsin.packing import build_collector

__all__ = ["home", "own_home", "run_tocsin", "server"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("s3")]
QUICK = ("--only", "system", "--only", "health", "--only", "logs", "--since", "1h")


def on_another_host(server, home, own_home: Path, run_tocsin) -> None:
    """A host with Python alone and a token that may only upload: it sees its own, the first host all."""
    issued = issue_token(system_actor(home.pk), name="Host b", scopes=[Scope.BUNDLES_WRITE])
    program, there = own_home / "collector.pyz", own_home / "host-b"
    build_collector(program)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(there), "TOCSIN_URL": server, "TOCSIN_TOKEN": issued.text
    }  # fmt: skip

    def collector(*arguments: str) -> str:
        argv = [sys.executable, "-I", "-S", str(program), *arguments]
        ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=True)
        return ran.stdout

    assert collector("create", "--summary", "Disk failing on b", *QUICK) == "INC-3\n"
    assert re.findall(r"^  (INC-\d+)  \S+  (.+)$", collector("list"), re.M) == [
        ("INC-3", "Disk failing on b")
    ]
    assert len(list(there.rglob("incident-*.zip"))) == 1
    here = run_tocsin("incident", "list").out
    assert sorted(re.findall(r"^  (INC-\d+)", here, re.M)) == ["INC-1", "INC-2", "INC-3"]
    assert "INC-3" not in run_tocsin("incident", "list", "--local").out
    assert len(json.loads(run_tocsin("--format", "json", "incident", "list", "--server").out)) == 3


def test_bundle_is_created_uploaded_and_listed(storage, server, home, run_tocsin, own_home: Path):
    made = run_tocsin("incident", "create", "--summary", "Services not starting", *QUICK)
    assert made.code == 0, made.err
    lines = [line for line in (made.out + made.err).splitlines() if line.strip()]
    for line in ("Creating incident bundle...", "Upload complete", "Incident ID: INC-1"):
        assert any(line in one for one in lines), lines
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
    Bundle.across_workspaces.filter(summary="Keycloak failing").update(incident=None)
    assert re.search(r"^  \(no incident\)  \S+  Keycloak failing$", run_tocsin("incident", "list").out, re.M)
    by_id = run_tocsin("-q", "incident", "list").out.splitlines()
    assert set(by_id) == {"INC-1", str(Bundle.across_workspaces.get(incident=None).public_id)}
    assert "(not uploaded)" not in run_tocsin("incident", "list", "--local").out
    second = Incident.across_workspaces.get(number=2)
    Bundle.across_workspaces.filter(incident=None).update(incident=second)
    on_another_host(server, home, own_home, run_tocsin)
    run_due(INSPECTION, at=timezone.now())
    assert [bundle.status for bundle in Bundle.across_workspaces.all()] == ["ready"] * 3
