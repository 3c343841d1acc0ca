"""The manifest for creating the Slack app. Pure."""

from __future__ import annotations

from typing import Any, Final

SCOPES: Final = (
    "bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:manage",
    "channels:read", "chat:write", "commands", "files:read", "groups:history", "groups:read", "groups:write",
    "pins:read", "pins:write", "reactions:read", "users:read", "users:read.email",
)  # fmt: skip
EVENTS: Final = (
    "app_home_opened", "app_uninstalled", "message.channels", "message.groups", "pin_added", "pin_removed",
    "reaction_added", "reaction_removed", "tokens_revoked",
)  # fmt: skip
COMMAND: Final = "/incident"
SHORTCUT: Final = "add_to_timeline"


def manifest(base_url: str, *, is_socket: bool = False) -> dict[str, Any]:
    """App features, scopes and request URLs; with Socket Mode no URLs are needed."""
    made = _with_addresses(base_url)
    if is_socket:
        del made["features"]["slash_commands"][0]["url"]
        del made["settings"]["event_subscriptions"]["request_url"]
        del made["settings"]["interactivity"]["request_url"]
        made["settings"]["socket_mode_enabled"] = True
    return made


def _with_addresses(base_url: str) -> dict[str, Any]:
    return {
        "display_information": {"name": "Tocsin", "description": "Incident management"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": False},
            "bot_user": {"display_name": "Tocsin", "always_online": True},
            "shortcuts": [
                {
                    "name": "Add to incident timeline", "type": "message", "callback_id": SHORTCUT,
                    "description": "Copies this message to the timeline of the incident of this channel",
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND, "url": f"{base_url}/slack/commands",
                    "description": "Work on incidents", "usage_hint": "help", "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"request_url": f"{base_url}/slack/events", "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, "request_url": f"{base_url}/slack/interactions"},
            "org_deploy_enabled": False, "socket_mode_enabled": False, "token_rotation_enabled": False,
        },
    }  # fmt: skip


def missing_scopes(granted: list[str]) -> list[str]:
    """Scopes of the manifest that the token lacks."""
    return [scope for scope in SCOPES if scope not in granted]
