"""Every order with every filter, page by page and back, against a list in memory."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from incidents.lifecycle.sort_keys import NEVER
from incidents.listing import selectors as listing_selectors
from incidents.listing.filters import parse_filter
from incidents.listing.ordering import ORDERS
from incidents.listing.selectors import count_incidents, incidents_in_batches, incidents_page
from incidents.models import AffectedComponent, Component, Incident, IncidentCounter, RoleAssignment
from incidents.sla.status import sla_status_of
from incidents.vocabulary import UNRESOLVED, IncidentType, Severity, Stage, Status
from tests.incidents.make import NOW
from tests.tables import every

COUNT = 90
DICE = random.Random(14)
FILTERS = {
    "all": ({}, lambda i: True),
    "severity": ({"severity": "critical,p2"}, lambda i: i.severity in ("sev1", "sev2")),
    "one severity": ({"severity": "sev3"}, lambda i: i.severity == "sev3"),
    "active": ({"status": "active"}, lambda i: i.status in UNRESOLVED),
    "over": ({"status": "resolved,closed"}, lambda i: i.status not in UNRESOLVED),
    "stage as status": (
        {"status": "containing"},
        lambda i: i.stage == "containment" and i.status in UNRESOLVED,
    ),
    "component": ({"component": "api"}, lambda i: "api" in i.names),
    "component in another case": ({"component": "aPI,Pay-DB"}, lambda i: {"api", "pay-db"} & set(i.names)),
    "type": ({"type": "error_burst,deadlock"}, lambda i: i.incident_type in ("error_burst", "deadlock")),
    "since": (
        {"since": (NOW - timedelta(minutes=40)).isoformat()},
        lambda i: i.detected_at >= NOW - timedelta(minutes=40),
    ),
    "search": ({"search": "PAY"}, lambda i: "pay" in i.title.lower() or any("pay" in n for n in i.names)),
    "project": ({"project": "web"}, lambda i: i.labels.get("project") == "web"),
    "commander": ({"assigned_to": "rita.responder"}, lambda i: i.is_hers),
    "nobody": ({"assigned_to": "none"}, lambda i: not i.is_hers),
    "several": (
        {"severity": "sev1,sev2", "status": "active", "component": "api,pay-db"},
        lambda i: (
            i.severity in ("sev1", "sev2") and i.status in UNRESOLVED and {"api", "pay-db"} & set(i.names)
        ),
    ),
    "nothing": ({"search": "no such words"}, lambda i: False),
}  # fmt: skip
SORT_KEYS = {
    "newest": lambda i: (-i.detected_at.timestamp(), -i.pk),
    "oldest": lambda i: (i.detected_at.timestamp(), i.pk),
    "severity": lambda i: (i.severity, -i.detected_at.timestamp(), -i.pk),
    "last_event": lambda i: (-((i.last_event_at or i.detected_at).timestamp() // 60), -i.pk),
    "duration": lambda i: (
        i.resolved_at is not None,
        -((i.resolved_at or NOW) - i.detected_at).total_seconds(),
        -i.pk,
    ),
    "status": lambda i: (list(Status).index(i.status), -i.detected_at.timestamp(), -i.pk),
    "commander": lambda i: ("rita" if i.is_hers else "", i.pk),
    "deadline": lambda i: (due.due if (due := sla_status_of(i, NOW)) else NEVER, i.pk),
}


def _incident(workspace, number):
    status = DICE.choice(list(Status))
    detected = NOW - timedelta(minutes=DICE.randint(0, 90))  # many share a minute
    is_over = status in (Status.RESOLVED, Status.CLOSED)
    return Incident(
        workspace=workspace,
        number=number,
        title=DICE.choice(["Payments refused", "Slow search", "Disk full"]),
        severity=DICE.choice(list(Severity)),
        status=status,
        stage=DICE.choice(list(Stage)),
        incident_type=DICE.choice(list(IncidentType)),
        labels=DICE.choice([{}, {"project": "web"}, {"project": "app"}]),
        started_at=detected,
        detected_at=detected,
        resolved_at=detected + timedelta(minutes=DICE.randint(1, 5)) if is_over else None,
        last_event_at=DICE.choice([None, detected + timedelta(seconds=DICE.randint(0, 300))]),
    )


@pytest.fixture
def all_incidents(workspace, other_workspace, actor):
    """Ninety incidents with many ties, and as many of another workspace; with their components."""
    components = Component.objects.bulk_create(
        [Component(workspace=workspace, name=name) for name in ("api", "pay-db", "edge")]
    )
    own = Incident.objects.bulk_create([_incident(workspace, n + 1) for n in range(COUNT)])
    Incident.objects.bulk_create([_incident(other_workspace, n + 1) for n in range(COUNT)])
    affected = []
    for incident in own:
        chosen = DICE.sample(components, DICE.randint(0, 2))
        incident.names = [component.name for component in chosen]
        affected += [AffectedComponent(workspace=workspace, incident=incident, component=c) for c in chosen]
        incident.is_hers = DICE.random() < 0.3
        if incident.is_hers:
            RoleAssignment.objects.create(
                workspace=workspace, incident=incident, role="commander", user_id=actor.user_id
            )
    AffectedComponent.objects.bulk_create(affected)
    IncidentCounter.objects.create(workspace=workspace, last_number=COUNT)
    assert Membership.objects.of(workspace.pk).count() == 1
    return own


def _walk(actor, wanted, sort, limit):
    """Every page forwards; then back to the start from the last one."""
    pages, cursor = [], None
    while True:
        page = incidents_page(actor, wanted, cursor=cursor, limit=limit, sort=sort)
        pages.append(page)
        if (cursor := page.next_cursor) is None:
            break
    back, cursor = [pages[-1]], pages[-1].previous_cursor
    while cursor is not None:
        page = incidents_page(actor, wanted, cursor=cursor, limit=limit, sort=sort)
        back.insert(0, page)
        cursor = page.previous_cursor
    return pages, back


def _numbers(pages):
    return [[row.number for row in page.items] for page in pages]


@pytest.mark.parametrize("sort", ORDERS)
def test_pages_forwards_and_back_hold_what_a_plain_sort_gives(all_incidents, actor, sort):
    for name, (given, test) in every(2, FILTERS.items(), first=[*ORDERS].index(sort) % 2):
        expected = [i.number for i in sorted(filter(test, all_incidents), key=SORT_KEYS[sort])]
        pages, back = _walk(actor, parse_filter(given), sort, 7)
        assert [n for page in _numbers(pages) for n in page] == expected, name
        assert _numbers(back) == _numbers(pages), name


@pytest.mark.parametrize("name", FILTERS)
def test_count_and_the_batches_agree_with_the_filter(all_incidents, actor, name):
    given, test = FILTERS[name]
    wanted = parse_filter(given)
    expected = [i.number for i in sorted(filter(test, all_incidents), key=SORT_KEYS["newest"])]
    assert count_incidents(actor, wanted) == len(expected)
    batches = list(incidents_in_batches(actor, wanted, size=10))
    assert [row.number for batch in batches for row in batch] == expected
    assert max((len(batch) for batch in batches), default=0) <= 10


def test_count_stops_beyond_the_most(all_incidents, actor):
    assert count_incidents(actor, most=20) == 21


def test_first_page_shows_new_incidents(all_incidents, actor, declared):
    first = incidents_page(actor, limit=10)
    second = incidents_page(actor, limit=10, cursor=first.next_cursor)
    newcomer = declared("Newcomer")
    back = incidents_page(actor, limit=10, cursor=second.previous_cursor)
    assert back.previous_cursor is not None  # the newcomer is on a page before
    top = incidents_page(actor, limit=10, cursor=back.previous_cursor)
    assert (top.items[0].number, len(top.items)) == (newcomer.number, 10)


def test_incident_that_moves_while_a_page_is_read_takes_none_along(all_incidents, actor, monkeypatch):
    every = [incident.number for incident in incidents_page(actor, sort="severity", limit=200).items]
    read = listing_selectors.in_order

    def moving(actor, ids):
        Incident.objects.of(actor.workspace_id).filter(pk=ids[-1]).update(severity="sev4")
        return read(actor, ids)

    monkeypatch.setattr(listing_selectors, "in_order", moving)
    first = incidents_page(actor, sort="severity", limit=5)
    monkeypatch.undo()
    second = incidents_page(actor, sort="severity", limit=5, cursor=first.next_cursor)
    assert [incident.number for incident in [*first.items, *second.items]] == every[:10]


@pytest.mark.parametrize("sort", ORDERS)
def test_page_deep_down_takes_two_queries_and_sorts_nothing(all_incidents, actor, sort):
    cursor = incidents_page(actor, limit=40, sort=sort).next_cursor
    with CaptureQueriesContext(connection) as queries:
        incidents_page(actor, cursor=cursor, limit=20, sort=sort)
    assert len(queries) == 2  # which, in order, and then what of them
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("set local enable_bitmapscan = off")
        cursor.execute("set local enable_sort = off")  # of few rows the planner would rather sort
        cursor.execute(f"explain {queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: ((workspace_id = " in plan
    assert "ROW(" in plan.split("Index Cond: ((workspace_id = ")[1].splitlines()[0]
    assert not plan.lstrip().split("->")[1].lstrip().startswith("Sort")
