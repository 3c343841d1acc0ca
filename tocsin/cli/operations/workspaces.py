"""Commands about workspaces, members, tokens and the audit trail."""

from __future__ import annotations

from typing import Final

from tocsin.cli.operation import Operation, argument, flag
from tocsin.cli.words import ago

GROUPS: Final = {
    "workspaces": "Workspaces.",
    "invitations": "Invitations that were not accepted yet.",
    "audit": "The audit trail.",
}
OPERATIONS: Final = (
    Operation(
        "workspaces list", "GET", "/workspaces", "List your workspaces.",
        columns={"Slug": "slug", "Name": "name", "Time zone": "time_zone"}, id_field="slug",
    ),
    Operation(
        "workspaces create", "POST", "/workspaces", "Create a workspace.",
        (argument("name"), flag("slug"), flag("time_zone", "Such as Europe/Berlin.")),
        done="Workspace {slug} created", id_field="slug",
    ),
    Operation(
        "members invite", "POST", "/members", "Invite a person; prints the link.",
        (
            argument("email"), flag("role", "viewer, responder or admin."), flag("username"),
            flag("display_name"),
        ),
        done="{sign_in_url}",
    ),
    Operation(
        "members set-role", "PATCH", "/members/{username}", "Change the role of a member.",
        (argument("role"),), done="{username} is now {role}", id_field="username",
    ),
    Operation(
        "members remove", "DELETE", "/members/{username}", "Remove a member.", done="{username} removed",
    ),
    Operation(
        "invitations list", "GET", "/invitations", "List open invitations.",
        columns={"ID": "id", "Email": "email", "Role": "role", "Expires": "expires_at"},
        empty="No invitations.",
    ),
    Operation(
        "invitations revoke", "DELETE", "/invitations/{invitation}", "Revoke an invitation.",
        done="Invitation {invitation} revoked",
    ),
    Operation(
        "tokens create", "POST", "/tokens", "Create a token, which is shown once.",
        (
            argument("name"), flag("scopes", "", "words", flag="--scope", required=True),
            flag("expires_at", "A time, or +90d.", "moment", flag="--expires"),
        ),
        done="{token}",
    ),
    Operation(
        "tokens rotate", "POST", "/tokens/{token}/rotate", "Replace a token; the former one ends later.",
        (flag("overlap_hours", "How long the former one works on.", "number"),), done="{token}",
    ),
    Operation(
        "audit list", "GET", "/audit", "List the audit trail, newest first.",
        columns={
            "When": lambda row: ago(row["at"]), "Who": "actor", "Action": "action", "What": "summary",
        },
        is_paged=True,
    ),
)  # fmt: skip
