"""Builds the blocks of a remediation run: dry run, state, and approve and reject buttons."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from remediation.runs.models import RemediationRun
from remediation.vocabulary import RunState
from warroom.slack.text import MAX_FIELD_CHARS, button, cut, escaped, section

# Stable ids: messages stay clickable for years.
APPROVE: Final = "approve_run"
REJECT: Final = "reject_run"
OPEN_RUN: Final = "open_run_page"
MAX_PREVIEW_CHARS: Final = 1400
CODE_CHARS: Final = 12


def run_url(run: RemediationRun) -> str:
    """Address of the page of a run."""
    return f"{settings.BASE_URL}/remediation/runs/{run.pk}"


def run_code(run: RemediationRun) -> str:
    """Short code of the digest, which a person types to approve the run as shown."""
    return str(run.digest[:CODE_CHARS])


def run_text(run: RemediationRun) -> str:
    """A run in one line."""
    what, where = run.action.name, run.snapshot.get("target") or "the workspace"
    return escaped(f"{what} on {where}: {run.get_state_display().lower()}. {run_url(run)}")


def run_blocks(run: RemediationRun) -> list[dict[str, Any]]:
    """Action, target, risk, requester, dry run and state; buttons while it awaits approval."""
    waits = run.state == RunState.AWAITING_APPROVAL
    head = "Approval needed" if waits else run.get_state_display()
    fields = [
        ("Target", run.snapshot.get("target") or "the workspace"), ("Risk", run.get_risk_display()),
        ("Requested by", run.requested_label), ("Rollback", run.snapshot.get("rollback") or "none declared"),
    ]  # fmt: skip
    shown = escaped(cut(run.preview or "No dry run.", MAX_PREVIEW_CHARS)).replace("```", "` ` `")
    blocks: list[dict[str, Any]] = [
        section(f"*{head}: {escaped(run.action.name)}* ({run.incident.reference})"),
        {"type": "section", "fields": [_field(name, value) for name, value in fields]},
        section(f"*Dry run*\n```{shown}```"),
    ]
    if not waits:
        if run.reason:
            blocks.append(section(escaped(run.reason)))
        return [*blocks, {"type": "actions", "elements": [_page(run)]}]
    expires = f"<!date^{int(run.expires_at.timestamp())}^{{time}}|{run.expires_at:%H:%M} UTC>"
    code = f"Expires at {expires}. Or type `/incident approve {run_code(run)}`."
    return [
        *blocks,
        {"type": "context", "elements": [{"type": "mrkdwn", "text": code}]},
        {"type": "actions", "elements": [_approve(run), _reject(run), _page(run)]},
    ]


def _field(name: str, value: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": cut(f"*{name}:*\n{escaped(value)}", MAX_FIELD_CHARS)}


def _value(run: RemediationRun) -> str:
    return f"{run.pk}:{run.digest}"


def _approve(run: RemediationRun) -> dict[str, Any]:
    return button("Approve", APPROVE, value=_value(run), style="primary", confirm=_confirm(run))


def _reject(run: RemediationRun) -> dict[str, Any]:
    return button("Reject", REJECT, value=_value(run), style="danger")


def _page(run: RemediationRun) -> dict[str, Any]:
    return button("Open in Tocsin", OPEN_RUN, url=run_url(run))


def _confirm(run: RemediationRun) -> dict[str, Any]:
    what = cut(f"{run.action.name} on {run.snapshot.get('target') or 'the workspace'}", 250)
    return {
        "title": {"type": "plain_text", "text": "Approve this run?"},
        "text": {"type": "plain_text", "text": f"{what}. You approve exactly what is shown here."},
        "confirm": {"type": "plain_text", "text": "Approve"},
        "deny": {"type": "plain_text", "text": "Cancel"},
    }
