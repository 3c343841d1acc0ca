"""The API conforms to its OpenAPI document: generated calls against every operation."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from requests.adapters import HTTPAdapter
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.api import api as tocsin_api
from tests.tables import WHOLE

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
HERE = "http://localhost"


class IntoDjango(HTTPAdapter):
    """Carries what `requests` would send straight into the application, in the test's own transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client(raise_request_exception=False)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        kind = request.headers.get("Content-Type", "application/json")
        headers = {name: _text(value) for name, value in request.headers.items() if name != "Content-Type"}
        path = request.url.removeprefix(HERE)
        reply = self.client.generic(request.method, path, body, content_type=_text(kind), headers=headers)
        return self._as_requests(request, reply)

    def _as_requests(self, request: requests.PreparedRequest, reply: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = reply.status_code, request, request.url
        response.headers.update(reply.headers)
        response.raw = _Raw(reply)
        response._content = reply.getvalue()
        return response


class _Raw:
    """The part of urllib3's interface that is used."""

    version = 11

    def __init__(self, reply: Any) -> None:
        self.headers = _Headers(reply.headers)


class _Headers(dict):
    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self.items() if key.lower() == name.lower()]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@pytest.fixture
def session(workspace, token_for) -> requests.Session:
    """A session with a token that may do everything, one incident and the rules to work on."""
    from accounts.actor import system_actor
    from detection.rules.services.rules import install_builtin_rules
    from incidents.correlation.services.opening import declare_incident

    actor = system_actor(workspace.pk)
    install_builtin_rules(actor)
    declare_incident(actor, title="Checkout is down", components=["api"])
    session = requests.Session()
    session.trust_env = False
    session.mount(HERE, IntoDjango())
    session.headers["Authorization"] = f"Bearer {token_for(workspace)}"
    return session


document = schemathesis.openapi.from_dict(tocsin_api.get_openapi_schema())
document.config.base_url = HERE


def _has_its_turn(context: Any) -> bool:
    """Of twelve operations `make test` calls one, always the same; `make fuzz` calls all."""
    path = context.operation.path
    return WHOLE or zlib.crc32(f"{context.operation.method} {path}".encode()) % 12 == 0


@document.include(_has_its_turn).parametrize()
@settings(
    max_examples=12 if WHOLE else 4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_api_conforms_to_its_document(case, session):
    sent = {"Authorization": session.headers["Authorization"]}
    reply = case.call_and_validate(base_url=HERE, session=session, headers=sent, checks=CHECKS)
    assert reply.status_code < 500
