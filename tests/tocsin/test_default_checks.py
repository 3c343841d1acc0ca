"""Health checks without a configuration: containers, units, disks, names, and Tocsin itself."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.receiver import Receiver, Reply, running
from tocsin.collector import commands
from tocsin.collector.context import Options
from tocsin.collector.probes import health

RUNS = "exit 0\n"
FAILS = "echo 'Cannot connect to the daemon'; exit 1\n"
UNITS = """case "$*" in
  *--failed*) echo "nginx.service loaded failed failed A web server" ;;
esac
"""
Checked = Callable[..., dict[str, Any]]


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """`checked(docker="exit 0")`: the checks by name, on a host with these programs alone."""
    monkeypatch.setattr(health, "OWN_PORTS", ())

    def it(**programs: str) -> dict[str, Any]:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        made = commands.create(
            Options(summary="x", only=("health",)), {}, str(tmp_path / "made"), lambda _: None
        )
        with zipfile.ZipFile(made.path) as archive:
            document = json.loads(archive.read("health.json"))
        return {check["name"]: check for check in document["checks"]} | {"overall": document["overall"]}

    return it


@pytest.mark.parametrize(
    ("programs", "name", "ok"),
    [
        ({"docker": RUNS, "podman": RUNS}, "docker", True),
        ({"podman": RUNS}, "podman", True),
        ({"docker": 'case "$1" in version) exit 0 ;; esac\n' + FAILS}, "docker", False),
        ({}, None, None),
    ],
    ids=["docker", "podman", "docker without its daemon", "neither"],
)
def test_container_engine_is_docker_or_podman(
    checked: Checked, programs: dict[str, str], name: str | None, ok: bool | None
) -> None:
    found = checked(**programs)
    assert {"docker", "podman"} & found.keys() == ({name} if name else set())
    if name:
        assert found[name]["ok"] is ok
        assert found[name]["message"]


def test_failed_units_are_named(checked: Checked) -> None:
    found = checked(systemctl=UNITS)
    assert found["systemd"]["ok"] is False
    assert found["systemd"]["message"] == "Failed: nginx.service"


def test_disk_over_the_limit_is_named(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FULL_PERCENT", -1.0)  # every disk is fuller
    found = checked()
    assert found["disk"]["ok"] is False
    assert " %" in found["disk"]["message"]
    assert found["overall"] in {"degraded", "down"}


def test_name_that_does_not_resolve_is_reported(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.socket, "gethostname", lambda: "no-such-host.invalid")
    assert checked()["dns"]["ok"] is False


@pytest.mark.parametrize(("status", "message"), [(200, "Ready"), (503, "HTTP 503")])
def test_tocsin_itself_is_checked_where_it_runs(
    checked: Checked, monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    body = json.dumps({"status": "x", "checks": {}}).encode()
    with running(Receiver(lambda _: Reply(status, body))) as tocsin:
        monkeypatch.setattr(health, "OWN_PORTS", (int(tocsin.url.rpartition(":")[2]),))
        found = checked()
        assert [request.path for request in tocsin.received] == ["/readyz"]
    assert (found["tocsin"]["ok"], found["tocsin"]["message"]) == (status == 200, message)
