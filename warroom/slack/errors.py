"""Classifies Slack's error codes: whether to retry, and hints for people. Pure."""

from __future__ import annotations

from typing import Final

from core.queue.retry import PassingError, PermanentError

UNKNOWN_OUTCOME: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "timeout"}
)
REVOKED: Final = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "org_login_required"}
)
NOT_ALLOWED: Final = frozenset(
    {"missing_scope", "restricted_action", "not_allowed_token_type", "no_permission", "ekm_access_denied"}
)
CHANNEL_GONE: Final = frozenset({"channel_not_found"})
CARD_GONE: Final = frozenset({"message_not_found", "cant_update_message"})
BAD_BLOCKS: Final = frozenset(
    {"msg_too_long", "invalid_blocks", "invalid_attachments", "invalid_blocks_format"}
)
SKIPS_PERSON: Final = frozenset(
    {
        "user_not_found",
        "cant_invite",
        "user_is_restricted",
        "ura_max_channels",
        "users_not_found",
        "cant_invite_self",
    }
)
HINTS: Final = {
    "name_taken": "A channel with this name already exists.",
    "channel_not_found": "The channel was deleted, or the app cannot see it. Open a new room.",
    "is_archived": "The channel is archived. A person must unarchive it in Slack.",
    "method_not_supported_for_channel_type": "The channel is private. Invite the app: /invite @Tocsin.",
    "not_in_channel": "Invite the app to the channel: /invite @Tocsin.",
    "missing_scope": "Add the missing scope to the Slack app and reinstall it.",
    "restricted_action": "A policy of your Slack organization forbids this to apps. Ask a Slack admin.",
    "not_allowed_token_type": "Use the bot token of the app; it begins with xoxb-.",
    "no_permission": "The app may not do this in Slack. Ask a Slack admin.",
    "invalid_auth": "Slack rejected the bot token. Paste the current one in Settings, Slack.",
    "not_authed": "No bot token is set. Paste it in Settings, Slack.",
    "token_revoked": "The bot token was revoked. Reinstall the app and paste the new one in Settings, Slack.",
    "token_expired": "The bot token has expired. Paste a new one in Settings, Slack.",
    "account_inactive": "The app was removed from Slack. Reinstall it and paste the new token.",
    "user_not_found": "This person is not in the Slack team.",
    "users_not_found": "This person has no Slack account with the same email address.",
    "cant_invite": "Slack does not let the app invite this person.",
    "user_is_restricted": "This person is a guest in Slack and cannot be invited.",
    "ura_max_channels": "This guest may not join another channel.",
    "too_many_convos_for_team": "The Slack team has reached its limit of channels.",
    "cannot_create_channel": "The Slack team does not let apps create channels.",
    "ratelimited": "Slack asked to wait.",
    "cant_kick_self": "The app cannot remove itself.",
    "cant_kick_from_general": "Slack removes nobody from this channel. Remove the person in Slack.",
    "not_supported": "Slack does not let the app remove this person. Remove them in Slack.",
    "not_removed": "No Slack account is linked to this member. Remove them in Slack.",
    "not_linked": "No Slack account is linked to this member. Link it in Settings, Slack.",
}  # fmt: skip


# Known permanent errors: a retry would not help.
KNOWN: Final = frozenset(HINTS).union(
    NOT_ALLOWED, CHANNEL_GONE, CARD_GONE, BAD_BLOCKS, SKIPS_PERSON,
    (
        "already_archived", "already_in_channel", "already_pinned", "exchanged_trigger_id",
        "expired_trigger_id", "invalid_arguments", "invalid_name", "invalid_name_maxlength",
        "invalid_name_required", "invalid_name_specials", "invalid_trigger_id", "message_not_modified",
        "no_pin", "no_text", "thread_not_found", "too_long", "unknown_method", "user_not_in_channel",
    ),
)  # fmt: skip


class SlackRefusedError(PermanentError):
    """Slack refused a call permanently: `code` is its error code, `needed` the missing scope."""

    def __init__(self, method: str, code: str, needed: str = "") -> None:
        super().__init__(f"Slack refused {method}: {code}" + f" (needs {needed})" * bool(needed))
        self.method, self.code, self.needed = method, code, needed

    @property
    def is_known(self) -> bool:
        """Whether the code is a known permanent error; unknown ones are retried."""
        return self.code in KNOWN

    @property
    def hint(self) -> str:
        """Hint for people."""
        known = HINTS.get(self.code, f"Slack returned {self.code}.")
        return f"{known} Missing scope: {self.needed}." if self.needed else known


class SlackBusyError(PassingError):
    """Slack rate-limited this method; nothing was done."""


class SlackUnknownError(PassingError):
    """The call may or may not have been executed: no response, or an error that says so."""


class SlackRevokedError(PassingError):
    """The team's token is revoked: work waits for a new one."""
