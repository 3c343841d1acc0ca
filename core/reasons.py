"""The closed list of reasons: why an event, an incident or a person was handled as it was.

Every code path that drops, mutes, holds, delays or falls back names one. `docs/reference/reasons.md` lists
them.
"""

from __future__ import annotations

from django.db import models


class Reason(models.TextChoices):
    """A reason code and its sentence. Codes are stored and never change their meaning."""

    # Rules and events
    RULE_MATCHED = "rule_matched", "the event meets every condition of the rule"
    RULE_DISABLED = "rule_disabled", "the rule is disabled"
    RULE_TYPE = "rule_type", "the rule requires another event type"
    RULE_SOURCE = "rule_source", "the rule requires another source"
    RULE_LEVEL = "rule_level", "the level is below the minimum of the rule"
    RULE_PATTERN = "rule_pattern", "the message does not contain the pattern of the rule"
    RULE_GROUP = "rule_group", "the rule groups by correlation id and the event has none"
    RULE_CHANGED = "rule_changed", "the rule was changed after the event arrived"
    RULE_DRY_RUN = "rule_dry_run", "the rule is in dry run: it opens no incident"
    BELOW_THRESHOLD = "below_threshold", "fewer events than the threshold in the window"
    EVENT_LATE = "event_late", "the event arrived too late to be counted"
    # Refused requests and events
    REQUEST_MALFORMED = "request_malformed", "the request could not be parsed"
    REQUEST_INVALID = "request_invalid", "the request, or a part of it, violates its format"
    REQUEST_TOO_LARGE = "request_too_large", "the request is larger than the limit"
    REQUEST_SLOW = "request_slow", "the body did not arrive in time"
    MEDIA_TYPE = "media_type", "the media type or the encoding is not accepted"
    METHOD = "method", "the URL requires another HTTP method"
    SENDER_UNKNOWN = "sender_unknown", "the request has no valid token"
    SENDER_FORBIDDEN = "sender_forbidden", "the sender may not send this"
    SENDER_LIMITED = "sender_limited", "the sender exceeded its rate limit"
    SOURCE_UNKNOWN = "source_unknown", "no source has the key in the URL"
    SOURCE_OFF = "source_off", "the source is disabled"
    BAD_SIGNATURE = "bad_signature", "the signature matches no secret of the source"
    STORE_AWAY = "store_away", "the database could not be reached: nothing was stored"
    FIELD_MISSING = "field_missing", "a required field is missing"
    FIELD_WRONG = "field_wrong", "a field has a value that is not allowed"
    FIELD_TOO_LONG = "field_too_long", "a field is too long"
    EVENT_TOO_OLD = "event_too_old", "the event is older than the retention of events"
    EVENT_REPEATED = "event_repeated", "an event with this event_id is already stored"
    # Incidents
    NEW_SIGNAL = "new_signal", "no unresolved incident had this signal or its events"
    KNOWN_SIGNAL = "known_signal", "an unresolved incident has this signal"
    SHARED_EVENTS = "shared_events", "an unresolved incident counts some of these events"
    DECLARED = "declared", "the incident was declared"
    # Who is notified
    ROUTE_FITS = "route_fits", "a route matches and names the channel"
    POLICY_FITS = "policy_fits", "an escalation policy matches the incident"
    POLICY_STEP = "policy_step", "a step of the escalation names the person or channel"
    WAS_PAGED = "was_paged", "the destination was paged for this incident"
    CONCERNED = "concerned", "the event concerns this person or channel"
    RESENT = "resent", "it was resent manually"
    UNMUTED = "unmuted", "the silence, window or inhibition ended and the incident is unresolved"
    # Who is not notified
    NO_ROUTE_NAMES = "no_route_names", "no route names the channel"
    NO_ROUTE_FITS = "no_route_fits", "no route that names the channel matches"
    KIND_UNWANTED = "kind_unwanted", "channels of this kind do not send this event"
    CHANNEL_OFF = "channel_off", "the channel is disabled"
    NO_RECIPIENT = "no_recipient", "the channel has no recipient"
    DRILL = "drill", "the incident is a drill"
    DRILLS_ONLY = "drills_only", "the channel is for drills only"
    PRIVATE = "private", "the incident is private: channels are not notified"
    NOT_PUBLIC = "not_public", "the entry is not public: stakeholders are not notified"
    INCIDENT_GONE = "incident_gone", "the incident no longer exists"
    NO_CONTACT_METHOD = "no_contact_method", "the person has no verified contact method"
    NO_POLICY = "no_policy", "no escalation policy matches the incident"
    NO_ONE_ON_CALL = "no_one_on_call", "no person is on call"
    STEP_EMPTY = "step_empty", "a step of the escalation names no person"
    ADMINS_INSTEAD = (
        "admins_instead",
        "a whole round named no person who can be reached, so all admins were paged",
    )
    ACKNOWLEDGED = "acknowledged", "the incident is acknowledged, so the escalation is on hold"
    EXHAUSTED = "exhausted", "all rounds of the escalation have run"
    INCIDENT_OVER = "incident_over", "the incident is resolved"
    ALREADY_NOTIFIED = "already_notified", "the destination was notified of the incident since"
    STEP_NOT_REACHED = (
        "step_not_reached",
        "the escalation ended or is on hold before the step that names them",
    )
    NOT_NAMED = "not_named", "no step of the escalation names the person"
    # Muted
    SILENCED = "silenced", "a silence covers the incident"
    MAINTENANCE = "maintenance", "a maintenance window covers the incident"
    INHIBITED = "inhibited", "an incident is open on a component it depends on"
    # Held and delayed
    QUIET_HOURS = "quiet_hours", "the person has quiet hours"
    GROUPED = "grouped", "other notices of the incident may be merged with it"
    THROTTLED = "throttled", "the destination reached its limit of notices per minute"
    RATE_LIMITED = "rate_limited", "the receiver limits the rate"
    RETRIED = "retried", "an attempt failed and will be retried"
    # Ended without being sent
    MERGED = "merged", "a later notice of the incident includes it"
    REPEATED = "repeated", "the same message was sent to the person in the same way within a minute"
    DESTINATION_GONE = "destination_gone", "the channel or contact method was deleted"
    LOST_RESPONSE = "lost_response", "the response was lost: it may have been delivered"
    REFUSED = "refused", "the receiver rejected it"
    TRIES_USED_UP = "tries_used_up", "all attempts failed"
    # Fallbacks
    CHANNEL_BROKEN = "channel_broken", "the channel is broken, so its fallback is used as well"
    CHANNEL_FAILS = (
        "channel_fails",
        "the delivery is not getting through, so the fallback of its channel is used",
    )
