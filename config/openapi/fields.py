"""Descriptions and examples in the OpenAPI document, for schemas that have none."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_DATA: Final = tomllib.loads(
    (Path(__file__).parent.parent / "data" / "openapi_fields.toml").read_text(encoding="utf-8")
)
WORDS: Final[dict[str, str]] = _DATA["words"]
EXAMPLES: Final[dict[str, Any]] = _DATA["examples"]
BY_FORMAT: Final = {
    "date-time": "2026-01-28T12:00:00Z",
    "date": "2026-01-28",
    "time": "09:00:00",
    "uuid": "4f6c1c7e-7e0b-4f0e-9a55-0b8f4c1d2e3f",
    "uri": "https://tocsin.example",
}
MAX_DEPTH: Final = 6


def describe(document: dict[str, Any]) -> None:
    """Give each field and parameter a description, and each body and response an example."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name, schema in schemas.items():
        _describe_fields(schema, name)
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            described = "description" in parameter or "description" in parameter.get("schema", {})
            if not described and parameter["name"] in WORDS:
                parameter["description"] = WORDS[parameter["name"]]
        for content in _contents(operation):
            _describe_fields(content.get("schema", {}), "")
            if "example" not in content and "examples" not in content and content.get("schema"):
                content["example"] = example_of(content["schema"], schemas)


def _describe_fields(schema: dict[str, Any], name: str) -> None:
    for field, inner in schema.get("properties", {}).items():
        words = WORDS.get(f"{name}.{field}") or WORDS.get(field)
        if words and "description" not in inner:
            _describe_one(inner, words)


def _describe_one(schema: dict[str, Any], words: str) -> None:
    if "$ref" in schema:  # siblings are valid in OpenAPI 3.1; older readers want it wrapped
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    schema["description"] = words


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for operation in path.values() if isinstance(operation, dict))


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the contents of the request body and of the successful responses."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for status, response in operation["responses"].items():
        if str(status).startswith("2"):
            yield from response.get("content", {}).values()


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """Return an example value of the schema."""
    if "$ref" in schema:
        named = schema["$ref"].rpartition("/")[2]
        return _example(schemas[named], schemas, name, named, depth)
    return _example(schema, schemas, name, "", depth)


def _example(schema: dict[str, Any], schemas: dict[str, Any], name: str, owner: str, depth: int) -> Any:
    if given := [*schema.get("examples", ()), *([schema["example"]] if "example" in schema else ())]:
        return given[0]
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return _of_choices(schema[word], schemas, name, depth)
    if schema.get("enum"):
        return EXAMPLES[name] if EXAMPLES.get(name) in schema["enum"] else schema["enum"][0]
    return schema["const"] if "const" in schema else _of_type(schema, schemas, name, owner, depth)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str, owner: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, schemas, owner, depth)
        case "array":
            items = schema.get("prefixItems") or [schema.get("items", {})]
            one = name.removesuffix("s")
            return [] if depth >= MAX_DEPTH else [example_of(it, schemas, one, depth + 1) for it in items]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return bool(schema.get("default", False))
        case "string":
            return _text(schema, name)
    return EXAMPLES.get(name)


def _of_choices(choices: list[dict[str, Any]], schemas: dict[str, Any], name: str, depth: int) -> Any:
    """Return the first choice that is not null."""
    chosen = next((one for one in choices if one.get("type") != "null"), choices[0])
    return None if depth >= MAX_DEPTH else example_of(chosen, schemas, name, depth + 1)


def _object(schema: dict[str, Any], schemas: dict[str, Any], owner: str, depth: int) -> dict[str, Any]:
    known = schema.get("properties", {})
    if depth >= MAX_DEPTH:
        known = {field: known[field] for field in schema.get("required", ()) if field in known}
    made = {}
    for field, inner in known.items():
        own = EXAMPLES.get(f"{owner}.{field}")
        made[field] = own if own is not None else example_of(inner, schemas, field, depth + 1)
    return made


def _number(schema: dict[str, Any]) -> Any:
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    least = max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
    return min(least, schema.get("maximum", least))


def _text(schema: dict[str, Any], name: str) -> str:
    known = EXAMPLES.get(name, "")
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    text = str(known or schema.get("default") or name.replace("_", " ") or "text")
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    return (text if len(text) >= least else text.ljust(least, "x"))[:most]
