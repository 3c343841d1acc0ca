"""Authenticates a calendar feed by the secret in its URL."""

from __future__ import annotations

import hashlib

from accounts.models import CalendarFeed, Membership


def digest_of(secret: str) -> str:
    """Return the digest under which the secret of a feed is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def feed_named(secret: str) -> CalendarFeed | None:
    """Return the live feed of a secret whose person is still a member.

    The secret alone names the workspace.
    """
    feeds = CalendarFeed.across_workspaces.filter(digest=digest_of(secret), revoked_at=None)
    feed: CalendarFeed | None = feeds.select_related("workspace", "user").first()
    if feed is None or feed.user_id is None:
        return feed
    members = Membership.objects.of(feed.workspace_id).filter(user_id=feed.user_id, user__is_active=True)
    return feed if members.exists() else None
