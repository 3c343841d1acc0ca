"""Django admin of people, workspaces, API tokens and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.audit.admin_history import AuditedAdmin, AuditedReadOnlyAdmin
from accounts.models import (
    ApiToken,
    AuditEntry,
    CalendarFeed,
    IdentityProvider,
    Invitation,
    InvitationMail,
    Membership,
    OnCallImport,
    OnCallOverride,
    OnCallRotation,
    OnCallShift,
    Session,
    SignInLink,
    TokenEpoch,
    User,
    Workspace,
)
from accounts.people.services.accounts import check_person, note_new_password, save_person
from core.admin.base import LargeTableAdmin, ReadOnly, one_of
from core.errors import Conflict

if TYPE_CHECKING:
    People = UserAdmin[User]
    PersonChange = UserChangeForm[User]
else:  # generic for the type checker only
    People = UserAdmin
    PersonChange = UserChangeForm

# Addresses are columns of the user, providers are our own model, and provider tokens are not stored.
for unused in (EmailAddress, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(unused):
        admin.site.unregister(unused)
PREFERENCES: Final = ("time_zone", "theme", "keyboard_shortcuts")
KINDS: Final = ("user", "token", "local", "system")
TYPES: Final = (
    "incident", "detectionrule", "membership", "apitoken", "workspace", "user", "component",
)  # fmt: skip


class PersonForm(PersonChange):
    """Form of an account; refuses changes that would leave no admin."""

    editor: User

    def clean(self) -> dict[str, Any]:
        """Validate. Raises ValidationError with the service's message."""
        cleaned = super().clean() or self.cleaned_data
        wanted = User(pk=self.instance.pk, username=self.instance.username)
        wanted.is_active = cleaned.get("is_active", True)
        try:
            check_person(self.editor, person=wanted, fields=self.changed_data)
        except Conflict as conflict:
            raise forms.ValidationError(conflict.detail, code="conflict") from conflict
        return dict(cleaned)


@admin.register(User)
class PersonAdmin(AuditedAdmin, People):  # the only place where an account becomes staff
    form = PersonForm
    list_display = ("username", "email", "display_name", "is_proven", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "email", "display_name")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            "Person",
            {
                "fields": (
                    "display_name",
                    "email",
                    "address_proven_at",
                    "address_proven_in",
                    "time_zone",
                    "theme",
                    "keyboard_shortcuts",
                )
            },
        ),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("username", "address_proven_at", "address_proven_in", "last_login", "date_joined")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: members are invited to their workspace."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: people are deactivated, so that their history stays attributed."""
        return False

    def workspaces_of(self, thing: Any) -> Sequence[int]:
        """Return the person's workspaces."""
        return list(thing.memberships.values_list("workspace_id", flat=True))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form with the editing user set."""
        made = super().get_form(request, obj, change=change, **kwargs)
        return type("EditedPersonForm", (made,), {"editor": request.user})

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save through the service, with its audit entry."""
        editor = request.user
        if isinstance(editor, User):
            save_person(editor, person=obj, fields=form.changed_data)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show Django's own page; the change is audited in the same transaction."""
        with transaction.atomic():
            response = super().user_change_password(request, *args, **kwargs)
            number = kwargs.get("id", args[0] if args else "")
            person, editor = self.get_object(request, str(number)), request.user
            if response.status_code == 302 and isinstance(editor, User) and person is not None:
                note_new_password(editor, person=person)
        return response


@admin.register(Session)
class SessionAdmin(ReadOnly):
    """Active sessions. A session key would let the reader sign in, so it is in no URL and on no page."""

    list_display = ("user", "browser", "address", "created_at", "seen_at", "expire_date")
    list_display_links = None
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-expire_date",)

    def get_object(self, *args: Any, **kwargs: Any) -> None:
        """Return None: sessions have no detail page."""


@admin.register(Workspace)
class WorkspaceAdmin(AuditedReadOnlyAdmin):
    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")

    def workspaces_of(self, thing: Any) -> Sequence[int]:
        """Return the workspace itself."""
        return [thing.pk]


@admin.register(Membership)
class MembershipAdmin(AuditedReadOnlyAdmin):
    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("workspace", "role")
    search_fields = ("user__username", "user__email")
    list_select_related = ("user", "workspace")


@admin.register(Invitation)
class InvitationAdmin(AuditedReadOnlyAdmin):
    list_display = ("email", "workspace", "role", "invited_by", "created_at", "expires_at", "accepted_at")
    list_filter = ("workspace", ("accepted_at", admin.EmptyFieldListFilter))
    search_fields = ("email", "username", "display_name")
    list_select_related = ("workspace", "invited_by")
    exclude = ("digest",)


@admin.register(ApiToken)
class ApiTokenAdmin(AuditedReadOnlyAdmin):
    list_display = ("name", "prefix", "workspace", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("workspace", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix")
    list_select_related = ("workspace",)
    exclude = ("digest",)


@admin.register(IdentityProvider)
class IdentityProviderAdmin(AuditedReadOnlyAdmin):
    """Identity providers, without the client secret."""

    list_display = ("name", "workspace", "server_url", "client_id", "default_role", "enabled")
    list_filter = ("workspace", "enabled")
    search_fields = ("name", "server_url", "client_id")
    list_select_related = ("workspace",)
    exclude = ("sealed_secret",)


@admin.register(OnCallRotation)
class OnCallRotationAdmin(ReadOnly):
    list_display = ("schedule", "layer", "unit", "length", "handoff_time", "starts_on", "ends_on")
    list_select_related = ("schedule",)


@admin.register(OnCallOverride)
class OnCallOverrideAdmin(AuditedReadOnlyAdmin):
    list_display = ("schedule", "user", "starts_at", "ends_at", "reason")
    list_select_related = ("schedule", "user")


@admin.register(InvitationMail)
class InvitationMailAdmin(ReadOnly):
    """Invitation mails, without secrets."""

    list_display = ("invitation", "state", "due_at", "attempts", "last_error")
    list_select_related = ("invitation__workspace",)
    exclude = ("digest", "sealed_secret")


@admin.register(OnCallImport)
class OnCallImportAdmin(ReadOnly):
    list_display = ("schedule", "state", "due_at", "attempts", "last_error")
    list_select_related = ("schedule",)


@admin.register(OnCallShift)
class OnCallShiftAdmin(ReadOnly):
    list_display = ("schedule", "user", "starts_at", "ends_at", "source_uid")
    list_filter = ("workspace",)
    list_select_related = ("schedule", "user")
    ordering = ("-starts_at",)


@admin.register(CalendarFeed)
class CalendarFeedAdmin(AuditedReadOnlyAdmin):
    list_display = ("name", "workspace", "user", "kinds", "last_read_at", "revoked_at")
    list_select_related = ("workspace", "user")
    exclude = ("digest",)


@admin.register(SignInLink)
class SignInLinkAdmin(ReadOnly):
    list_display = ("user", "created_at", "expires_at", "used_at")
    list_filter = (("used_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__username", "user__email")
    list_select_related = ("user",)
    exclude = ("digest",)


@admin.register(TokenEpoch)
class TokenEpochAdmin(ReadOnly):
    list_display = ("id", "value")


@admin.register(AuditEntry)
class AuditEntryAdmin(LargeTableAdmin):
    list_display = ("at", "workspace", "actor_label", "action", "summary", "request_id")
    list_filter = ("workspace", one_of("actor_kind", *KINDS), one_of("object_type", *TYPES))
    search_fields = ("summary", "actor_label", "=object_id", "=request_id")
    list_select_related = ("workspace", "user")
