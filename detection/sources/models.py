"""Webhook sources, their alerts, quarantined requests and changes."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from incidents.vocabulary import Severity

KEY_LENGTH = 500


class Source(WorkspaceScoped):
    """One sender of webhooks: a monitoring system, a build server, a form.

    `kind` is the name of its webhook format; `mapping` that format's own settings. With `opens_incidents`
    alerts open incidents by their own severity, otherwise they are events that rules count. An alert that
    fires again within `reopen_minutes` of its incident's resolution reopens it, later it opens a linked one.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=True)
    opens_incidents = models.BooleanField(default=True)
    default_severity = models.CharField(max_length=4, choices=Severity.choices, default=Severity.SEV3)
    reopen_minutes = models.PositiveIntegerField(default=30, validators=[MaxValueValidator(10_080)])
    mapping = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="source_name_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class SourceSecret(WorkspaceScoped):
    """A key in a source's URL, or a secret it signs with. At most two of each are live.

    `digest` (SHA-256) identifies the source of a key; `sealed` is the encrypted text, for showing it to
    admins and for verifying signatures.
    """

    class Purpose(models.TextChoices):
        KEY = "key"
        SIGNING = "signing"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="secrets")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    digest = models.CharField(max_length=64)
    sealed = models.TextField()
    hint = models.CharField(max_length=4)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["digest"], condition=Q(purpose="key"), name="source_key_once")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of source {self.source_id} ending in {self.hint}"


class SourceWord(WorkspaceScoped):
    """An unknown word of a source's sender: of which `kind`, and how it was interpreted."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="words")
    kind = models.CharField(max_length=10)
    word = models.CharField(max_length=100)
    taken_as = models.CharField(max_length=20)
    times = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["source", "kind", "word"], name="source_word_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.word!r} taken as {self.taken_as}"


class SourceSubscription(WorkspaceScoped):
    """A topic whose subscription must be confirmed by opening a URL (Amazon SNS); an admin opens it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="subscriptions")
    topic = models.CharField(max_length=300)
    address = models.TextField()
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["source", "topic"], name="subscription_once")]

    def __str__(self) -> str:
        return self.topic


class SourceTally(WorkspaceScoped):
    """Counts of a source in one hour (`hour` is its beginning): requests by result, and events."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="tallies")
    hour = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "source tallies"
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="tally_once_per_hour")]

    def __str__(self) -> str:
        return f"source {self.source_id}, {self.hour:%Y-%m-%d %H}h: {self.accepted} accepted"


class SourceAlert(WorkspaceScoped):
    """Last state of one alert of a source, and its incident while it lasts.

    `key` identifies it within its source, alerts with the same `group` share an incident. `starts_at` and
    `ends_at` are the sender's; `updated_at` is when its newest update was received: an older update changes
    nothing. `episodes`: how often it began to fire.
    """

    class State(models.TextChoices):
        FIRING = "firing"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=KEY_LENGTH)
    group = models.CharField(max_length=KEY_LENGTH)
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices)
    severity = models.CharField(max_length=4, choices=Severity.choices)
    title = models.CharField(max_length=200)
    component = models.CharField(max_length=200)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    episodes = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="alert_once_per_source")]
        indexes = [
            models.Index(
                fields=["incident"], condition=Q(state__in=["firing", "acknowledged"]), name="alert_burning"
            ),
            models.Index(
                fields=["source", "group"],
                condition=Q(state__in=["firing", "acknowledged"]),
                name="alert_burning_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"


class QuarantinedRequest(WorkspaceScoped):
    """A request (or a part of it) that could not be parsed, stored until `expires_at` for a replay.

    `reason` is the problem's code, `detail` its sentence, `faults` the elements; `headers` contain no
    credentials. A repeated body only increments `times`. `replaying_until`: a replay is running; one that was
    interrupted may be repeated after that.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="quarantine")
    reason = models.CharField(max_length=40)
    detail = models.TextField()
    faults = models.JSONField(default=list)
    method = models.CharField(max_length=10)
    path = models.TextField(blank=True)
    query = models.JSONField(default=dict)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    times = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    replaying_until = models.DateTimeField(null=True, blank=True)
    replayed_at = models.DateTimeField(null=True, blank=True)
    replayed_by = models.CharField(max_length=150, blank=True)
    outcome = models.JSONField(default=dict)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["source", "digest"], condition=Q(replayed_at=None), name="quarantined_once"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-received_at", "-id"]),
            models.Index(fields=["expires_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.reason} from source {self.source_id} at {self.received_at:%Y-%m-%d %H:%M}"


class ChangeEvent(WorkspaceScoped):
    """A deployment, a change of configuration, a flag flipped: shown with incidents that follow it.

    `key` is the sender's, or derived from the content: the same change reported twice is one row.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=KEY_LENGTH)
    kind = models.CharField(max_length=20)
    summary = models.CharField(max_length=1024)
    component = models.CharField(max_length=200, blank=True)
    change_version = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    links = models.JSONField(default=list)
    detail = models.JSONField(default=dict)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="change_once_per_source"),
            models.UniqueConstraint(
                fields=["workspace", "key"], condition=Q(source=None), name="change_once_without_source"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-occurred_at", "-id"], name="change_by_time"),
            models.Index(fields=["workspace", "component", "-occurred_at"], name="change_by_component"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.summary[:80]}"

    @property
    def shown_links(self) -> list[dict[str, Any]]:
        """Return the links, each with `url` and a `text` to show."""
        return [{"url": link["url"], "text": link.get("text") or link["url"]} for link in self.links]


class SourceSample(WorkspaceScoped):
    """Last request body of a source with a mapping, for its preview: at most 64 kB, at most one a minute."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="sample")
    content_type = models.CharField(max_length=200, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.body)} bytes of source {self.source_id}"
