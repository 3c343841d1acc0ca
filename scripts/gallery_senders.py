"""Configuration of the pictured company: sources, rules, tokens, changes, invitations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

LONG = "edge-collector-" + "z" * 60
UNREADABLE = {"nothing": "to find", "host": "h" * 200, "token": "abcdefgh12345"}
RULES: tuple[dict[str, Any], ...] = (
    {
        "rule_id": "card_declines",
        "name": "Card declines",
        "description": "Declined cards, not yet allowed to wake anybody.",
        "incident_type": "error_burst",
        "event_types": ["card_declined"],
        "sources": ["checkout-api", "edge-proxy"],
        "error_threshold": 40,
        "time_window_seconds": 90,
        "severity": "sev2",
        "dry_run": True,
    },
    {
        "rule_id": "r" * 50,
        "name": "n" * 80,
        "description": "w" * 150,
        "incident_type": "other",
        "event_types": ["t" * 60],
        "sources": ["s" * 90, "שרת־תשלומים"],
        "message_pattern": "(timeout|refused|" + "x" * 80 + ")",
        "error_threshold": 1,
        "time_window_seconds": 3600,
        "severity": "sev4",
    },
)
CHANGES: tuple[dict[str, Any], ...] = (
    {"summary": "Deployed identity 2026.11.20", "component": "identity", "version": "2026.11.20"},
    {"summary": "Flag new-login on for 20 % of Europe", "kind": "flag", "component": "session-store"},
    {"summary": "C" * 200, "component": "c" * 90, "version": "v" * 120, "author": "a" * 120},
)


def build(admin: Any, workspace_id: int) -> None:
    """Fill the workspace, as `admin`."""
    from django.utils import timezone

    from accounts.people.services.invitations import invite_member
    from accounts.tokens.services import issue_token, revoke_token
    from detection.rules.services.rules import create_rule, disable_rule
    from detection.sources.services.record_change import record_change

    now = timezone.now()
    _sources(admin)
    for rule in RULES:
        create_rule(admin, fields=rule)
    disable_rule(admin, rule_id=RULES[1]["rule_id"])
    for change in CHANGES:
        record_change(admin, fields=change)
    issue_token(admin, name="Terraform", scopes=["events:write"], expires_at=now + timedelta(days=3))
    issue_token(admin, name="n" * 80, scopes=["events:write", "incidents:read", "incidents:write"])
    revoke_token(admin, token_id=issue_token(admin, name="Old laptop", scopes=["events:write"]).row.pk)
    invite_member(admin, email="f" * 50 + "@" + "mail-" * 8 + "example.test", role="viewer")


def _sources(admin: Any) -> None:
    """Create four senders; one has reported a full disk and sent something that could not be parsed."""
    from django.test import Client

    from detection.sources.services.sources import create_source

    create_source(admin, kind="alertmanager", name="Prometheus, production")
    create_source(admin, kind="generic", name=LONG)
    create_source(admin, kind="pagerduty", name="מוניטור ראשי", enabled=False)
    _, key = create_source(admin, kind="generic", name="Nagios", mapping={"title": "what"})
    client = Client(headers={"host": "localhost"})
    for body in ({"what": "Disk is full", "node": "db-1"}, UNREADABLE):
        client.post(f"/api/v1/webhooks/generic/{key}", body, content_type="application/json")
