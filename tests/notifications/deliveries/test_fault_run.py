"""Pages through unreliable receivers and killed workers: every one arrives, none twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from config.paths import ROOT
from notifications.deliveries.models import Delivery
from tests import servers
from tests.faults.flaky import account, flaky_receivers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
PAGES, KILLS = 60, 4


def test_sixty_pages_survive_faults_and_kills_without_loss_or_double(workspace):
    with flaky_receivers(seed=7) as flaky:
        here = {"DATABASE_URL": servers.database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "tests.faults.dying_workers", str(PAGES), str(KILLS), "7"]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | flaky.environment | here, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        rows = Delivery.across_workspaces.values_list("channel__kind", "public_id", "outcome")
        found = account(flaky, [(kind, str(key), outcome) for kind, key, outcome in rows])
    assert found.is_right(), found
    assert found.planned == PAGES
    assert found.faults > found.calls * 0.1
