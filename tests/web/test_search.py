"""The global search: permissions, results, and constant cost."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.actor import system_actor
from accounts.models import User
from core.errors import Forbidden
from core.registry import Registry
from core.search import providers as search_providers
from core.search.providers import SearchHit, SearchProvider, search_everything
from detection.rules.services.rules import install_builtin_rules
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.sla.services.clocks import seed_policies


class Letters(SearchProvider):
    name, title, icon = "letters", "Letters", "list"

    def find(self, actor, text, limit):
        return [SearchHit(f"{text}-{n}", f"/{text}/{n}") for n in range(limit)]


class Secrets(Letters):
    name, title, order = "secrets", "Secrets", 1

    def find(self, actor, text, limit):
        raise Forbidden("not for you")


@pytest.fixture
def finders(monkeypatch):
    registry = Registry("finder")
    for one in (Letters(), Secrets()):
        registry.add(one.name, one)
    monkeypatch.setattr(search_providers, "SEARCH_PROVIDERS", registry)


def _client(actor):
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def test_search_leaves_out_what_a_viewer_may_not_see(finders):
    assert [group.name for group in search_everything(None, "a")] == ["letters"]


@pytest.mark.parametrize("text", ["", "   ", "\0", "\0 \n"])
def test_no_text_finds_nothing(finders, text):
    assert search_everything(None, text) == []


def test_very_long_text_is_read_up_to_its_limit(finders):
    assert (
        search_everything(None, "x" * 5000)[0].found[0].title == "x" * search_providers.MAX_QUERY_CHARS + "-0"
    )


def test_palette_gets_options_and_a_browser_without_scripts_a_page(finders, actor):
    client = _client(actor)
    options = client.get("/find?q=abc", headers={"HX-Request": "true"}).content.decode()
    page = client.get("/find?q=abc").content.decode()
    assert 'role="option"' in options
    assert 'data-href="/abc/0"' in options
    assert "<html" not in options
    assert '<a class="found" href="/abc/0">' in page


def test_anonymous_user_is_redirected_to_the_sign_in(finders, db):
    assert Client().get("/find?q=x")["Location"] == "/sign-in?next=%2Ffind%3Fq%3Dx"


def _titles(client, text):
    page = client.get(f"/find?q={text}", headers={"HX-Request": "true"}).content.decode()
    return re.findall(r'palette-words" dir="auto">([^<]+)<', page)


@pytest.fixture
def browser(workspace, actor):
    seed_policies(workspace.pk)
    install_builtin_rules(system_actor(workspace.pk))
    declare_incident(actor, title="Checkout is down", severity="sev2", components=["checkout-api"])
    over = declare_incident(actor, title="Checkout was slow", severity="sev3", components=["ledger"])
    resolve_incident(actor, number=over.number)
    return _client(actor)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("INC-2", ["Checkout was slow"]),
        ("2", ["Checkout was slow"]),
        ("checkout", ["Checkout is down", "Checkout was slow", "checkout-api"]),
        ("SLOW", ["Checkout was slow"]),
        ("slow check", ["Checkout was slow"]),
        ("ledg", ["ledger"]),
        ("rita", ["Rita.Responder"]),
        ("error_burst", ["Error burst"]),
        ("ch%25k", []),
        ("nothing like it", []),
    ],
)
def test_incidents_people_and_components_are_found_by_number_and_words(browser, text, found):
    assert [
        title.replace(" ", ".") if "Rita" in title else title for title in _titles(browser, text)
    ] == found


def test_another_workspace_finds_nothing(browser, make_actor, other_workspace):
    outsider = _client(make_actor("admin", inside=other_workspace))
    assert _titles(outsider, "checkout") == []
    assert _titles(outsider, "rita") == []


def test_search_costs_few_queries_however_much_there_is(browser, actor, django_assert_max_num_queries):
    for number in range(20):
        declare_incident(actor, title=f"Checkout trouble {number}", components=[f"checkout-{number}"])
    with django_assert_max_num_queries(9):
        assert len(_titles(browser, "checkout")) == 12


def test_number_of_open_incidents_is_on_every_page(browser):
    for path in ("/", "/incidents", "/incidents/INC-1", "/find", "/style"):
        assert 'data-count="1"' in browser.get(path).content.decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("members", "/settings/members"),
        ("token", "/settings/tokens"),
        ("audit", "/settings/audit"),
        ("export", "/settings/audit.csv"),
        ("mitigate", "/remediation"),
        ("integrations", "/sources"),
    ],
)
def test_pages_are_found_by_other_words_too(admin, text, address):
    assert f'data-href="{address}"' in _options(admin, text)


def test_pages_and_commands_are_offered_by_permission(make_actor, workspace, actor):
    seed_policies(workspace.pk)
    declare_incident(actor, title="Checkout is down", severity="sev2")
    viewer = make_actor("viewer")
    assert "/settings/audit" not in _options(viewer, "audit")
    assert "Commands" not in _options(viewer, "sev1 INC-1")
    assert 'data-href="/incidents/INC-1/severity?severity=sev1"' in _options(actor, "sev1 INC-1")
    assert "role=tech_lead" in _options(actor, "@rita lead INC-1")
    assert "Commands" not in _options(actor, "sev1 INC-99")


def _options(actor, text):
    return _client(actor).get("/find", {"q": text}, headers={"HX-Request": "true"}).content.decode()
