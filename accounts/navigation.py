"""Menu entries of accounts and settings."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, PAGES, SETTINGS, NavItem

NAVIGATION.add("settings", NavItem("Settings", "settings", "/settings", order=90))
SETTINGS.add(
    "profile",
    NavItem(
        "Profile",
        "circle-user",
        "/settings/profile",
        order=10,
        group="You",
        also="me account theme time zone sessions",
    ),
)
SETTINGS.add(
    "workspace",
    NavItem(
        "General", "building-2", "/settings/workspace", order=20, group="Workspace",
        capability=Capability.SETTINGS_WRITE,
    ),
)  # fmt: skip
SETTINGS.add(
    "sign-in",
    NavItem(
        "Sign-in", "log-in", "/settings/sign-in", order=25, group="Workspace",
        capability=Capability.SETTINGS_WRITE, also="sso oidc openid identity provider okta keycloak entra"),
)  # fmt: skip
SETTINGS.add(
    "members",
    NavItem(
        "Members",
        "users",
        "/settings/members",
        order=30,
        group="Workspace",
        capability=Capability.MEMBERS_READ,
        also="people users team roles invite",
    ),
)
SETTINGS.add(
    "tokens",
    NavItem(
        "API tokens", "key-round", "/settings/tokens", order=40, group="Workspace",
        capability=Capability.TOKENS_WRITE, also="token keys secret personal access"),
)  # fmt: skip
SETTINGS.add(
    "audit",
    NavItem(
        "Audit trail", "scroll-text", "/settings/audit", order=60, group="Workspace",
        capability=Capability.AUDIT_READ, also="history changes who export"),
)  # fmt: skip
PAGES.add(
    "invite",
    NavItem(
        "Invite a member", "user-round-plus", "/settings/members/new", also="add people users",
        capability=Capability.MEMBERS_WRITE,
    ),
)  # fmt: skip
PAGES.add(
    "token",
    NavItem(
        "New API token", "key-round", "/settings/tokens/new", also="create key",
        capability=Capability.TOKENS_WRITE,
    ),
)  # fmt: skip
PAGES.add(
    "audit.csv",
    NavItem(
        "Export the audit trail as CSV", "download", "/settings/audit.csv", also="download",
        capability=Capability.AUDIT_READ,
    ),
)  # fmt: skip
PAGES.add("password", NavItem("Change password", "key-round", "/account/password", also="sign-in account"))
PAGES.add("workspaces", NavItem("Workspaces", "layers", "/account/workspaces", also="switch tenant"))
