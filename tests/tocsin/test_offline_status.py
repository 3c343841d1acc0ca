"""`status --offline`: who is on call and open checklists, as last seen, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tocsin.conftest import RunTocsin

if TYPE_CHECKING:
    from accounts.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def test_last_status_is_shown_while_the_server_is_unreachable(
    run_tocsin: RunTocsin, server: str, home: Workspace, own_home: Path
) -> None:
    from accounts.actor import system_actor
    from incidents.correlation.services.opening import declare_incident

    nothing = run_tocsin("status", "--offline")
    assert (nothing.code, nothing.out) == (1, "")
    assert "tocsin status" in nothing.err
    declare_incident(system_actor(home.pk), title="Payments down", severity="sev1")
    assert run_tocsin("status").code == 0
    file = own_home / "data" / "tocsin" / "last-seen.json"
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    away = ("--url", "http://127.0.0.1:9")
    refused = run_tocsin(*away, "status")
    assert refused.code == 3
    assert "tocsin status --offline" in refused.err
    shown = run_tocsin(*away, "status", "--offline")
    assert shown.code == 0
    assert shown.out.startswith(f"As of 0 h 0 min ago, from {server}\n")
    for words in ("On call:", "Members:", "INC-1  sev1  Payments down", "    [ ] Assess severity level"):
        assert words in shown.out
    assert "\x1b" not in shown.out
    stored = json.loads(run_tocsin("--format", "json", "status", "--offline").out)
    assert stored["incidents"][0]["incident_id"] == "INC-1"
