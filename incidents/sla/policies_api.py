"""API of the SLA targets of a workspace."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from accounts.tokens.api_authentication import actor_in
from incidents.sla.deadlines import Clocks, Policy, policy_mark
from incidents.sla.services.policies import MAX_MINUTES, change_policies, policies_for
from incidents.vocabulary import Severity

router = Router(tags=["SLA"])


class TargetsIn(Schema):
    """The targets of one severity, in minutes; null: no such target."""

    model_config = ConfigDict(extra="forbid")
    acknowledge_within: int = Field(
        ge=1, le=MAX_MINUTES, examples=[15], description="Minutes from detection to acknowledgement."
    )
    update_every: int | None = Field(
        None, ge=1, le=MAX_MINUTES, examples=[30], description="Minutes between updates for stakeholders."
    )
    resolve_within: int | None = Field(
        None, ge=1, le=MAX_MINUTES, examples=[240], description="Minutes from detection to resolution."
    )


class PoliciesIn(Schema):
    """The targets of all four severities. Open incidents keep theirs."""

    model_config = ConfigDict(extra="forbid")
    sev1: TargetsIn = Field(description="Targets of SEV1.")
    sev2: TargetsIn = Field(description="Targets of SEV2.")
    sev3: TargetsIn = Field(description="Targets of SEV3.")
    sev4: TargetsIn = Field(description="Targets of SEV4.")
    based_on: str = Field(
        "", max_length=16, description="`mark` of what was read: 409 where someone changed them meanwhile."
    )


class PoliciesOut(Schema):
    """The current targets."""

    sev1: TargetsIn = Field(description="Targets of SEV1.")
    sev2: TargetsIn = Field(description="Targets of SEV2.")
    sev3: TargetsIn = Field(description="Targets of SEV3.")
    sev4: TargetsIn = Field(description="Targets of SEV4.")
    mark: str = Field(description="Changes whenever a target does.", examples=["9f86d081884c7d65"])


@router.get("/policies", response=PoliciesOut, summary="Show the SLA targets")
def show_policies(request: HttpRequest) -> Any:
    """Return the targets of all four severities."""
    return _json(policies_for(actor_in(request)))


@router.put("/policies", response=PoliciesOut, summary="Change the SLA targets")
def put_policies(request: HttpRequest, body: PoliciesIn) -> Any:
    """Replace the targets of all four severities; open incidents keep theirs."""
    wanted = {severity: Clocks(**getattr(body, severity.value).model_dump()) for severity in Severity}
    return _json(change_policies(actor_in(request), policies=wanted, based_on=body.based_on))


def _json(policies: Policy) -> dict[str, Any]:
    targets = {
        severity.value: {
            "acknowledge_within": clocks.acknowledge_within,
            "update_every": clocks.update_every,
            "resolve_within": clocks.resolve_within,
        }
        for severity, clocks in policies.items()
    }
    return {**targets, "mark": policy_mark(policies)}
