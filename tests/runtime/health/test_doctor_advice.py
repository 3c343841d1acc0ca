"""Advice of doctor and the system page: its programs, pages, commands and settings exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from django.core.management import get_commands

from config.apps_list import APPS
from config.environment import Environment
from config.paths import ROOT
from core.queue.declaration import QUEUES
from core.ui.navigation import NAVIGATION, PAGES, SETTINGS

SOURCES = [
    *(path for app in APPS for path in sorted((ROOT / app).rglob("checks.py"))),
    *(ROOT / app / "queues.py" for app in APPS if (ROOT / app / "queues.py").exists()),
    ROOT / "config/installation/host_checks.py", ROOT / "config/installation/system_status.py",
]  # fmt: skip
PROGRAMS = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if not line.startswith("#")
)


def texts(path: Path) -> list[str]:
    """Every text of a module but its docstrings; what an f-string fills in is a star."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else "*" for one in node.values]
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            found.append(node.value)
    return found


ADVICE = [(path.relative_to(ROOT).as_posix(), text) for path in SOURCES for text in texts(path)]


def named(pattern: str) -> set[str]:
    """What the texts name so."""
    return {word for _, text in ADVICE for word in re.findall(pattern, text)}


def test_programs_that_are_to_be_started_are_in_the_procfile():
    started = named(r"\bStart the ([a-z][a-z-]+) (?:worker|process)\b")
    started |= named(r"log of the ([a-z-]+) worker\b")
    assert {"detection", "slow", "slack-socket"} <= started
    assert started <= PROGRAMS.keys()
    assert {queue.process for queue in QUEUES} <= PROGRAMS.keys()
    assert [one.name for one in QUEUES if f"the {one.process} worker" not in one.advice] == []
    [beat] = named(r"Start: celery (--app \S+)")
    assert beat in PROGRAMS["beat"]


def test_pages_that_are_to_be_opened_are_in_the_menus():
    labels = {item.title for menu in (NAVIGATION, SETTINGS, PAGES) for item in menu}
    opened = named(r"(?:Open|look at) Settings, ([A-Z][a-z]+(?:[ -][a-z]+)*?)(?=[,.:]| and)")
    opened |= named(r"Open ((?!Settings)[A-Z][a-z ]+?)(?=[,.:]| and)")
    assert {"Channels", "Slack"} <= opened
    assert opened <= labels


def test_commands_and_settings_exist():
    assert named(r"manage\.py (\w+)") <= get_commands().keys()
    settings = {name.upper() for name in Environment.model_fields}
    assert named(r"\b([A-Z][A-Z0-9]+_[A-Z_]+[A-Z])\b") <= settings


def test_no_advice_names_a_queue_to_start():
    wrong = [one for one in ADVICE if re.search(r"worker of (?:the|that|a) queue", one[1])]
    assert wrong == []
