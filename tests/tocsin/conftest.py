"""A command line in front of a real server: `run_tocsin("incidents", "list")`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from accounts.models import Workspace


class Ran(NamedTuple):
    """The output of a command."""

    code: int
    out: str
    err: str


RunTocsin = Callable[..., Ran]


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of its own for configuration and data."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TOCSIN_URL", "TOCSIN_TOKEN", "TOCSIN_PROFILE", "TOCSIN_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_tocsin(own_home: Path, capsys: pytest.CaptureFixture[str]) -> RunTocsin:
    """`run_tocsin("incidents", "list")` in this process: exit code, stdout, stderr."""
    from tocsin.cli.main import run

    def run_it(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_it


@pytest.fixture
def home(transactional_db: None) -> Workspace:
    """A workspace with its built-in rules."""
    from accounts.models import Membership, User
    from config.installation.setup import create_workspace

    workspace = create_workspace(slug="acme", name="Acme")
    user = User.objects.create_user("john.doe", "john.doe@example.test", display_name="John Doe")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="responder")
    return workspace


@pytest.fixture
def server(home: Workspace, live_server: object, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a running server that the command line is set up for."""
    from accounts.actor import system_actor
    from accounts.models import Scope
    from accounts.tokens.services import issue_token

    url = str(getattr(live_server, "url", ""))
    issued = issue_token(system_actor(home.pk), name="Tests", scopes=[scope.value for scope in Scope])
    monkeypatch.setenv("TOCSIN_URL", url)
    monkeypatch.setenv("TOCSIN_TOKEN", issued.text)
    return url
