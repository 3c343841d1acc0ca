"""Escalation policies with their steps, and the running escalation of an incident."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident


class EscalationPolicy(WorkspaceScoped):
    """An escalation policy: who is paged, step by step, until a person acknowledges.

    Applies to incidents that match all of `severities`, `types` and `components` that are not empty. The most
    specific policy wins: components before types before severities. `repeat`: further rounds.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    severities = ArrayField(models.CharField(max_length=4), default=list, blank=True)
    types = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    components = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    repeat = models.PositiveSmallIntegerField(default=0)
    is_enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="escalation_policy_name"),
            models.CheckConstraint(condition=Q(repeat__lte=5), name="escalation_policy_repeat"),
        ]
        verbose_name_plural = "escalation policies"

    def __str__(self) -> str:
        return self.name


class EscalationStep(WorkspaceScoped):
    """A step of a policy: whom to page, and how long to wait before the next step.

    `targets`: objects with `kind` user (`user_id`), on_call (`schedule_id`, or none: the incident's), role
    (`role`: commander, tech_lead, comms_lead, manager, admin) or channel (`channel_id`).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    wait_s = models.PositiveIntegerField()
    targets = models.JSONField(default=list, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="escalation_step_position"),
            models.CheckConstraint(condition=Q(wait_s__lte=86_400), name="escalation_step_wait"),
        ]

    def __str__(self) -> str:
        return f"step {self.position + 1} of {self.policy}"


class Escalation(WorkspaceScoped, WorkItem):
    """The running escalation of an incident: a copy of the policy, and which step is next.

    `due_at` is the next step, or the end of the acknowledgement lease. A new generation begins when an
    acknowledgement lapses or the incident grows.
    """

    class Phase(models.TextChoices):
        RUNNING = "running"
        ACKNOWLEDGED = "acknowledged"
        ENDED = "ended"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="escalation")
    snapshot = models.JSONField()
    phase = models.CharField(max_length=12, choices=Phase.choices, default=Phase.RUNNING)
    generation = models.PositiveIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    has_paged = models.BooleanField(default=False)
    reaches_no_one = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    holder = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    leased_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    last_event_id = models.BigIntegerField(default=0)

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        pass

    def __str__(self) -> str:
        return f"escalation of {self.incident}: {self.phase}"
