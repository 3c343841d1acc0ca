"""`pip install .`: few packages, none of the server's, and a command line that runs with them alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MAX_PACKAGES = 20
PRINT_MODULES = """
import sys
sys.path[:0] = {paths}
from tocsin.cli.main import run
code = run({arguments})
wrong = [name for name in ("django", "celery", "core", "config") if name in sys.modules]
for name in ("django", "core", "bundles"):
    try:
        __import__(name)
        wrong.append(name)
    except ModuleNotFoundError:
        pass
sys.exit(f"imported: {{wrong}}" if wrong else code)
"""


def _needed() -> dict[str, Distribution]:
    """Every package that `pip install .` brings, by the requirements of what is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in project["dependencies"]]
    while waiting:
        wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in found or not _applies(wanted):
            continue
        try:
            found[name] = distribution(wanted.name)
        except PackageNotFoundError:
            pytest.fail(f"{wanted.name}, which the command line needs, is not installed")
        extras = wanted.extras or {""}
        waiting += [
            one
            for one in map(Requirement, found[name].requires or ())
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return found


def _applies(wanted: Requirement) -> bool:
    return wanted.marker is None or "extra" in str(wanted.marker) or wanted.marker.evaluate()


@pytest.fixture(scope="module")
def packages() -> dict[str, Distribution]:
    return _needed()


@pytest.fixture(scope="module")
def folder(packages: dict[str, Distribution], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site-packages of a fresh environment: those packages, and Tocsin's."""
    made = tmp_path_factory.mktemp("site-packages")
    for package in packages.values():
        tops = {Path(str(file)).parts[0] for file in package.files or ()} - {"..", "__pycache__"}
        for top in sorted(tops):
            if not (made / top).exists():
                (made / top).symlink_to(Path(str(package.locate_file(top))))
    (made / "tocsin").symlink_to(ROOT / "tocsin")
    return made


def test_command_line_needs_few_packages_and_no_django(packages: dict[str, Distribution]) -> None:
    assert len(packages) + 1 <= MAX_PACKAGES, sorted(packages)
    assert not {"django", "celery", "psycopg", "redis", "boto3"} & packages.keys()
    assert {"typer", "rich", "httpx2"} <= packages.keys()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["version"], 0),
        (["--url", "http://127.0.0.1:9", "--format", "json", "incidents", "list"], 3),
        (["bundle", "list", "--local"], 0),
        (["events", "send", "--url", "http://127.0.0.1:9", "--source", "a", "--message", "b"], 3),
    ],
    ids=lambda value: value if isinstance(value, int) else value[-1] if value else "",
)
def test_command_line_runs_with_its_packages_alone(
    folder: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    program = PRINT_MODULES.format(paths=[str(folder)], arguments=arguments)
    argv = [sys.executable, "-I", "-S", "-c", program]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    assert ran.stdout or ran.stderr
