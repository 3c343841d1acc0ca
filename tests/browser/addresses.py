"""Every address that a browser may open, derived from the URL conf, so that a new page is covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import psycopg
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from psycopg import sql

from accounts.audit.admin_history import AuditedAdmin
from incidents.lifecycle.views.actions import ACTIONS
from tests.browser.site import Site

# Not pages: endpoints for machines and of other products. Those of the admin are found in its registry.
OTHERS = (
    "api/", "admin/", "livez", "readyz", "metrics", "offline-worker.js", "panels/", "v1/", "v2/", "jsm/",
    "integrations/generic/",
)  # fmt: skip
# Parameter of an address -> its value; a query takes it from the site's own database.
VALUES = {
    "name": list(ACTIONS), "slug": ["acme"], "secret": ["nobody-has-this"], "username": ["theo.lind"],
    "verb": ["edit", "role", "remove", "enable", "disable", "join"], "public_id": ["0" * 16],
    "token_id": ["1"], "invitation_id": ["1"], "rule_id": ["error_burst"], "method_id": ["1"],
    "key": ["went_well"], "comment_id": ["1"], "number": ["1"], "node_id": ["1"], "lesson_id": ["1"],
    "heartbeat_id": ["1"], "event_pk": ["1"], "silence_id": ["1"], "window_id": ["1"],
    "form": ["history", "subscribe"], "token": ["forged"], "component_id": ["none"],
    "maintenance_id": ["none"], "subscriber_id": ["00000000-0000-4000-8000-000000000001"],
    "item": ["ACT-1"], "template_id": ["1"], "tracker_id": ["1"], "entry_id": ["1"], "bundle_id": ["none"],
    "provider_id": ["unknown"],
    "kind": ["webhook", "slack", "pagerduty", "email", "log", "apprise"],
}  # fmt: skip
QUERIES = {
    "component_id": "select public_id from status_publiccomponent order by id limit 1",
    "pk": "select id from incidents_component order by id limit 1",
    "entry_id": "select id from incidents_timelineentry order by id desc limit 1",
    "source_id": "select id from detection_source order by id limit 1",
    "secret_id": "select id from detection_sourcesecret order by id limit 1",
    "channel_id": "select id from notifications_channel order by id limit 1",
    "route_id": "select id from notifications_route order by id limit 1",
    "delivery_id": "select id from notifications_delivery order by id limit 1",
    "quarantine_id": "select id from detection_quarantinedrequest order by id limit 1",
    "template_id": "select id from postmortems_postmortemtemplate order by id limit 1",
    "comment_id": "select id from postmortems_comment order by id limit 1",
    "node_id": "select id from postmortems_factornode order by id limit 1",
    "lesson_id": "select id from postmortems_lesson order by id limit 1",
    "event_pk": "select id from detection_event order by id limit 1",
    "drill_id": "select id from incidents_drill order by id limit 1",
    "method_id": "select id from notifications_contactmethod order by id limit 1",
}
LOGS_OF_BUNDLES = """
select '/bundles/' || b.public_id, '/bundles/' || b.public_id || '/log?path=' || (e->>'path')
  from bundles_bundle b, jsonb_array_elements(b.manifest->'entries') e
 where e->>'path' like 'logs/%'
 order by b.id
"""
# What opens on a page: where (of an incident's page, what follows its reference), and what is clicked there.
OPENED = {
    "declare-dialog": ("/", "a[href='/incidents/declare']"),
    "export-menu": ("/incidents", "[data-export] summary"),
    "row-menu": ("/incidents", ".row-menu summary"),
    "account-menu": ("/incidents", ".account summary"),
    "palette": ("/incidents", "[data-palette-open]"),
    "severity-menu": ("{reference}", ".summary-chip"),
    "title-in-place": ("{reference}", ".title-edit summary"),
    "resolve-dialog": ("{reference}", "a[href$='/resolve']"),
}


def addresses(site: Site, reference: str) -> list[str]:
    """Paths, each once, arguments filled in. Raises AssertionError naming an argument no one gave a value."""
    return filled_routes(VALUES | {"reference": [reference]} | _from_database(site))


def bundle_addresses(site: Site) -> list[str]:
    """Paths of each diagnostic bundle, and of its log: whole, from a line on, searched in vain."""
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        rows = connection.execute(LOGS_OF_BUNDLES).fetchall()
    shown = [[page, log, f"{log}&start=501", f"{log}&q=nothing-like-it&level=ERROR"] for page, log in rows]
    return [path for paths in shown for path in paths]


def admin_addresses(site: Site) -> tuple[list[str], list[str]]:
    """Paths in Django's admin: one page of each kind, and every list besides."""
    kinds, lists = ["/admin/", "/admin/incidents/"], []
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        for model, page in admin.site._registry.items():
            listed = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            if not isinstance(page, AuditedAdmin):
                lists.append(listed)
                continue
            table = sql.Identifier(model._meta.db_table)
            row = connection.execute(sql.SQL("select min(id) from {}").format(table)).fetchone()
            own = [f"{listed}{row[0]}/change/", f"{listed}{row[0]}/history/"] if row and row[0] else []
            kinds += [listed, *own]
    return kinds, lists


def filled_routes(known: Mapping[str, Sequence[object]]) -> list[str]:
    """Paths of all own pages, with these values for their arguments."""
    found = []
    for route, names in _routes(get_resolver().url_patterns):
        missing = [name for name in names if name not in known]
        assert not missing, f"tests/browser/addresses.py has no value for {missing} of {route}"
        for values in product(*(known[name] for name in names)):
            found.append("/" + _filled(route, dict(zip(names, values, strict=True))))
    return list(dict.fromkeys(found))


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, list[str]]]:
    for one in patterns:
        route = before + str(one.pattern)
        if route.startswith(OTHERS):
            continue
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, route)
        else:
            names = [part.split(">")[0].split(":")[-1] for part in route.split("<")[1:]]
            yield route, names


def _filled(route: str, values: dict[str, object]) -> str:
    parts = route.split("<")
    return parts[0] + "".join(
        f"{values[part.split('>')[0].split(':')[-1]]}{part.split('>', 1)[1]}" for part in parts[1:]
    )


def _from_database(site: Site) -> dict[str, list[object]]:
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        return stored_values(lambda query: connection.execute(query).fetchone())


def stored_values(first: Callable[[str], tuple[object, ...] | None]) -> dict[str, list[object]]:
    """The values of addresses that name a row: `first` runs a query and returns its first row."""
    return {name: [row[0]] if (row := first(query)) else [] for name, query in QUERIES.items()}
