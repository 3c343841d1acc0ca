"""Webhook endpoint: one path per format, authenticated by the key in it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Router, Schema

from detection.webhooks.http.django_requests import incoming_request, response_of
from detection.webhooks.receive import format_named, receive_webhook, reply_to_handshake

router = Router(tags=["Webhooks"], auth=None)
BODY: Final[dict[str, Any]] = {
    "security": [],
    "requestBody": {
        "required": True,
        "description": "The payload in that format; gzip and deflate are accepted.",
        "content": {"application/json": {"schema": {}}},
    },
}


class WebhookOut(Schema):
    """Result of a request; some formats return the body their senders expect instead."""

    accepted: int
    duplicates: int
    refused: int
    changes: int
    opened: list[str]
    joined: list[str]
    resolved: list[str]
    quarantined: bool
    errors: list[dict[str, Any]]


@router.post(
    "/{format_name}/{source_key}",
    response={202: WebhookOut, 422: WebhookOut},
    summary="Send a webhook to a source",
    openapi_extra=BODY,
)
def send_webhook(request: HttpRequest, format_name: str, source_key: str) -> Any:
    """Receive a webhook; the response follows the commit.

    The key in the URL authenticates; sources with secrets also need signatures. Requests that cannot be
    parsed are stored in quarantine (`quarantined`), and can be replayed once the mapping is fixed.
    """
    return response_of(
        receive_webhook(format_named(format_name), source_key, incoming_request(request)), request
    )


@router.put(
    "/{format_name}/{source_key}",
    response={202: WebhookOut, 422: WebhookOut},
    summary="Send a webhook to a source with PUT",
    openapi_extra=BODY,
)
def put_webhook(request: HttpRequest, format_name: str, source_key: str) -> Any:
    """The same as POST, for senders that offer only PUT."""
    return send_webhook(request, format_name, source_key)


@router.get(
    "/{format_name}/{source_key}",
    response={202: WebhookOut, 422: WebhookOut},
    summary="Send a webhook to a source in the address alone",
    openapi_extra={"security": []},
)
def get_webhook(request: HttpRequest, format_name: str, source_key: str) -> Any:
    """For formats whose senders put everything into the URL (UptimeRobot); 405 for others."""
    return send_webhook(request, format_name, source_key)


@router.api_operation(
    ["OPTIONS"],
    "/{format_name}/{source_key}",
    response={200: None},
    summary="Complete a sender's handshake",
    openapi_extra={"security": []},
)
def handshake(request: HttpRequest, format_name: str, source_key: str) -> Any:
    """Handshake of senders (CloudEvents) that request permission before they post."""
    return response_of(
        reply_to_handshake(format_named(format_name), source_key, incoming_request(request)), request
    )
