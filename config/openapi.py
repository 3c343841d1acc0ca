"""Common parts of every operation in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "rule", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
            },
        },
    },
}
REFUSALS: Final = {
    400: "Malformed request.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "Known, but not allowed; the problem names the role or scope that is missing.",
    404: "Nothing there, or nothing there for you.",
    405: "This address does not answer to that method.",
    409: "Someone else changed this, or the version is stale; `current` has the state now.",
    413: "The body is larger than the limit.",
    415: "The body is of another content type, or packed in another way, than is taken here.",
    422: "A field breaks a rule; `errors` names each.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "Nothing was stored; send the same request again after `Retry-After`.",
}
METHODS: Final = frozenset({"get", "put", "post", "patch", "delete", "options"})
SECURITY: Final[list[dict[str, list[str]]]] = [{"token": []}, {"key": []}, {}]


def complete(document: OpenAPISchema) -> OpenAPISchema:
    """Add the refusals and the ways to authenticate; the empty one is the open local mode and the session."""
    components = document["components"]
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "tcs_<prefix>_<secret>"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in METHODS:
                _complete_operation(operation)
    return document


def _complete_operation(operation: dict[str, Any]) -> None:
    if operation.get("security") != []:  # let in by a key of its own
        operation["security"] = SECURITY
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status, description in REFUSALS.items():
        answer = operation["responses"].setdefault(status, {"description": description, "content": {}})
        answer.setdefault("content", {}).setdefault("application/problem+json", schema)


DOCS: Final = Swagger(
    settings={"docExpansion": "list", "displayRequestDuration": True, "tryItOutEnabled": False}
)


def docs_page(request: HttpRequest, api: Any) -> HttpResponse:
    """The interactive documentation, from files served here."""
    return DOCS.render_page(request, api)
