"""A backup taken while events stream in, restored into an empty database: complete, consistent, usable."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.paths import ROOT
from core.backup.manifest import DUMP, MANIFEST, Manifest, chunks, read_manifest
from core.embedded.database import ensure_database
from tests.faults.burst import Burst
from tests.faults.running import Running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]
COPY = "restored"
# What would be wrong in a copy that is not of one moment.
LINKED = """
select count(*) from incidents_incident i where i.event_count <>
  (select count(*) from detection_incident_event l where l.incident_id = i.id)
"""
UNREFERENCED = """
select count(*) from detection_incident_event l where not exists (
  select 1 from detection_event e where e.workspace_id = l.workspace_id and e.id = l.event_id)
"""
KEYLESS = """
select (select count(*) from detection_event) - (select count(*) from detection_event_key)
"""
NUMBERS = "select max(number) - count(*), count(distinct number) - count(*) from incidents_incident"
UNDELIVERED_EVENTS = """
select count(*) from core_outboxevent e
 where not exists (select 1 from core_outboxdispatch d where d.event_id = e.id)
"""
DONE = "select count(*) from core_outboxdispatch where state = 'done'"
OPENED = "select count(*) from incidents_incident"


def _send_on(tocsin: Running, is_over: threading.Event) -> None:
    while not is_over.wait(0.2):  # paced: all that waits in the copy is worked off by a test
        Burst(services=2, each=10).send(tocsin)


def _manage(tocsin: Running, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return _python(tocsin, "manage.py", *arguments, **extra)


def _python(tocsin: Running, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    env = tocsin.environment | {"TOCSIN_ENV": "local"} | extra
    argv = [sys.executable, *arguments]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def backup(tocsin: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made in the middle of a burst that goes on before and after."""
    folder, is_over = tmp_path_factory.mktemp("backups"), threading.Event()
    sender = threading.Thread(target=_send_on, args=(tocsin, is_over))
    sender.start()
    time.sleep(0.3)
    made = _manage(tocsin, "backup", str(folder))
    is_over.set()
    sender.join(timeout=120)
    assert made.returncode == 0, made.stderr
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def copy_url(tocsin: Running, backup: Path) -> str:
    """A fresh database with the backup in it."""
    url = ensure_database(tocsin.postgres.url(COPY))
    done = _manage(tocsin, "restore", str(backup), DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    return url


def _row(url: str, query: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        found = connection.execute(query).fetchone()
    assert found is not None
    return found


@pytest.mark.whole
def test_backup_is_a_consistent_snapshot(copy_url: str, backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0, "it holds digests of passwords"
    assert _row(copy_url, "select count(*) > 0 from detection_event") == (True,)
    assert _row(copy_url, LINKED) == (0,)
    assert _row(copy_url, UNREFERENCED) == (0,)
    assert _row(copy_url, KEYLESS) == (0,)
    assert _row(copy_url, UNDELIVERED_EVENTS) == (0,)
    assert _row(copy_url, NUMBERS) in {(0, 0), (None, 0)}


@pytest.mark.whole
def test_copy_goes_on_where_the_backup_was_made(tocsin: Running, copy_url: str) -> None:
    """What was sent stays sent, what waited is delivered, numbers go on, and events sent again are known."""
    done, opened = _row(copy_url, DONE), _row(copy_url, OPENED)
    again = tocsin.row("select event_id from detection_event order by id limit 1")[0]
    code = f"""
import django; django.setup()
from accounts.actor import system_actor
from accounts.models import Workspace
from core.outbox.relay import relay_due
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from incidents.correlation.services.opening import declare_incident
actor = system_actor(Workspace.objects.get().pk)
while drain(): pass
_, repeated = accept_events(actor, body=b'{{"event_id": "{again}", "service": "x", "level": "error"}}')
assert repeated == 1, repeated
print(declare_incident(actor, title="After the restore").number)
while relay_due(): pass
"""
    servers = {"DATABASE_URL": copy_url, "REDIS_URL": tocsin.valkey.url()}
    ran = _python(tocsin, "-c", code, DJANGO_SETTINGS_MODULE="config.settings", **servers)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout.split()[-1]) > opened[0]
    assert _row(copy_url, "select count(*) from core_outboxdispatch where state <> 'done'") == (0,)
    assert _row(copy_url, DONE) > done
    assert _row(copy_url, LINKED.replace("where i.", "where i.source <> 'declared' and i.")) == (0,)


@pytest.mark.whole
def test_existing_data_is_replaced_only_with_the_flag(tocsin: Running, copy_url: str, backup: Path) -> None:
    with psycopg.connect(copy_url, autocommit=True) as connection:
        refused = _manage(tocsin, "restore", str(backup), "--replace", DATABASE_URL=copy_url)
        assert refused.returncode == 1
        assert "stop Tocsin first" in refused.stderr
        connection.execute("update accounts_workspace set name = 'Changed since'")
    refused = _manage(tocsin, "restore", str(backup), DATABASE_URL=copy_url)
    assert refused.returncode == 1
    assert "not empty. Nothing was changed" in refused.stderr
    assert _row(copy_url, "select name from accounts_workspace") == ("Changed since",)
    done = _manage(tocsin, "restore", str(backup), "--replace", DATABASE_URL=copy_url)
    assert done.returncode == 0, done.stderr
    assert _row(copy_url, "select name from accounts_workspace") != ("Changed since",)


@pytest.mark.whole
def test_backup_that_fails_half_way_leaves_everything_as_it_was(
    tocsin: Running, copy_url: str, backup: Path, tmp_path: Path
) -> None:
    """The manifest is right and the dump ends among its rows: what was loaded is rolled back."""
    broken = _cut_short(backup, tmp_path / "broken.zip")
    before = _row(copy_url, OPENED)
    refused = _manage(tocsin, "restore", str(broken), "--replace", DATABASE_URL=copy_url)
    assert refused.returncode == 1
    assert "Nothing was changed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert _row(copy_url, OPENED) == before
    assert _row(copy_url, "select count(*) > 0 from accounts_user") == (True,)


@pytest.mark.whole
def test_changed_byte_is_refused(tocsin: Running, copy_url: str, backup: Path, tmp_path: Path) -> None:
    manifest, dump = read_manifest(backup), b"".join(chunks(backup))
    path = _write_zip(tmp_path / "changed.zip", dump[:-9] + b"x" + dump[-8:], manifest)
    refused = _manage(tocsin, "restore", str(path), "--replace", DATABASE_URL=copy_url)
    assert refused.returncode == 1
    assert "its checksum differs" in refused.stderr


def _cut_short(backup: Path, path: Path) -> Path:
    """The same backup with two thirds of its dump and a manifest that fits them."""
    dump = b"".join(chunks(backup))
    dump = dump[: len(dump) * 2 // 3]
    fits = {"size": len(dump), "sha256": hashlib.sha256(dump).hexdigest()}
    return _write_zip(path, dump, dataclasses.replace(read_manifest(backup), **fits))


def _write_zip(path: Path, dump: bytes, manifest: Manifest) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(DUMP, dump)
        archive.writestr(MANIFEST, manifest.as_json())
    return path
