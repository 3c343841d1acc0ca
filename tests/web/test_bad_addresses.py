"""Every address with a character in the place of its names that PostgreSQL takes nowhere: never our fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter
from django.urls.resolvers import RoutePattern

from accounts.models import User
from incidents.correlation.services.opening import declare_incident

pytestmark = pytest.mark.django_db
_NAME = re.compile(r"<(?:\w+:)?(\w+)>")
VALUES = {IntConverter: "1", UUIDConverter: "00000000-0000-4000-8000-000000000001"}


def named(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """The addresses that have a name in them, with NUL in its place."""
    for one in patterns:
        if not isinstance(one.pattern, RoutePattern) or str(one.pattern) == "admin/":
            continue
        route = before + _NAME.sub(partial(_word, one.pattern.converters), str(one.pattern))
        if isinstance(one, URLResolver):
            yield from named(one.url_patterns, route)
        elif "%00" in route:
            yield f"/{route}"


def _word(kinds: Mapping[str, object], found: re.Match[str]) -> str:
    return next((word for kind, word in VALUES.items() if isinstance(kinds[found[1]], kind)), "%00")


def test_no_address_breaks_over_a_nul_in_its_names(actor, make_actor):
    declare_incident(actor, title="Checkout is down")
    admin, outsider = Client(raise_request_exception=False), Client(raise_request_exception=False)
    admin.force_login(User.objects.get(pk=make_actor("admin").user_id))
    session = admin.cookies[settings.SESSION_COOKIE_NAME].value
    addresses = [*named(get_resolver().url_patterns)]
    assert len(addresses) > 50
    broken = []
    for address in addresses:
        for client, cookies in ((admin, {settings.SESSION_COOKIE_NAME: session}), (outsider, {})):
            for method in ("GET", "POST"):
                client.cookies = SimpleCookie(cookies)
                with transaction.atomic():
                    response = client.generic(method, address)
                    transaction.set_rollback(True)
                if response.status_code >= 500:
                    broken.append((method, address, "admin" if cookies else "stranger"))
    assert broken == []
