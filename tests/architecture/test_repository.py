"""Rules of the repository: what may be committed, and documents that match the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from config.environment import Environment
from config.installation.settings_reference import ENV_EXAMPLE, SETTINGS_PAGE, env_example, settings_page
from tests.architecture.source import ROOT, nodes, tracked


def test_locks_name_no_host():
    locks = [p for p in tracked() if p.parts[0] in {"requirements", "bench"} and p.suffix == ".txt"]
    assert locks
    assert [str(p) for p in locks if "://" in (ROOT / p).read_text()] == []


def test_every_locked_package_has_hashes():
    for lock in (ROOT / "requirements").glob("*.txt"):
        pins = re.split(r"\n(?=[a-z0-9])", lock.read_text())
        assert [pin.split()[0] for pin in pins if "==" in pin and "--hash=sha256:" not in pin] == []


def test_no_third_party_script_or_style_is_in_the_repository():
    names = re.compile(r"(htmx|alpine|jquery|axe|chart|d3)[\w.-]*\.js$|\.min\.(js|css)$")
    assert [str(p) for p in tracked() if names.search(p.name)] == []


def test_every_setting_is_in_the_example_and_the_reference():
    assert Environment.model_fields
    assert ENV_EXAMPLE.read_text() == env_example(), "run: python -m config.installation.settings_reference"
    assert SETTINGS_PAGE.read_text() == settings_page(), (
        "run: python -m config.installation.settings_reference"
    )


def test_every_page_of_the_docs_is_linked_from_the_readme_or_a_page_that_is():
    pages = {p for p in tracked() if p.parts[0] == "docs" and p.suffix == ".md"}
    linked, fresh = set(), {Path("README.md")}
    while fresh:
        linked |= fresh
        fresh = {link for page in fresh for link in _links(page)} - linked
    assert sorted(map(str, pages - linked)) == []


def _links(page: Path) -> set[Path]:
    """The pages of this project it links to, which must exist."""
    named = re.findall(r"\]\(([^)#:\s]+\.md)(?:#[^)]*)?\)", (ROOT / page).read_text())
    found = {(ROOT / page.parent / name).resolve() for name in named}
    assert [str(path) for path in found if not path.is_file()] == []
    return {path.relative_to(ROOT.resolve()) for path in found}


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    loader = MigrationLoader(connection)
    wanted = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    assert wanted.changes(graph=loader.graph) == {}


def test_every_test_can_fail():
    hollow = []
    for path in tracked():
        if path.parts[0] != "tests" or not path.name.startswith("test_"):
            continue
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                source = ast.unparse(node)
                if not re.search(r"assert|raises\(|expect\(|check|verify", source):
                    hollow.append(f"{path}:{node.lineno} {node.name}")
    assert hollow == []


def test_links_between_our_documents_lead_somewhere():
    broken = []
    for path in tracked():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", (ROOT / path).read_text()):
            if not (ROOT / path.parent / target).exists():
                broken.append(f"{path} -> {target}")
    assert broken == []
