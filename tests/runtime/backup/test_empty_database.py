"""A backup of a database without Tocsin's tables is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def test_backup_of_an_empty_database_is_refused(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("create schema empty_one; set local search_path to empty_one")
    with pytest.raises(CommandError, match="no tables of Tocsin"):
        call_command("backup", str(tmp_path))
    assert list(tmp_path.iterdir()) == []
