"""Any input of a form: never a server error, never live markup, nothing half done."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from accounts.actor import system_actor
from accounts.models import User
from detection.rules.services.rules import install_builtin_rules
from detection.sources.services.sources import create_source
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from incidents.sla.services.clocks import seed_policies
from incidents.timeline.services.notes import add_note
from notifications.channels.services import create_channel
from postmortems.drafting.services import draft_postmortem
from tests.browser.addresses import VALUES, filled_routes, stored_values
from tests.tables import share

pytestmark = pytest.mark.django_db
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>"
NASTY = {
    "nothing": "",
    "blank": " \t\n ",
    "nul": "a\x00b",
    "markup": MARKUP,
    "template": "{{ settings.SECRET_KEY }}{% load static %}",
    "sql": "'; drop table incidents_incident; --",
    "long": "x" * 100_000,
    "emoji": "🔥" * 300,
    "right to left": "\u202egnp.exe",
    "combining": "e\u0301" * 5000,
    "lone surrogate": "\ud800".encode("utf-8", "surrogatepass"),
    "not utf-8": b"\xff\xfe\x00",
    "control": "\x01\x02\x1b[31m",
    "number": "-1",
    "huge number": "9" * 400,
    "float": "NaN",
    "path": "../../../../etc/passwd",
    "array": "[]",
    "date": "9999-12-31T23:59:59-14:00",
    "early": "0001-01-02",
    "late": "9999-12-30",
    "line ends": "a\r\nSet-Cookie: x=1",
}
FORMS = {
    "/sign-in": ("login", "password", "next", "remember"),
    "/sign-in/once/" + "x" * 43: ("secret",),
    "/account/password": ("current",),
    "/account/workspace/acme": ("next",),
    "/incidents/declare": (
        "title", "severity", "incident_type", "description", "components", "labels", "started_at",
        "request_key", "assigned_to", "is_drill",
    ),
    "/incidents/INC-1/note": ("message", "audience", "version", "next", "request_key"),
    "/incidents/INC-1/status": ("status", "message", "version"),
    "/incidents/INC-1/resolve": ("message", "root_cause", "version"),
    "/incidents/INC-1/assign": ("username", "role", "version"),
    "/incidents/INC-1/severity": ("severity", "version", "reason"),
    "/incidents/INC-1/edit": ("title", "description", "impact", "root_cause", "labels", "version"),
    "/incidents/INC-1/acknowledge": ("next", "version", "note"),
}  # fmt: skip
ADDRESSES = (
    "/incidents?{0}={1}", "/?search={1}&{0}=x", "/incidents/{1}", "/incidents/INC-1/{1}", "/panels/{1}",
    "/panels/incidents.active?key={1}", "/find?q={1}", "/incidents/similar?title={1}", "/sign-in/once/{1}",
    "/account/workspace/{1}", "/static/{1}", "/api/v1/{1}", "/sign-in?next={1}", "/bundles?q={1}",
    "/postmortems?text={1}", "/analytics/incidents?show=component:{1}", "/lessons?text={1}&category={1}",
    "/settings/audit?who={1}&what={1}", "/quarantine?source={1}&cursor={1}", "/action-items?text={1}",
    "/settings/deliveries?incident={1}", "/analytics?since={1}", "/reports/sla?until={1}",
    "/reports/sla?kind=ack&outcome={1}&start={1}",
)  # fmt: skip


@pytest.fixture
def browser(actor, workspace) -> Client:
    seed_policies(workspace.pk)
    declare_incident(actor, title="Checkout is down", components=["api"])
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def check_it_holds_up(response) -> None:
    assert response.status_code < 500, (response.request["PATH_INFO"], response.status_code)
    if response.get("Content-Type", "").startswith("text/html"):
        assert b"<script>alert(1)" not in response.content
        assert b"<img src=x" not in response.content
    assert "x=1" not in str(response.cookies.get("Set-Cookie", ""))
    assert "\n" not in response.get("Location", "")


@pytest.mark.parametrize("path", FORMS)
def test_no_form_breaks_or_echoes_markup(browser, path):
    for nasty in NASTY.values():
        check_it_holds_up(browser.post(path, dict.fromkeys(FORMS[path], nasty)))
    for field, kind in itertools.product(FORMS[path], ("nul", "markup", "lone surrogate")):
        check_it_holds_up(browser.post(path, dict.fromkeys(FORMS[path], "x") | {field: NASTY[kind]}))
    assert Incident.across_workspaces.get(number=1).title


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b'{"title": "x"}'),
        ("application/x-www-form-urlencoded", b"%%%=%ff&title[]=1&" * 400),
        ("application/x-www-form-urlencoded; charset=no-such", b"title=x"),
        ("", b"\x00" * 1000),
    ],
)
def test_no_form_breaks_over_a_body_that_is_no_form(browser, path, kind, body):
    check_it_holds_up(browser.generic("POST", path, body, content_type=kind))


class Forms(HTMLParser):
    """The forms of a page: where each is sent and what its fields are called."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("method") or "get").lower() == "post":
            self.found.append((given.get("action") or "", set()))
        elif tag in {"input", "select", "textarea", "button"} and self.found and given.get("name"):
            self.found[-1][1].add(str(given["name"]))


def _first_row(query: str) -> tuple[object, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()


@pytest.fixture
def admins_forms(admin, workspace) -> set[tuple[str, tuple[str, ...]]]:
    """Every form of every page an admin may open, each once."""
    declare_incident(admin, title="Checkout is down", components=["api"])
    add_note(admin, number=1, message="Looking.")
    system = system_actor(workspace.pk)
    install_builtin_rules(system)
    create_source(admin, name="Alerts", kind="alertmanager")
    draft_postmortem(system, 1)
    create_channel(system, kind="log", name="Log")
    values = VALUES | stored_values(_first_row)
    values |= {"reference": ["INC-1"], "username": ["adam.admin"], "secret_id": ["1"], "quarantine_id": ["1"]}
    client, found = Client(), set()
    client.force_login(User.objects.get(pk=admin.user_id))
    for path in filled_routes(values):
        if path.startswith("/sign-out"):
            continue
        response = client.get(path)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            page = b"".join(response) if response.streaming else response.content
            for action, names in Forms(page.decode()).found:
                found.add((action or path, tuple(sorted(names - {"csrfmiddlewaretoken"}))))
    return found


@pytest.mark.long
@pytest.mark.timeout(900)  # the whole table has thousands of posts
def test_no_form_an_admin_may_open_breaks_or_echoes_markup(admins_forms, admin):
    """Each is sent as if it were the first: one ends the session, others take the admin's role away."""
    assert len(admins_forms) > 30
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=admin.user_id))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    for turn, (action, names) in enumerate(sorted(admins_forms)):
        for nasty in share(["", MARKUP, *NASTY.values()], turn=turn, size=1):
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session})
            with transaction.atomic():
                response = client.post(action, dict.fromkeys(names, nasty))
                transaction.set_rollback(True)
            check_it_holds_up(response)
            assert not response.get("Location", "").startswith("/sign-in?"), (action, "it was not even tried")


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_breaks_or_echoes_markup(browser, address):
    from urllib.parse import quote

    fields = itertools.cycle(("severity", "since", "cursor", "sort", "page"))
    for nasty, field in zip(NASTY.values(), fields, strict=False):
        check_it_holds_up(browser.get(address.format(field, quote(nasty, safe=""))))
