"""Every address that a browser may open, derived from the URL conf, so that a new page is covered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import psycopg
from django.urls import URLPattern, URLResolver, get_resolver

from incidents.views.actions import ACTIONS
from tests.browser.site import Site

# Not pages of ours: doors of machines and other products, Django's admin, the offline API reference.
OTHERS = (
    "api/", "admin/", "livez", "readyz", "metrics", "docs", "offline-worker.js", "panels/", "v1/", "v2/",
)  # fmt: skip
# What stands in an address -> values from the test world; a query takes them from the site's own database.
VALUES = {
    "name": list(ACTIONS), "slug": ["acme"], "secret": ["nobody-has-this"], "username": ["theo.lind"],
    "verb": ["edit", "role", "remove", "enable", "disable"], "public_id": ["0" * 16],
    "token_id": ["1"], "rule_id": ["error_burst"],
}  # fmt: skip
QUERIES = {
    "pk": "select id from incidents_component order by id limit 1",
    "entry": "select id from incidents_timelineentry order by id desc limit 1",
    "source_id": "select id from detection_source order by id limit 1",
    "secret_id": "select id from detection_sourcesecret order by id limit 1",
    "quarantine_id": "select id from detection_quarantinedrequest order by id limit 1",
}


def addresses(site: Site, reference: str) -> list[str]:
    """Paths, each once, arguments filled in. Raises AssertionError naming an argument nobody gave a value."""
    return filled_routes(VALUES | {"reference": [reference]} | _from_database(site))


def filled_routes(known: Mapping[str, Sequence[object]]) -> list[str]:
    """Paths of all pages of ours, with these values where an argument stands."""
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
    found = {}
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        for name, query in QUERIES.items():
            try:
                row = connection.execute(query).fetchone()
            except psycopg.errors.UndefinedTable:
                continue
            found[name] = [row[0]] if row else []
    return found
