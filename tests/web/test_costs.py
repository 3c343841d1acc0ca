"""Statements of every page and API list of the URL conf, for few and for many rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from accounts.tokens.services import issue_token
from detection.models import QuarantinedRequest
from detection.rules.services.rules import create_rule, install_builtin_rules, update_rule
from detection.sources.services.record_change import record_change
from detection.sources.services.sources import create_source
from incidents.components.services.editing import create_component
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.links.services import relate_incidents
from incidents.models import Component, Incident
from incidents.sla.services.clocks import seed_policies
from incidents.timeline.services.notes import add_note
from tests.detection.webhooks.senders import Sender
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
# Endless, or not of the workspace: streams, probes, files for scripts, what is written about the API.
NO_LISTS = (
    "/api/v1/stream", "/api/v1/openapi.json", "/docs", "/livez", "/readyz", "/metrics", "/offline-worker.js",
    "/settings/system", "/style",
)  # fmt: skip
RULE = {"incident_type": "other", "severity": "sev3", "error_threshold": 5, "time_window_seconds": 60}


@pytest.fixture
def person(make_actor, workspace):
    seed_policies(workspace.pk)
    person = make_actor("admin")
    install_builtin_rules(person)
    User.objects.filter(pk=person.user_id).update(is_staff=True, is_superuser=True)
    return person


def grow(person, make_actor, numbers):
    """One more of everything that a list shows, for each number."""
    for number in numbers:
        source, key = create_source(person, kind="generic", name=f"Source {number}")
        Sender(source, key).post(b"not json", address=f"/api/v1/webhooks/generic/{key}")
        Sender(source, key).post({"title": f"Disk {number}", "source": f"disk-{number}"})
        create_component(person, name=f"part-{number}")
        opened = declare_incident(person, title=f"Trouble {number}", components=[f"part-{number}"])
        acknowledge_incident(person, number=opened.number)
        add_note(person, number=opened.number, message="Looking")
        record_change(person, fields={"summary": f"Release {number}", "component": f"part-{number}"})
        create_rule(person, fields=RULE | {"rule_id": f"rule-{number}", "name": f"Rule {number}"})
        issue_token(person, name=f"Token {number}", scopes=["admin"])
        browser_for(make_actor("viewer")).get("/")


def paths(patterns=None, before="/") -> Iterator[str]:
    """Addresses without an argument."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from paths(one.url_patterns, path)
        elif isinstance(one, URLPattern) and not set(path) & set("<^$("):
            yield path


def costs(browser, wanted):
    """Path -> statements of a visit, for every path with a GET."""
    found = {}
    for path in wanted:
        with CaptureQueriesContext(connection) as seen:
            status = browser.get(path).status_code
        if status == 200:
            found[path] = len(seen)
    return found


def test_no_page_and_no_list_runs_more_statements_for_more_rows(person, make_actor, workspace):
    browser = browser_for(person)
    grow(person, make_actor, range(5))  # enough for a trend
    pages = costs(browser, sorted(set(paths()) - set(NO_LISTS)))  # and what a process reads once
    few = costs(browser, pages)
    grow(person, make_actor, range(5, 9))
    many = costs(browser, few)
    assert {path: (few[path], many[path]) for path in few if many[path] > few[path]} == {}
    assert QuarantinedRequest.objects.of(workspace.pk).count() == 9
    lists = {"/quarantine", "/sources", "/rules", "/components", "/activity", "/incidents", "/settings/audit"}
    own_pages = {
        f"/api/v1/{name}" for name in ("components", "changes", "sources", "quarantine", "rules", "members")
    }
    assert lists | own_pages | {"/admin/incidents/incident/"} <= set(few)


def add_more(person, sender, number, numbers):
    """More about one incident, its component, its source and its rule."""
    for n in numbers:
        add_note(person, number=number, message=f"Looking {n}")
        again = declare_incident(person, title="Trouble 0", components=["part-0", f"beside-{n}"])
        relate_incidents(person, number=number, other=again.number)
        record_change(person, fields={"summary": f"Release {n}", "component": "part-0"})
        sender.post(b"not json %d" % n)
        sender.post({"title": f"Disk {n}", "source": "part-0"})
        update_rule(person, rule_id="rule-0", fields={"name": f"Rule {n}"})


def test_no_detail_page_runs_more_statements_for_more_related_rows(person, make_actor, workspace):
    browser = browser_for(person)
    grow(person, make_actor, range(1))
    incident = Incident.objects.of(workspace.pk).get(title="Trouble 0")
    source, key = create_source(person, kind="generic", name="Talkative")
    sender = Sender(source, key)
    add_more(person, sender, incident.number, range(2))
    request = QuarantinedRequest.objects.of(workspace.pk).filter(source=source).earliest("pk")
    part = Component.objects.of(workspace.pk).get(name="part-0")
    wanted = {
        f"/incidents/INC-{incident.number}", f"/incidents/INC-{incident.number}/activity",
        f"/components/{part.pk}", f"/sources/{source.pk}", "/rules/rule-0", f"/quarantine/{request.pk}",
    }  # fmt: skip
    costs(browser, wanted)
    few = costs(browser, wanted)
    add_more(person, sender, incident.number, range(2, 9))
    many = costs(browser, wanted)
    assert set(few) == wanted
    assert {path: (few[path], many[path]) for path in few if many[path] > few[path]} == {}
