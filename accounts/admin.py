"""People, workspaces, tokens and the audit log in Django's admin, for looking but for accounts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from accounts.models import ApiToken, AuditEntry, Membership, SignInLink, TokenEpoch, User, Workspace

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    People = UserAdmin[User]
else:  # generic for the type checker only
    Admin = admin.ModelAdmin
    People = UserAdmin


class ReadOnly(Admin):
    """For looking: a change here would leave no audit row. Pages count no rows."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(User)
class PersonAdmin(People):  # the one place where an account is switched off
    list_display = ("username", "email", "display_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "email", "display_name")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("display_name", "email", "time_zone", "theme")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnly):
    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")
    list_filter = ("time_zone",)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("workspace", "role")
    search_fields = ("user__username", "user__email")
    list_select_related = ("user", "workspace")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ("name", "prefix", "workspace", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("workspace", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix")
    list_select_related = ("workspace",)
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
class AuditEntryAdmin(ReadOnly):
    list_display = ("at", "workspace", "actor_label", "action", "summary", "request_id")
    list_filter = ("workspace", "actor_kind", "object_type")
    search_fields = ("summary", "actor_label", "object_id", "request_id")
    list_select_related = ("workspace", "user")
    ordering = ("-id",)
