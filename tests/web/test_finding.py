"""The search over everything: who sees what, in which shape, and that it stays cheap."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from core import finding
from core.errors import Forbidden
from core.finding import Finder, Found, find_everything
from core.registry import Registry


class Letters(Finder):
    name, title, icon = "letters", "Letters", "list"

    def find(self, actor, text, limit):
        return [Found(f"{text}-{n}", f"/{text}/{n}") for n in range(limit)]


class Secrets(Letters):
    name, title, order = "secrets", "Secrets", 1

    def find(self, actor, text, limit):
        raise Forbidden("not for you")


@pytest.fixture
def finders(monkeypatch):
    registry = Registry("finder")
    for one in (Letters(), Secrets()):
        registry.add(one.name, one)
    monkeypatch.setattr(finding, "FINDERS", registry)


def _client(actor):
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def test_what_a_viewer_may_not_see_is_left_out_and_the_rest_is_found(finders):
    assert [group.name for group in find_everything(None, "a")] == ["letters"]


@pytest.mark.parametrize("text", ["", "   ", "\0", "\0 \n"])
def test_no_text_finds_nothing(finders, text):
    assert find_everything(None, text) == []


def test_a_very_long_text_is_read_up_to_its_limit(finders):
    assert find_everything(None, "x" * 5000)[0].found[0].title == "x" * finding.LONGEST + "-0"


def test_the_palette_gets_options_and_a_browser_without_scripts_a_page(finders, actor):
    client = _client(actor)
    options = client.get("/find?q=abc", headers={"HX-Request": "true"}).content.decode()
    page = client.get("/find?q=abc").content.decode()
    assert 'role="option"' in options
    assert 'data-href="/abc/0"' in options
    assert "<html" not in options
    assert '<a class="found" href="/abc/0">' in page


def test_a_stranger_is_led_to_the_sign_in(finders, db):
    assert Client().get("/find?q=x")["Location"] == "/sign-in?next=%2Ffind%3Fq%3Dx"
