"""Common parts of every operation in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from accounts.permissions import TABLE, Capability
from config.openapi.access import access_words, capability_of
from config.openapi.choices import add_choices
from config.openapi.fields import describe

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
    409: "Someone else changed this, or the version is stale; `current` has the state now.",
    413: "The body is larger than the limit.",
    415: "The body is of another content type, or packed in another way, than is accepted here.",
    422: "A field breaks a rule; `errors` names each.",
    429: "Too many requests; `Retry-After` gives the seconds to wait.",
    503: "Nothing was stored; send the same request again after `Retry-After`.",
}
METHODS: Final = frozenset({"get", "put", "post", "patch", "delete", "options"})
WRITES: Final = frozenset({"put", "post", "patch", "delete"})
# Paths that check the content type of a body; everywhere else a body is parsed as JSON.
CHECKS_CONTENT_TYPE: Final = ("/api/v1/events", "/api/v1/webhooks/")


def complete(document: OpenAPISchema) -> OpenAPISchema:
    """Add required capabilities, errors, and descriptions, choices and examples of all fields."""
    components = document["components"]
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "tcs_<prefix>_<secret>"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                _complete_operation(method, path, operation)
    add_choices(document)
    describe(document)
    return document


def _complete_operation(method: str, path: str, operation: dict[str, Any]) -> None:
    is_open = not operation.get("security")  # authenticated by a key of its own, or the start of a sign-in
    capability = None if is_open else capability_of(method, path)
    operation["security"] = [] if is_open else _security(capability)
    if capability is not None:
        text = operation.get("description", "").strip()
        operation["description"] = f"{text}\n\n{access_words(capability)}".strip()
        operation["x-required-scope"] = TABLE[capability][1].value
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status in sorted(_refusals(method, path, operation, capability, is_open=is_open)):
        response = operation["responses"].setdefault(status, {"description": REFUSALS[status], "content": {}})
        response.setdefault("content", {}).setdefault("application/problem+json", schema)


def _security(capability: Capability | None) -> list[dict[str, list[str]]]:
    """Return the security schemes: token, key, or (the empty one) a session and the open local mode."""
    scopes = [TABLE[capability][1].value] if capability else []
    return [{"token": scopes}, {"key": scopes}, {}]


FOR_PEOPLE: Final = ("/me/contact-methods", "/me/quiet-hours")  # not available to tokens


def _refusals(
    method: str, path: str, operation: dict[str, Any], capability: Capability | None, *, is_open: bool
) -> set[int]:
    """Return the error responses of this operation."""
    has_body = "requestBody" in operation
    found = {422, 429, 503}
    if not is_open:
        found |= {401, 404}  # 404: an unknown workspace in X-Workspace, too
    if not is_open and (capability is not None or method in WRITES):
        found.add(403)
    if is_open or "{" in path:
        found.add(404)
    if method in WRITES:
        found.add(409)
    if has_body or method in WRITES:
        found |= {400, 413}
    if path.removeprefix("/api/v1").startswith(FOR_PEOPLE):
        found.add(403)
    if path.startswith(CHECKS_CONTENT_TYPE):
        found |= {400, 401, 403, 413, 415}
    return found


DOCS: Final = Swagger(
    settings={"docExpansion": "list", "displayRequestDuration": True, "tryItOutEnabled": False}
)


def docs_page(request: HttpRequest, api: Any) -> HttpResponse:
    """Serve the interactive documentation from local files."""
    return DOCS.render_page(request, api)
