"""The API of the response policy."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from incidents.vocabulary import Severity
from remediation.recovery.models import MAX_WINDOW_S, MIN_WINDOW_S
from remediation.recovery.services.policies import FIELDS, change_policy, shown_policy

router = Router(tags=["Remediation"])


class RecoveryPolicyOut(Schema):
    """The response policy of the workspace."""

    auto_start: list[Severity] = Field(
        description="Severities at which low-risk actions start automatically."
    )
    auto_resolve: list[Severity] = Field(
        description="Severities at which recovered incidents are resolved automatically."
    )
    recovery_window_s: int = Field(description="How long exit criteria must hold, in seconds.")


class PolicyPatch(Schema):
    """Fields to change; omitted fields stay as they are."""

    model_config = {"extra": "forbid"}
    auto_start: list[Severity] | None = Field(None, max_length=4)
    auto_resolve: list[Severity] | None = Field(None, max_length=4)
    recovery_window_s: int | None = Field(None, ge=MIN_WINDOW_S, le=MAX_WINDOW_S)


@router.get("/policy", response=RecoveryPolicyOut, summary="Show the response policy")
def show_policy(request: HttpRequest) -> Any:
    """By default low-risk actions start at every severity, and sev3 and sev4 are resolved automatically."""
    policy = shown_policy(actor_in(request))
    return {name: getattr(policy, name) for name in FIELDS}


@router.patch("/policy", response=RecoveryPolicyOut, summary="Change the response policy")
def patch_policy(request: HttpRequest, body: PolicyPatch) -> Any:
    """Idempotent."""
    wanted = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    policy = change_policy(actor_in(request), wanted)
    return {name: getattr(policy, name) for name in FIELDS}
