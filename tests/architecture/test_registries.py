"""Every file of a folder of plug-ins brings one, and what panels and entries name is there."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

import pytest
from django.template.loader import get_template
from django.urls import resolve

from core.navigation import NAVIGATION, SETTINGS, NavItem
from core.panels import PANELS, Panel
from detection.builtin import BuiltinRule
from detection.webhooks.format import webhook_formats


def modules_of(package: str) -> list[str]:
    return [f"{package}.{found.name}" for found in pkgutil.iter_modules(import_module(package).__path__)]


def test_every_module_of_formats_registers_one() -> None:
    homes = [type(one).__module__ for one in webhook_formats()]
    assert sorted(homes) == sorted(modules_of("detection.webhooks.formats"))
    assert len({one.name for one in webhook_formats()}) == len(homes)


@pytest.mark.parametrize("module", modules_of("detection.rules"))
def test_every_module_of_rules_holds_the_rule_of_its_name(module: str) -> None:
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
