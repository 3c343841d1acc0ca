"""The server offers the collector with its checksum."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_offered_file_fits_its_checksum_and_runs(tmp_path: Path) -> None:
    response = Client().get("/collector/collector.pyz")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="collector.pyz"'
    checksum = Client().get("/collector/collector.pyz.sha256").content.decode()
    assert checksum == f"{hashlib.sha256(response.content).hexdigest()}  collector.pyz\n"
    file = tmp_path / "collector.pyz"
    file.write_bytes(response.content)
    argv = [sys.executable, "-I", "-S", str(file), "--version"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.startswith("collector ")


def test_page_shows_the_commands(make_user, workspace) -> None:
    from accounts.models import Membership

    user = make_user("vera")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="viewer")
    browser = Client()
    browser.force_login(user)
    page = browser.get("/collector").content.decode()
    assert "sha256sum --check" in page
    assert Client().get("/collector").status_code == 303
