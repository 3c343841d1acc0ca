"""`tocsin sync`: a lost response doubles nothing, and a refused request holds nothing else up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tocsin.conftest import RunTocsin
from tocsin.spool import Spool

if TYPE_CHECKING:
    from accounts.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
AWAY = ("--url", "http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.client.time.sleep", lambda _: None)
    monkeypatch.setattr("tocsin.collector.upload.time.sleep", lambda _: None)


@pytest.fixture
def incident(server: str, home: Workspace) -> str:
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    return declare_incident(system_actor(home.pk), title="Down").reference


def spooled(own_home: Path) -> list[str]:
    return sorted(path.stem for path in (own_home / "data" / "tocsin" / "spool").glob("0*.json"))


def test_note_is_written_once_when_its_response_was_lost(
    run_tocsin: RunTocsin, incident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from incidents.models import TimelineEntry
    from tocsin import Client
    from tocsin.problems import UnreachableError

    post = Client.post

    def without_response(self: Client, *given: Any, **named: Any) -> Any:
        post(self, *given, **named)
        raise UnreachableError("cut")

    monkeypatch.setattr(Client, "post", without_response)
    lost = run_tocsin("notes", "add", incident, "The switch is dead")
    assert "Spooled as local-1" in lost.err
    monkeypatch.setattr(Client, "post", post)
    sent = run_tocsin("sync")
    assert sent.code == 0, sent.err
    notes = TimelineEntry.across_workspaces.filter(kind="note")
    assert [note.message for note in notes] == ["The switch is dead"]


def test_note_written_offline_has_the_time_of_its_writing(run_tocsin: RunTocsin, incident: str) -> None:
    from incidents.models import TimelineEntry

    run_tocsin(*AWAY, "notes", "add", incident, "The switch is dead")
    assert run_tocsin("sync").code == 0
    note = TimelineEntry.across_workspaces.get(kind="note")
    assert note.occurred_at < note.created_at


def test_refused_request_is_kept_and_the_next_ones_are_sent(
    run_tocsin: RunTocsin, incident: str, own_home: Path
) -> None:
    run_tocsin(*AWAY, "notes", "add", "INC-999", "to no incident")
    run_tocsin(*AWAY, "incidents", "create", "--title", "Down", "--severity", "nonsense")
    run_tocsin(*AWAY, "notes", "add", "local-2", "to one that is refused")
    run_tocsin(*AWAY, "notes", "add", incident, "good")
    ran = run_tocsin("sync")
    assert (ran.code, ran.out) == (1, "local-4 sent: notes add\n")
    assert "local-1 (notes add) was refused and still waits" in ran.err
    assert "local-3 (notes add) still waits: local-2 was not sent." in ran.err
    assert "3 of 4 were not sent and still wait." in ran.err
    assert spooled(own_home) == ["00000001", "00000002", "00000003"]


def test_changed_file_does_not_hold_up_the_next_ones(
    run_tocsin: RunTocsin, incident: str, own_home: Path
) -> None:
    run_tocsin(*AWAY, "notes", "add", incident, "forged")
    run_tocsin(*AWAY, "notes", "add", incident, "good")
    file = own_home / "data" / "tocsin" / "spool" / "00000001.json"
    file.write_text(file.read_text().replace("forged", "FORGED"))
    ran = run_tocsin("sync")
    assert (ran.code, ran.out) == (1, "local-2 sent: notes add\n")
    assert spooled(own_home) == ["00000001"]


def test_wrong_token_is_reported_once(
    run_tocsin: RunTocsin, incident: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("first", "second"):
        run_tocsin(*AWAY, "notes", "add", incident, text)
    monkeypatch.setenv("TOCSIN_TOKEN", "tcs_abcdefgh_" + "x" * 40)
    ran = run_tocsin("sync")
    assert (ran.code, ran.out, ran.err.count("token")) == (1, "", 1)
    assert spooled(own_home) == ["00000001", "00000002"]


def test_result_of_a_request_waits_for_one_that_is_being_stored(own_home: Path) -> None:
    spool = Spool(own_home / "spool", own_home / "key")
    waiting = spool.add("incidents create", "/incidents", {"title": "Down"})
    [path] = spool.files()
    with ThreadPoolExecutor(1) as pool:
        with spool._alone():
            done = pool.submit(spool.sent, path, waiting, "INC-1")
            with pytest.raises(TimeoutError):
                done.result(0.1)
        done.result(10)
    assert spool.resolved("/incidents/local-1/timeline") == "/incidents/INC-1/timeline"
    assert spool.add("notes add", "/incidents/local-1/timeline", {}).name == "local-2"
