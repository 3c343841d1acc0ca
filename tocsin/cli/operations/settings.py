"""Commands about settings: how updates begin, identity providers, Slack."""

from __future__ import annotations

from typing import Final

from tocsin.cli import frame
from tocsin.cli.operation import FILE, Operation, argument, flag, query
from tocsin.cli.words import ago

GROUPS: Final = {
    "updates": "Updates for stakeholders.",
    "templates": "The texts that updates begin with.",
    "identity": "Identity providers that people sign in with.",
    "slack": "Connections to Slack, and who is who there.",
}
PROVIDERS: Final[frame.Columns] = {
    "ID": "id", "Name": "name", "Issuer": "server_url", "Domains": "allowed_domains",
    "Default role": "default_role", "Enabled": "enabled",
}  # fmt: skip
TEAMS: Final[frame.Columns] = {
    "ID": "id", "Name": "name", "State": "state", "Default": "is_default", "Announces in": "announce_channel",
    "Opens rooms": "opens_rooms", "Checked": lambda row: ago(row["checked_at"]), "Reason": "reason",
}  # fmt: skip
PROVIDER: Final = (
    flag("allowed_domains", "Email domain that is let in; none: any.", "words", flag="--domain"),
    flag("groups_claim", "The claim with a person's groups."),
    flag("group_roles", "GROUP=ROLE.", "pairs", flag="--group-role"),
    flag("default_role", "Of people in none of these groups."),
    flag("trusts_addresses", "Every address counts as verified.", "switch"), flag("enabled", "", "switch"),
    FILE,
)  # fmt: skip
TEAM: Final = (
    flag("announce_channel", "Such as #incidents."),
    flag("opens_rooms", "A channel for each SEV1 and SEV2.", "switch"),
    flag("archive_days", "Days after closing until a channel is archived.", "number"), FILE,
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        "updates templates list", "GET", "/update-templates", "List the texts that updates begin with.",
        columns={"Name": "name", "Label": "label", "Standard": "is_standard", "Text": "text"},
        id_field="name",
    ),
    Operation(
        "updates templates set", "PUT", "/update-templates/{update_template}", "Change such a text.",
        (flag("label", required=True), argument("text", "Markdown; - reads stdin.")),
        done="Update template {name} changed", id_field="name",
    ),
    Operation(
        "updates templates reset", "DELETE", "/update-templates/{update_template}",
        "Take the text that Tocsin comes with.", done="Update template {name} reset", id_field="name",
    ),
    Operation(
        "identity list", "GET", "/identity-providers", "List identity providers.", columns=PROVIDERS,
        empty="No identity providers.",
    ),
    Operation(
        "identity show", "GET", "/identity-providers/{identity_provider_id}", "Show an identity provider.",
    ),
    Operation(
        "identity add", "POST", "/identity-providers",
        "Add an OpenID Connect provider; --file holds its client_secret. Prints the callback address.",
        (
            flag("name", required=True), flag("server_url", "The issuer.", flag="--issuer", required=True),
            flag("client_id", required=True), *PROVIDER,
        ),
        done="Identity provider {id} added. Enter this callback address there: {callback_url}",
    ),
    Operation(
        "identity update", "PATCH", "/identity-providers/{identity_provider_id}",
        "Change an identity provider; a client_secret in --file replaces the stored one.",
        (flag("name"), flag("server_url", "The issuer.", flag="--issuer"), flag("client_id"), *PROVIDER),
        done="Identity provider {name} changed",
    ),
    Operation(
        "identity remove", "DELETE", "/identity-providers/{identity_provider_id}",
        "Remove an identity provider.", done="Identity provider {identity_provider_id} removed",
    ),
    Operation(
        "identity requirement", "GET", "/identity-requirement",
        "Whether members must sign in with a provider, and who need not.",
    ),
    Operation(
        "identity require", "PUT", "/identity-requirement",
        "Require a provider of every member but one admin; --no-required ends that.",
        (
            flag("identity_required", "", "switch", flag="--required", required=True),
            flag("break_glass", "User name of the admin who may still use the password."),
        ),
    ),
    Operation(
        "slack manifest", "GET", "/slack/manifest", "What to paste into Slack to make the app.",
        (query("socket", "For Socket Mode.", "switch"),),
    ),
    Operation(
        "slack list", "GET", "/slack/teams", "List connections to Slack.", columns=TEAMS,
        empty="Slack is not connected.",
    ),
    Operation("slack show", "GET", "/slack/teams/{slack_team_id}", "Show a connection to Slack."),
    Operation(
        "slack connect", "POST", "/slack/teams",
        "Connect Slack; --file holds bot_token, signing_secret and app_token. Then: tocsin slack check.",
        TEAM, done="Slack connection {id} stored. Check it: tocsin slack check {id}",
    ),
    Operation(
        "slack update", "PATCH", "/slack/teams/{slack_team_id}",
        "Change a connection to Slack; secrets in --file replace the stored ones.",
        (*TEAM, flag("clears_app_token", "", "switch", flag="--clear-app-token")),
        done="Slack connection {id} changed",
    ),
    Operation(
        "slack check", "POST", "/slack/teams/{slack_team_id}/check", "Ask Slack about the token.",
        done="{name}: {state} {reason}",
    ),
    Operation(
        "slack test", "POST", "/slack/teams/{slack_team_id}/test", "Send a test message.",
        done="Test message sent to {announce_channel}",
    ),
    Operation(
        "slack make-default", "POST", "/slack/teams/{slack_team_id}/default",
        "Open the channels of new incidents in this team.", done="New channels are opened in {name}",
    ),
    Operation(
        "slack disconnect", "DELETE", "/slack/teams/{slack_team_id}", "Forget the secrets of a connection.",
        done="Slack connection {slack_team_id} disconnected",
    ),
    Operation(
        "slack people", "GET", "/slack/teams/{slack_team_id}/people", "List who is who in Slack.",
        columns={"ID": "id", "User name": "username", "Slack id": "slack_id", "Linked by": "how"},
        empty="No members are linked.",
    ),
    Operation(
        "slack link", "POST", "/slack/teams/{slack_team_id}/people", "Link a member to a Slack person.",
        (argument("username"), argument("slack_id", "Such as U012AB3CD.")),
        done="{username} is {slack_id} in Slack",
    ),
    Operation(
        "slack unlink", "DELETE", "/slack/people/{slack_person_id}", "Remove such a link.",
        done="Link {slack_person_id} removed",
    ),
)  # fmt: skip
