"""The postmortem, its sections, and the history of their texts."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from postmortems.template_library.models import Audience, PostmortemTemplate, SectionStyle

_APPEND_ONLY = pgtrigger.Update | pgtrigger.Delete


class Status(models.TextChoices):
    """Status of a postmortem."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"


class Postmortem(WorkspaceScoped):
    """The postmortem of an incident. `revision` is the latest revision number.

    `published_revision` is what readers see, under `published_title`; an amendment is a draft
    on top of it. `version` grows with changes of state and settings; sections have their own versions.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    template = models.ForeignKey(PostmortemTemplate, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    meeting_at = models.DateTimeField(null=True, blank=True)
    meeting_minutes = models.PositiveSmallIntegerField(default=60)
    meeting_was_at = models.DateTimeField(null=True, blank=True)
    meeting_sequence = models.PositiveIntegerField(default=0)
    meeting_zone = models.CharField(max_length=64, default="UTC")
    public_link = models.BooleanField(default=False)
    public_key = models.CharField(max_length=43, blank=True)
    revision = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)
    published_revision = models.PositiveIntegerField(null=True, blank=True)
    published_title = models.CharField(max_length=200, blank=True, default="", db_default="")
    first_published_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="postmortem_list"),
            models.Index(fields=["workspace", "status", "-created_at"], name="postmortem_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["public_key"], condition=~models.Q(public_key=""), name="public_key_once"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Section(WorkspaceScoped):
    """The current state of a section. An open question has no text yet; `prompt` is the question.

    `facts_hash` is the hash of the drafted text: if it equals the hash of `text`, no person edited it and
    newer facts may replace it. `sources` are the origins of its facts: [{"label", "path"}].
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="sections")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    style = models.CharField(max_length=10, choices=SectionStyle.choices)
    has_text = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField()
    prompt = models.TextField(blank=True)
    starter = models.TextField(blank=True)
    is_required = models.BooleanField(default=False)
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.INTERNAL)
    text = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    is_question = models.BooleanField(default=False)
    facts_hash = models.CharField(max_length=64, blank=True)
    sources = models.JSONField(default=list, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["postmortem", "key"], name="section_once")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.title


class Revision(WorkspaceScoped):
    """A change of one or more sections: {key: [version before, version after]}. Append-only."""

    class Reason(models.TextChoices):
        DRAFT = "draft", "Drafted"
        EDIT = "edit", "Edited"
        MERGE = "merge", "Merged"
        RESTORE = "restore", "Restored"
        FACTS = "facts", "Facts updated"
        PUBLISH = "publish", "Published"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())
    author = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    author_label = models.CharField(max_length=150)
    reason = models.CharField(max_length=8, choices=Reason.choices)
    changed = models.JSONField(default=dict)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["postmortem", "number"], name="revision_once")]
        triggers = [pgtrigger.Protect(name="revisions_append_only", operation=_APPEND_ONLY)]

    def __str__(self) -> str:
        return f"revision {self.number}"


class SectionText(WorkspaceScoped):
    """A version of a section's text. `client_id` identifies the save, for idempotency. Append-only."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="texts")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="texts")
    base_version = models.PositiveIntegerField(null=True)
    client_id = models.CharField(max_length=64, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["section", "version"], name="section_text_once")]
        indexes = [
            models.Index(
                fields=["section", "client_id"], condition=~models.Q(client_id=""), name="section_save"
            )
        ]
        triggers = [pgtrigger.Protect(name="texts_append_only", operation=_APPEND_ONLY)]

    def __str__(self) -> str:
        return f"{self.section}, version {self.version}"


class SectionDraft(WorkspaceScoped):
    """A person's text that could not be saved because of a conflict."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="drafts")
    user_key = models.CharField(max_length=80)
    base_version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["section", "user_key"], name="section_draft_once")]

    def __str__(self) -> str:
        return f"draft of {self.section}"


class Comment(WorkspaceScoped):
    """A comment on a section, or a reply to a comment."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="comments")
    section_key = models.SlugField(max_length=60)
    quote = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=150)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(WorkspaceScoped.Meta):
        indexes = [models.Index(fields=["postmortem", "section_key", "id"], name="comments_by_section")]

    def __str__(self) -> str:
        return f"{self.author_label}: {self.body[:60]}"
