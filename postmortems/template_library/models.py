"""Postmortem templates and their sections."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped


class SectionStyle(models.TextChoices):
    """Rendering of a section in the document."""

    CHAPTER = "chapter", "Chapter (##)"
    SUBSECTION = "subsection", "Subsection (###)"
    FIELD = "field", "Field (a bullet with a bold name)"


class Audience(models.TextChoices):
    """Audience of a section of a published postmortem."""

    ALL = "all", "Everyone with the public link"
    INTERNAL = "internal", "This workspace"


class PostmortemTemplate(WorkspaceScoped):
    """A postmortem template. `header` and `footer` of the exported document may have placeholders.

    `is_strict`: any later change of text voids every approval, not only those of the changed sections.
    """

    class Kind(models.TextChoices):
        FULL = "full", "Full"
        LIGHT = "light", "Light"
        SECURITY = "security", "Security"
        OWN = "own", "Own"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OWN)
    header = models.TextField(blank=True)
    footer = models.TextField(blank=True)
    has_dividers = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    is_strict = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug"], name="template_slug_once"),
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(is_default=True), name="one_default_template"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateSection(WorkspaceScoped):
    """One section of a template. `starter` is Markdown with placeholders such as `{{ timeline }}`.

    Without `has_text` it is only a heading. `help_text` is the question asked if facts are missing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    template = models.ForeignKey(PostmortemTemplate, on_delete=models.CASCADE, related_name="sections")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    style = models.CharField(max_length=10, choices=SectionStyle.choices, default=SectionStyle.SUBSECTION)
    has_text = models.BooleanField(default=True)
    help_text = models.CharField(max_length=300, blank=True)
    starter = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField()
    is_required = models.BooleanField(default=False)
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.INTERNAL)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["template", "key"], name="template_section_once"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.title
