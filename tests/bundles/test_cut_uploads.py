"""Uploads that are cut, or whose program is killed, at each step: one bundle, one file, one incident."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from bundles.limits import TICKET_S
from bundles.models import Bundle
from bundles.queues import INSPECTION
from bundles.uploads import announcing
from bundles.uploads.tickets import Permit
from core.queue.runner import run_due
from incidents.models import Incident
from tests.bundles.cutter import Cut, Cutter, cutting
from tests.bundles.test_uploads import made
from tests.tocsin.conftest import RunTocsin, home, own_home, run_tocsin, server
from tocsin.collector.upload import UploadError, upload
from tocsin.packing import build_collector

__all__ = ["home", "own_home", "run_tocsin", "server"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("s3")]
STEPS = [
    ("announce", "before"), ("announce", "after"), ("put", "before"), ("put", "middle"), ("put", "after"),
    ("complete", "before"), ("complete", "after"),
]  # fmt: skip
KILLS = [("announce", "after"), ("put", "middle"), ("put", "after"), ("complete", "after")]
LOG = os.urandom(60_000).hex().encode()  # is hardly packed


@pytest.fixture
def cutter(server: str, s3: Any, storage: Any, web_url: str, settings: Any) -> Iterator[Cutter]:
    """In front of all three servers; tickets name it as the storage."""
    with cutting(urlsplit(server).port or 0, urlsplit(web_url).port or 0, s3.port()) as one:
        settings.S3_PUBLIC_ENDPOINT_URL = one.url
        yield one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bundle on this host."""
    _, data = made(b"\n".join(LOG[at : at + 99] for at in range(0, len(LOG), 99)))
    path = tmp_path / "incident-20260128-120000.zip"
    path.write_bytes(data)
    return path


def check_one(storage: Any, file: Path) -> None:
    """One record that has arrived, one object with its bytes, one incident."""
    bundle = Bundle.across_workspaces.get()
    assert bundle.status == "uploaded"
    assert list(storage.keys(f"bundles/{bundle.workspace_id}/")) == [bundle.storage_key]
    held = storage.get(bundle.storage_key)
    assert hashlib.sha256(held).hexdigest() == hashlib.sha256(file.read_bytes()).hexdigest()
    assert Incident.across_workspaces.count() == 1


@pytest.mark.parametrize(("step", "when"), STEPS)
def test_connection_cut_at_any_step_loses_nothing(
    cutter: Cutter, storage: Any, file: Path, step: str, when: str
) -> None:
    cutter.cut = cut = Cut(step, when)
    response = upload(str(file), cutter.url, os.environ["TOCSIN_TOKEN"])
    assert cut.reached.is_set()
    assert response["incident"] == "INC-1"
    check_one(storage, file)


def test_upload_that_is_cut_each_time_stores_nothing_and_is_sent_by_sync(
    cutter: Cutter, storage: Any, file: Path, run_tocsin: RunTocsin
) -> None:
    cutter.cut = Cut("put", "middle", times=99)
    ran = run_tocsin("--url", cutter.url, "bundle", "upload", str(file))
    assert ran.code == 3
    assert f"The bundle is stored at: {file}" in ran.err
    assert "Spooled as local-1. It will be sent by: tocsin sync" in ran.err
    bundle = Bundle.across_workspaces.get()
    assert (bundle.status, storage.info(bundle.storage_key)) == ("announced", None)
    assert not Incident.across_workspaces.exists()
    cutter.cut = None
    again = run_tocsin("--url", cutter.url, "sync")
    assert (again.code, again.out) == (0, "local-1 sent: INC-1\n"), again.err
    check_one(storage, file)
    run_due(INSPECTION, at=timezone.now())
    assert Bundle.across_workspaces.get().status == "ready"


def test_bundle_of_an_incident_that_was_not_sent_yet_is_attached_by_sync(
    cutter: Cutter, storage: Any, file: Path, run_tocsin: RunTocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.client.time.sleep", lambda _: None)
    run_tocsin("--url", "http://127.0.0.1:9", "incidents", "create", "--title", "Down")
    waits = run_tocsin("--url", cutter.url, "bundle", "upload", str(file), "--incident", "local-1")
    assert waits.code == 3
    assert "Spooled as local-2" in waits.err
    sent = run_tocsin("--url", cutter.url, "sync")
    assert (sent.code, sent.out) == (0, "local-1 sent: INC-1\nlocal-2 sent: INC-1\n"), sent.err
    check_one(storage, file)
    again = run_tocsin("--url", cutter.url, "-q", "bundle", "upload", str(file), "--incident", "local-1")
    assert (again.code, again.out) == (0, "INC-1\n"), again.err


def test_queued_uploads_are_sent_once_and_in_order_despite_lost_responses(
    cutter: Cutter, run_tocsin: RunTocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.client.time.sleep", lambda _: None)
    for title in ("Down", "Slow"):
        assert run_tocsin("--url", "http://127.0.0.1:9", "incidents", "create", "--title", title).code == 0
    cutter.cut = Cut("announce", "after", times=99)  # each request arrives, and no response comes back
    lost = run_tocsin("--url", cutter.url, "sync")
    assert (lost.code, lost.out) == (3, "")
    assert [one.title for one in Incident.across_workspaces.all()] == ["Down"]
    cutter.cut = None
    again = run_tocsin("--url", cutter.url, "sync")
    assert (again.code, again.out) == (0, "local-1 sent: INC-1\nlocal-2 sent: INC-2\n"), again.err
    assert [one.title for one in Incident.across_workspaces.order_by("number")] == ["Down", "Slow"]


@pytest.mark.parametrize(("step", "when"), KILLS)
def test_program_killed_at_any_step_is_run_again(
    cutter: Cutter, storage: Any, file: Path, tmp_path: Path, step: str, when: str
) -> None:
    program = tmp_path / "collector.pyz"
    build_collector(program)
    argv = [sys.executable, "-I", "-S", str(program), "upload", str(file)]
    environment = {**os.environ, "TOCSIN_URL": cutter.url}
    cutter.cut = cut = Cut(step, when, holds=True)
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert cut.reached.wait(30), "the step was never reached"
        first.kill()
    cutter.cut = None
    again = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (again.returncode, again.stdout) == (0, "INC-1\n"), again.stderr
    check_one(storage, file)


def test_expired_ticket_is_replaced_by_another(
    cutter: Cutter, storage: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = iter([TICKET_S + 1])  # the first ticket has had its time already
    monkeypatch.setattr(announcing, "may_reach_storage", lambda *_: False)
    monkeypatch.setattr(
        announcing,
        "Permit",
        lambda key, size, sha256, expires: Permit(key, size, sha256, expires - next(older, 0)),
    )
    assert upload(str(file), cutter.url, os.environ["TOCSIN_TOKEN"])["incident"] == "INC-1"
    assert cutter.seen == ["announce", "put", "announce", "put", "complete"]
    check_one(storage, file)


def test_bundle_that_is_refused_is_not_tried_again(cutter: Cutter, file: Path, settings: Any) -> None:
    settings.BUNDLE_QUOTA_MB = 0
    with pytest.raises(UploadError, match="Nothing was stored; delete bundles or raise BUNDLE_QUOTA_MB"):
        upload(str(file), cutter.url, os.environ["TOCSIN_TOKEN"])
    assert cutter.seen == ["announce"]
