"""Endpoint for requests from Slack: verifies, parses and routes them."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.errors import Problem
from warroom.connection.models import SlackTeam
from warroom.connection.services.team_state import note_refused
from warroom.inbound.handling import handle
from warroom.inbound.payloads import MAX_BODY_BYTES, read_payload
from warroom.inbound.teams import teams_with_secrets
from warroom.inbound.verify import fault_in_headers, is_signed, request_key

SIGNED_OTHERWISE: Final = "Wrong signature: compare the signing secret with the app's Basic Information."


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """200 with the router's response; 401 without details for a wrong signature, 400 for a malformed body."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return HttpResponse(status=413)
    body = request.body
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    teams = teams_with_secrets()
    signers = _signers(teams, stamp, signature, body)
    if not signers:
        return HttpResponse(status=401)
    try:
        payload = read_payload(body, request.headers.get("Content-Type", ""))
    except Problem:
        return HttpResponse(status=400)
    handled = handle(signers, payload, request_key(stamp, body))
    return HttpResponse(handled.body, status=handled.status, content_type=handled.content_type)


def _signers(teams: list[SlackTeam], stamp: str, signature: str, body: bytes) -> list[SlackTeam]:
    """The teams whose secret made the signature; records the error if there is none."""
    fault = fault_in_headers(stamp, signature, timezone.now().timestamp())
    if not fault:
        found = [team for team in teams if is_signed(team.signing_secrets, stamp, signature, body)]
        if found:
            return found
    for team in teams:
        note_refused(team.workspace_id, team, fault or SIGNED_OTHERWISE)
    return []
