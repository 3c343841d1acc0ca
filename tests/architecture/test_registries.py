"""Every module of a plug-in folder registers one, and the names in panels and entries exist."""

from __future__ import annotations

import ast
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module

import pytest
from django.template.loader import get_template
from django.urls import resolve

from core.ui.navigation import NAVIGATION, SETTINGS, NavItem
from core.ui.panels import PANELS, Panel
from detection.rules.builtin_rules import BuiltinRule
from detection.sources.forms import kind_choices
from detection.webhooks.format import FORMATS, SourceSettings, webhook_formats
from detection.webhooks.http.request import pasted
from detection.webhooks.receive import format_named
from tests.architecture.source import nodes, product

# An example in the API's document.
EXAMPLES = {"detection/sources/api.py"}


def modules_of(package: str) -> list[str]:
    return [f"{package}.{found.name}" for found in pkgutil.iter_modules(import_module(package).__path__)]


def test_every_module_of_formats_registers_one() -> None:
    homes = [type(one).__module__ for one in webhook_formats()]
    assert sorted(homes) == sorted(modules_of("detection.webhooks.formats"))
    assert len({one.name for one in webhook_formats()}) == len(homes)


NEW_FORMAT = """
from detection.webhooks.format import WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.parsed import Alert, AlertState, Reading


@webhook_format
class Parrot(WebhookFormat):
    name = "parrot"
    title = "Parrot"
    guide = Guide("Its cage", "{address}", {"says": "fire"})

    def read(self, request, settings):
        text = request.document()["says"]
        return Reading(alerts=(Alert(key=text, state=AlertState.FIRING, title=text),))
"""


@pytest.fixture
def parrot(tmp_path, monkeypatch) -> Iterator[None]:
    """A file more in the folder of formats, for the length of a test."""
    (tmp_path / "parrot.py").write_text(NEW_FORMAT)
    package = import_module("detection.webhooks.formats")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(FORMATS, "_items", dict(FORMATS._items))
    webhook_formats.cache_clear()
    yield
    webhook_formats.cache_clear()
    sys.modules.pop("detection.webhooks.formats.parrot", None)
    vars(package).pop("parrot", None)


def test_format_is_one_file(parrot) -> None:
    """The endpoint finds it, the form offers it, its page has a guide, and the guide's sample can be read."""
    form = format_named("parrot")
    assert ("parrot", "Parrot") in kind_choices()
    [alert] = form.read(pasted(form.guide.text), SourceSettings("Aviary")).alerts
    assert alert.title == "fire"


@pytest.mark.parametrize(
    "name", [one.name for one in webhook_formats() if one.name not in ("form", "generic")]
)
def test_product_names_no_format_outside_its_own_file(name: str) -> None:
    """As a text of its own; "form" and "generic" are words as well. Channels and trackers are others."""
    homes = {type(webhook_formats().get(name)).__module__.replace(".", "/") + ".py"}
    naming = {
        str(path) for path in product() for node in nodes(path)
        if isinstance(node, ast.Constant) and node.value == name
        and path.parts[0] != "notifications" and path.parts[:2] != ("postmortems", "trackers")
    }  # fmt: skip
    assert naming - homes - EXAMPLES == set()


@pytest.mark.parametrize("module", modules_of("detection.rules.builtin"))
def test_every_module_of_rules_defines_the_rule_of_its_name(module: str) -> None:
    rule = import_module(module).RULE
    assert isinstance(rule, BuiltinRule)
    assert rule.rule_id == module.rpartition(".")[2]


@pytest.mark.parametrize("panel", list(PANELS), ids=lambda panel: panel.name)
def test_every_panel_has_its_template_and_a_title(panel: Panel) -> None:
    get_template(panel.template)
    assert panel.title
    assert all(topic for topic in panel.topics("1"))


def entries() -> Iterable[NavItem]:
    return [*NAVIGATION, *SETTINGS]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.url)
def test_every_entry_of_a_menu_leads_somewhere(entry: NavItem) -> None:
    assert resolve(entry.url).func
