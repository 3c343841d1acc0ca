"""Remediation runs with approvals and their single attempt; target states and breakers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Component, Incident
from remediation.catalogue.models import RemediationAction
from remediation.runs.guards import (
    APPROVAL_FITS,
    APPROVALS_ARE_FINAL,
    BREAKER_BEGINS_CLOSED,
    BREAKER_STATES,
    DRILLS_APART,
    ONE_TRIAL,
    RUN_BEGINS,
    RUN_FACTS,
    RUN_IS_APPROVED,
    RUN_MOVES,
)
from remediation.vocabulary import LIVE, WAITING, BreakerState, Risk, RunState, Verdict


class RemediationRun(WorkspaceScoped):
    """A run of an action on a target for an incident: proposed, approved, executed once, verified.

    A run is never retried: if its lease expires after the claim, the executor is polled, or it is `unknown`.
    `snapshot` has the facts bound by `digest`. `origin_key` makes proposals idempotent.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="remediation_runs")
    action = models.ForeignKey(RemediationAction, on_delete=models.PROTECT, related_name="runs")
    component = models.ForeignKey(
        Component, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    target_key = models.CharField(max_length=300)
    risk = models.CharField(max_length=8, choices=Risk.choices)
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.PROPOSED)
    origin_key = models.CharField(max_length=200)
    is_automatic = models.BooleanField(default=False)
    requested_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    requested_label = models.CharField(max_length=150)
    requested_approver = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    snapshot = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    preview = models.TextField(blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    verify_until = models.DateTimeField(null=True, blank=True)
    checks_passed = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)
    output = models.TextField(blank=True)
    is_drill = models.BooleanField(default=False)
    rollback_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "origin_key"], name="run_proposed_once"),
            models.UniqueConstraint(
                fields=["workspace", "target_key"],
                condition=Q(state__in=[state.value for state in LIVE]),
                name="run_live_once_a_target",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"], condition=Q(state=RunState.APPROVED.value), name="run_approved"
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=[state.value for state in WAITING]),
                name="run_expiring",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=[state.value for state in LIVE]),
                name="run_leased",
            ),
            models.Index(fields=["workspace", "-id"], name="run_history"),
        ]
        triggers = [RUN_MOVES, RUN_FACTS, RUN_BEGINS, RUN_IS_APPROVED, DRILLS_APART]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.action_id} on {self.target_key}"


class RunApproval(WorkspaceScoped):
    """A decision of a person about the digest they were shown."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(RemediationRun, on_delete=models.CASCADE, related_name="approvals")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    digest = models.CharField(max_length=64)
    is_on_call = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    via = models.CharField(max_length=10, default="web")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["run", "approver"], name="approval_once_a_person")]
        triggers = [APPROVALS_ARE_FINAL, APPROVAL_FITS]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.approver_id}"


class RunAttempt(WorkspaceScoped):
    """The single attempt of a run; stored before the action starts."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    run = models.OneToOneField(RemediationRun, on_delete=models.CASCADE, related_name="attempt")
    fence = models.PositiveIntegerField()
    host = models.CharField(max_length=255)
    boot_id = models.CharField(max_length=64, blank=True)
    spool = models.CharField(max_length=500, blank=True)
    handle = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"attempt of run {self.run_id}"


class TargetState(WorkspaceScoped):
    """When an action last started on a target; its row lock serializes starts."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    target_key = models.CharField(max_length=300)
    action_slug = models.CharField(max_length=60)
    last_started_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "target_key", "action_slug"], name="target_state_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action_slug} on {self.target_key}"


class AutomaticProposal(WorkspaceScoped, WorkItem):
    """Work item: start or propose the actions of a new incident, once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="+")

    class Meta(WorkItem.Meta, WorkspaceScoped.Meta):
        pass

    def __str__(self) -> str:
        return f"proposals for incident {self.incident_id}"


class RollbackProposal(WorkspaceScoped, WorkItem):
    """Work item: propose the declared rollback of a run that did not help, once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.OneToOneField(RemediationRun, on_delete=models.CASCADE, related_name="+")

    class Meta(WorkItem.Meta, WorkspaceScoped.Meta):
        pass

    def __str__(self) -> str:
        return f"rollback of run {self.run_id}"


class Breaker(WorkspaceScoped):
    """Circuit breaker of automatic runs of an action; while `open`, runs are only proposed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    action_slug = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=BreakerState.choices, default=BreakerState.CLOSED)
    reason = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_run = models.ForeignKey(
        RemediationRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "action_slug"], name="breaker_once"),
            models.CheckConstraint(
                condition=Q(probe_run=None) | Q(state=BreakerState.HALF_OPEN.value),
                name="trial_of_a_half_open_breaker",
            ),
        ]
        triggers = [BREAKER_BEGINS_CLOSED, BREAKER_STATES, ONE_TRIAL]

    def __str__(self) -> str:
        return f"{self.action_slug}: {self.state}"
