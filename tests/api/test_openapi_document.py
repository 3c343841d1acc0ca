"""The whole OpenAPI document: scopes, refusals, descriptions, choices and examples of every operation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from accounts.permissions import TABLE
from config.api import api as tocsin_api
from config.openapi.access import capability_of
from config.openapi.choices import CHOICES
from tests.api.test_route_matrix import API


@pytest.fixture(scope="module")
def document() -> Any:
    """As a client reads it."""
    return json.loads(json.dumps(tocsin_api.get_openapi_schema(), default=str))


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def referenced(document: Any) -> set[str]:
    """Names of the schemas that operations use."""
    found: set[str] = set()

    def follow(value: Any) -> None:
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                follow(document["components"]["schemas"][name])
            for inner in value.values():
                follow(inner)
        elif isinstance(value, list):
            for inner in value:
                follow(inner)

    follow(document["paths"])
    return found


@pytest.mark.parametrize("method_and_path", sorted(API), ids=lambda one: f"{one[0]}-{one[1]}")
def test_each_operation_names_the_scope_that_it_needs(
    document: Any, method_and_path: tuple[str, str]
) -> None:
    method, path = method_and_path
    may = API[method_and_path].may
    assert capability_of(method, path) == may
    operation = document["paths"][f"/api/v1{path}"][method.lower()]
    assert operation.get("x-required-scope") == (TABLE[may][1].value if may else None)
    assert may is None or f"`{TABLE[may][1].value}`" in operation["description"]


def test_each_operation_lists_only_the_refusals_that_it_can_give(document: Any) -> None:
    for method, path, operation in operations(document):
        refusals = {int(status) for status in operation["responses"] if int(status) >= 400}
        place = f"{method} {path}"
        is_open = not operation["security"]
        ingests = path.startswith(("/api/v1/events", "/api/v1/webhooks/"))
        assert 405 not in refusals, place
        assert (415 in refusals) == ingests, place
        assert ({401, 404} <= refusals) or is_open, place
        if method == "get" and not ingests:
            assert not refusals & {400, 409, 413}, place
        if method == "get" and "x-required-scope" not in operation and not ingests:
            row = API.get((method.upper(), path.removeprefix("/api/v1")))
            assert (403 in refusals) == (row is not None and row.person), place
        assert {429, 503} <= refusals, place
        for status in refusals:
            assert operation["responses"][str(status)]["description"], place


def test_each_field_and_parameter_has_a_description(document: Any) -> None:
    bare = [
        f"{name}.{field}"
        for name in sorted(referenced(document))
        for field, schema in document["components"]["schemas"][name].get("properties", {}).items()
        if not schema.get("description")
    ]
    bare += [
        f"{method} {path} {parameter['name']}"
        for method, path, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if not (parameter.get("description") or parameter["schema"].get("description"))
    ]
    assert bare == []


def test_each_operation_has_summary_and_description(document: Any) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)


def test_each_body_and_response_has_an_example_that_it_takes(document: Any) -> None:
    wrong = []
    for method, path, operation in operations(document):
        contents = list(operation.get("requestBody", {}).get("content", {}).items())
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                contents += list(response.get("content", {}).items())
        for kind, content in contents:
            schema = content.get("schema")
            if not schema or "json" not in kind:
                continue
            named = content.get("examples") or {}
            examples = [one["value"] for one in named.values()] or [content.get("example")]
            validator = Draft202012Validator({**schema, "components": document["components"]})
            for example in examples:
                faults = [error.message[:100] for error in validator.iter_errors(example)]
                if example is None or faults:
                    wrong.append(f"{method} {path}: {faults[:3]}")
    assert wrong == []


def test_values_of_a_field_are_listed(document: Any) -> None:
    for place, words in CHOICES.items():
        schema, field = place.split(".")
        inner = document["components"]["schemas"][schema]["properties"][field]
        assert "anyOf" in inner or inner["enum"] == [str(word) for word in words], place


def test_schemas_have_names_of_their_own() -> None:
    from ninja import Schema

    def below(one: type) -> Iterator[type]:
        for inner in one.__subclasses__():
            yield inner
            yield from below(inner)

    places: dict[str, set[str]] = {}
    for one in below(Schema):
        if not one.__module__.startswith("ninja"):
            places.setdefault(one.__name__, set()).add(one.__module__)
    # Bases and the parameters of an address are not among the components that operations name.
    named = referenced(json.loads(json.dumps(tocsin_api.get_openapi_schema(), default=str)))
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1 and name in named} == {}
