"""The design system: font subsets, navigation by permission, the style page, error pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from config.assets import font_files, fonts
from config.paths import ROOT
from core.ui.navigation import NAVIGATION, navigation

SHOWN = sorted((ROOT / "templates" / "components").glob("*.html"))
# Not on the style page under a class of their own name.
UNSEEN = {"entry", "field", "form_errors", "live_dot", "logo", "panel", "panel_failed", "problem"}
CSS = ROOT / "static" / "css"


def _client(actor):
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.mark.parametrize("name", font_files.RANGES)
def test_font_files_have_exactly_the_characters_of_the_css(name):
    face = re.search(rf"{name}\.woff2.*?unicode-range: ([^;]+);", (CSS / "tokens.css").read_text(), re.S)
    assert "".join(face[1].split()) == font_files.RANGES[name]


def test_font_of_an_english_page_is_small(tmp_path):
    made = fonts.build_font("inter-latin", tmp_path)
    assert made.read_bytes()[:4] == b"wOF2"
    assert made.stat().st_size < 40_000
    assert [path.name for path in tmp_path.iterdir()] == ["inter-latin.woff2"]


def test_every_custom_property_that_is_used_is_a_token():
    used, known = set(), set()
    for path in CSS.glob("*.css"):
        if path.name != "app.css":
            used |= set(re.findall(r"var\((--[\w-]+)\)", path.read_text()))
            known |= set(re.findall(r"(--[\w-]+):", path.read_text()))
    assert used - known == set()


def test_side_bar_shows_only_what_the_viewer_may_open():
    named = {item.capability for item in NAVIGATION if item.capability}
    assert {item.capability for item in navigation(lambda _: False)} == {""}
    assert {item.capability for item in navigation()} >= named


def test_no_two_entries_of_the_side_bar_share_keys():
    keys = [item.keys for item in NAVIGATION if item.keys]
    assert len(keys) == len(set(keys))


def test_style_page_shows_every_component(actor):
    page = _client(actor).get("/style").content.decode()
    missing = {path.stem for path in SHOWN if f'class="{path.stem.replace("_", "-")}' not in page}
    assert missing <= UNSEEN
    assert "<c-" not in page


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates" / "components").glob("*.html")), ids=lambda p: p.stem
)
def test_every_component_documents_its_use(path):
    if path.stem != "logo":
        assert path.read_text().startswith(("{#", "{% comment %}"))
