"""`/incident actions` and `/incident approve`, and their buttons: through the services of remediation.

The linked member approves, with their own permissions; the approval is bound to the digest of the message
they saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.actor import Actor
from core.errors import Invalid, NotFound
from incidents.models import Incident
from incidents.selectors import incident_for
from remediation.runs.models import RemediationRun
from remediation.runs.selectors import Plan, Recommendation, plan_for, run_for, runs_of
from remediation.runs.services.approving import approve_run, missing_text, reject_run
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.snapshot import main_component, preview_of
from remediation.vocabulary import Risk, RunState
from warroom.connection.models import SlackTeam
from warroom.inbound.commands import Command, first_word
from warroom.inbound.reading import incident_line
from warroom.inbound.subject import actor_for, requested_incident
from warroom.rooms.run_blocks import APPROVE, CODE_CHARS, MAX_PREVIEW_CHARS, REJECT, run_blocks, run_text
from warroom.slack.text import Reply, button, cut, escaped, section

# Stable ids: messages stay clickable for years.
SHOW_ACTION: Final = "show_action"
REQUEST_ACTION: Final = "request_action"
MAX_ACTIONS: Final = 10
MAX_RUNS: Final = 5
VIA: Final = "slack"


def list_actions(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> Reply:
    """The recommended actions of an incident with their risk, and its newest runs. Raises Problem."""
    incident = requested_incident(team, actor, command, channel_id)
    plan, runs = plan_for(actor, incident), runs_of(actor, incident)[:MAX_RUNS]
    chosen = [one for one in plan.recommendations if one.is_recommended] or list(plan.recommendations)
    lines = [_action_line(incident, one) for one in chosen[:MAX_ACTIONS]]
    newest = "\n".join(run_text(run) for run in runs)
    newest_runs = [section(f"*Newest runs*\n{newest}")] if runs else []
    head = section(f"{incident_line(incident)}\n*Recommended actions*")
    return Reply(_plain(incident, plan), [head, *lines, *newest_runs])


def list_waiting(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> Reply:
    """Runs of an incident that await approval, with dry run and buttons. Raises Problem."""
    incident = requested_incident(team, actor, command, channel_id)
    waiting = [one for one in runs_of(actor, incident) if one.state == RunState.AWAITING_APPROVAL]
    if not waiting:
        return Reply(f"No run of {incident.reference} awaits approval.")
    blocks = [block for run in waiting[:MAX_RUNS] for block in run_blocks(run)]
    return Reply(f"{len(waiting)} runs of {incident.reference} await approval.", blocks)


def approve_by_code(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> Reply:
    """Approve the run whose digest starts with the typed code. Raises Problem."""
    incident = requested_incident(team, actor, command, channel_id)
    code, note = first_word(command.text)
    if len(code) < CODE_CHARS:
        raise Invalid("Type `/incident approve` for the runs that await approval and their codes.")
    for run in runs_of(actor, incident):
        if run.state == RunState.AWAITING_APPROVAL and run.digest.startswith(code.lower()):
            return _approved(approve_run(actor, run.pk, digest=run.digest, note=note, via=VIA))
    raise NotFound("No run with this code awaits approval: it ended or changed. Nothing was approved.")


def show_action(actor: Actor, incident: Incident, slug: str) -> Reply:
    """The dry run of an action, with the button that requests it. Raises Problem."""
    found = [one for one in plan_for(actor, incident).recommendations if one.action.slug == slug]
    if not found:
        raise NotFound("There is no such action, or it is disabled. Type `/incident actions` for the list.")
    one, component = found[0], main_component(incident)
    shown = escaped(cut(preview_of(one.action, component, {}), MAX_PREVIEW_CHARS)).replace("```", "` ` `")
    target = component.name if component else "the workspace"
    head = f"*{escaped(one.action.name)}* on {escaped(target)}, {one.risk.label.lower()} risk"
    verb = "Run now" if one.risk == Risk.LOW else "Ask for approval"
    request = button(verb, REQUEST_ACTION, value=f"{incident.number}:{slug}", style="primary")
    blocks = [section(head), section(f"*Dry run*\n```{shown}```"), {"type": "actions", "elements": [request]}]
    return Reply(f"{one.action.name} on {target}, {one.risk.label.lower()} risk", blocks)


def show_clicked(team: SlackTeam, payload: Mapping[str, Any], key: str) -> Reply:
    """Button of a listed action: show its dry run."""
    number, slug = _clicked(payload)
    actor = actor_for(team, payload["user"]["id"], key=key)
    return show_action(actor, incident_for(actor, number), slug)


def request_clicked(team: SlackTeam, payload: Mapping[str, Any], key: str) -> Reply:
    """Button of a dry run: request the action. Idempotent."""
    number, slug = _clicked(payload)
    actor = actor_for(team, payload["user"]["id"], key=key)
    run = request_run(actor, number, Request(slug, request_key=f"slack:{key}"[:100]))
    return Reply(run_text(run))


def approve_clicked(team: SlackTeam, payload: Mapping[str, Any], key: str) -> Reply:
    """Button of a run: approve what the message showed."""
    run_id, digest = _clicked(payload)
    actor = actor_for(team, payload["user"]["id"], key=key)
    return _approved(approve_run(actor, _run_id(run_id), digest=digest, via=VIA))


def reject_clicked(team: SlackTeam, payload: Mapping[str, Any], key: str) -> Reply:
    """Button of a run: reject it, unless it changed since it was shown."""
    run_id, digest = _clicked(payload)
    actor = actor_for(team, payload["user"]["id"], key=key)
    run = run_for(actor, _run_id(run_id))
    if run.digest != digest:
        raise Invalid("The run has changed since this message was posted. Nothing was rejected.")
    return Reply(run_text(reject_run(actor, run.pk, via=VIA)))


def _approved(run: RemediationRun) -> Reply:
    missing = missing_text(run) if run.state == RunState.AWAITING_APPROVAL else ""
    return Reply(f"Your approval is recorded. {missing or run_text(run)}")


def _clicked(payload: Mapping[str, Any]) -> tuple[str, str]:
    first, _, rest = str(payload["actions"][0].get("value", "")).partition(":")
    return first, rest


def _run_id(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("This button is out of date. Open the run in Tocsin.")
    return int(text)


def _action_line(incident: Incident, one: Recommendation) -> dict[str, Any]:
    text = f"*{escaped(one.action.name)}* (`{one.action.slug}`), {one.risk.label.lower()} risk"
    shown = button("Dry run", SHOW_ACTION, value=f"{incident.number}:{one.action.slug}")
    return section(text) | {"accessory": shown}


def _plain(incident: Incident, plan: Plan) -> str:
    slugs = ", ".join(one.action.slug for one in plan.recommendations if one.is_recommended)
    return f"Actions for {incident.reference}: {slugs or 'none recommended'}"


CLICKS: Final = {
    SHOW_ACTION: show_clicked, REQUEST_ACTION: request_clicked, APPROVE: approve_clicked,
    REJECT: reject_clicked,
}  # fmt: skip


def act_or_approve(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> Reply:
    """`actions <slug>` shows a dry run, `approve <code>` approves. Raises Problem."""
    if command.verb == "approve":
        return approve_by_code(team, actor, command, channel_id)
    incident = requested_incident(team, actor, command, channel_id)
    return show_action(actor, incident, first_word(command.text)[0])
