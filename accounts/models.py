"""People, workspaces, memberships, API tokens, one-time sign-in links and the audit trail."""

from __future__ import annotations

import hashlib
from typing import Any

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now

from accounts.identity.models import IdentityProvider as IdentityProvider
from accounts.oncall.models import CalendarFeed as CalendarFeed
from accounts.oncall.models import OnCallImport as OnCallImport
from accounts.oncall.models import OnCallOverride as OnCallOverride
from accounts.oncall.models import OnCallRotation as OnCallRotation
from accounts.oncall.models import OnCallSchedule as OnCallSchedule
from accounts.oncall.models import OnCallShift as OnCallShift
from accounts.people.models import InvitationMail as InvitationMail
from accounts.sign_in.user_agents import browser_of
from accounts.tokens.models import DeviceCode as DeviceCode
from core.tenancy import WorkspaceScoped


class Role(models.TextChoices):
    """What a member may do; each includes the ones before it (viewer < responder < manager < admin)."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    MANAGER = "manager"
    ADMIN = "admin"


class Scope(models.TextChoices):
    """What a token may do."""

    EVENTS_WRITE = "events:write"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    BUNDLES_WRITE = "bundles:write"
    ADMIN = "admin"


_update_of: Any = pgtrigger.UpdateOf  # pgtrigger has no types for it
# A single row, locked until the change commits: a reader that sees the new value also sees the change.
MOVE_EPOCH = """
    INSERT INTO accounts_tokenepoch AS epoch (id, value)
    VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (id) DO UPDATE SET value = greatest(epoch.value + 1, excluded.value);
    RETURN NULL;
"""


class User(AbstractUser):
    """A person. `username` is the handle others assign by (`john.doe`)."""

    class Theme(models.TextChoices):
        SYSTEM = "system"
        LIGHT = "light"
        DARK = "dark"

    email = models.EmailField(unique=True)
    # When the address was verified; an invitation link alone does not verify it.
    address_proven_at = models.DateTimeField(null=True, blank=True)
    # The id of the workspace whose identity provider verified it; None: a mailed secret did, which counts
    # everywhere.
    address_proven_in = models.BigIntegerField(null=True, blank=True)
    display_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    keyboard_shortcuts = models.BooleanField(default=True)

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined, misc]  # the stubs leave it out
        # The personal tokens of a deactivated person are refused.
        triggers = [
            pgtrigger.Trigger(
                name="moves_token_epoch",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=_update_of("is_active"),
                func=MOVE_EPOCH,
            )
        ]

    @property
    def label(self) -> str:
        """Return the display name, else the handle."""
        return self.display_name or self.username

    @property
    def is_proven(self) -> bool:
        """Return whether the address is verified by mail; operators' accounts always count as such."""
        is_mailed = self.address_proven_at is not None and self.address_proven_in is None
        return is_mailed or self.is_superuser or self.is_staff

    def is_proven_in(self, workspace_id: int) -> bool:
        """Return whether the address is verified, by mail or by an identity provider of the workspace."""
        is_vouched = self.address_proven_at is not None and self.address_proven_in == workspace_id
        return self.is_proven or is_vouched


class Session(AbstractBaseSession):
    """One session of one person in one browser; written by `accounts.sign_in.session_store` only."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    @property
    def public_id(self) -> str:
        """Return a public id of 16 hex digits; the session key itself would let the reader sign in."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:16]

    @property
    def browser(self) -> str:
        """Return the browser and system in a few words, as far as they can be recognized."""
        return browser_of(self.agent)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save as Django's session store does; an update does not change when the session began."""
        if kwargs.get("force_update"):
            kwargs["update_fields"] = ["session_data", "expire_date", "user", "address", "agent", "seen_at"]
        super().save(*args, **kwargs)


class Workspace(models.Model):
    """The tenancy boundary: every domain row belongs to exactly one workspace."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(db_default=Now())
    setup_dismissed_at = models.DateTimeField(null=True, blank=True)
    second_factor_required = models.BooleanField(default=False, db_default=False)
    # Members must sign in with an identity provider; `break_glass` may also use the password.
    identity_required = models.BooleanField(default=False, db_default=False)
    break_glass = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    default_schedule = models.ForeignKey(
        OnCallSchedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return self.name


class Membership(WorkspaceScoped):
    """One person's role in one workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESPONDER)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_per_person")
        ]
        # A personal token has at most the permissions of its person's membership.
        triggers = [
            pgtrigger.Trigger(
                name="moves_token_epoch",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Delete | _update_of("role"),
                func=MOVE_EPOCH,
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace} ({self.role})"


class Invitation(WorkspaceScoped):
    """An invitation to a workspace, accepted with its link, whose secret is stored as a SHA-256.

    The secret is stored as a SHA-256.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESPONDER)
    username = models.CharField(max_length=150)
    display_name = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email} to {self.workspace} ({self.role})"


class ApiToken(WorkspaceScoped):
    """A credential of a machine or of a person: `tcs_<prefix>_<secret>`, stored as its SHA-256 only.

    A person's token (`user`) grants what both its scopes and the person's role allow, while they are a
    member.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="personal_tokens"
    )
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by"
    )

    class Meta(WorkspaceScoped.Meta):
        indexes = [models.Index(fields=["workspace", "-created_at"])]
        triggers = [
            pgtrigger.Trigger(
                name="moves_epoch",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert
                | pgtrigger.Delete
                | _update_of("digest", "scopes", "expires_at", "revoked_at", "workspace_id"),
                func=MOVE_EPOCH,
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (tcs_{self.prefix}_…)"


class TokenEpoch(models.Model):
    """Single row changed by a trigger with every issued or changed token, for comparison by token caches.

    The value is the microsecond of the change, so that a table emptied and refilled cannot repeat one.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField()

    def __str__(self) -> str:
        return f"token epoch {self.value}"


class SignInLink(models.Model):
    """A one-time sign-in link; stored as its SHA-256, consumed by a conditional update."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user}"


class AuditEntry(WorkspaceScoped):
    """One change by one actor. Append-only: PostgreSQL refuses updates and deletes."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="audit_entries")
    actor_kind = models.CharField(max_length=12)
    actor_label = models.CharField(max_length=150)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False)
    token_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    summary = models.CharField(max_length=300)
    changes = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"]),
            models.Index(fields=["workspace", "-id"]),
            models.Index(fields=["workspace", "object_type", "object_id", "-id"]),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.summary}"
