"""Registries: filled by discovery, with unique names."""

from __future__ import annotations

import sys

import pytest

from core.registry import Registry


def test_items_are_found_by_name_in_the_order_they_came():
    registry = Registry("probe")
    registry.add("disk", 1)
    registry.add("cpu", 2)
    assert (registry.get("disk"), registry.names(), list(registry), len(registry)) == (
        1,
        ["disk", "cpu"],
        [1, 2],
        2,
    )


def test_two_items_cannot_share_a_name():
    registry = Registry("probe")
    registry.add("disk", object())
    with pytest.raises(ValueError, match="two items are called 'disk' among the probes"):
        registry.add("disk", object())


def test_same_item_may_be_added_again():
    registry, item = Registry("probe"), object()
    assert registry.add("disk", item) is registry.add("disk", item)


def test_unknown_name_error_lists_the_known_ones():
    registry = Registry("probe")
    registry.add("disk", 1)
    with pytest.raises(LookupError, match="there is no probe 'cpu'; known: disk"):
        registry.get("cpu")
    assert "cpu" not in registry


def test_decorator_gives_back_what_it_decorates():
    registry = Registry("probe")

    @registry.register("disk")
    def disk():
        return "full"

    assert disk() == "full"
    assert registry.get("disk") is disk


def test_discovery_imports_every_module_of_a_package_but_the_private_ones(tmp_path, monkeypatch):
    package = tmp_path / "probes_for_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "disk.py").write_text("")
    (package / "_private.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(tmp_path)
    Registry("probe").discover("probes_for_a_test")
    assert "probes_for_a_test.disk" in sys.modules
