"""The API of calendar feeds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.oncall.as_json import feed_json
from accounts.oncall.feed_urls import feed_url
from accounts.oncall.schemas import FeedIn, FeedOut, IssuedFeedOut
from accounts.oncall.services.feeds import create_feed, feeds_of, revoke_feed
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only

router = Router(tags=["Calendar feeds"])


class FeedId(Schema):
    """A calendar feed."""

    feed_id: int = Field(ge=0, le=2**62)


@router.get("", response=list[FeedOut], summary="List calendar feeds")
def list_feeds(request: HttpRequest) -> Any:
    """List your own feeds and, for managers, those of the workspace; URLs are never included."""
    known_only(request, ())
    return [feed_json(feed) for feed in feeds_of(actor_in(request))]


@router.post("", response={201: IssuedFeedOut}, summary="Create a calendar feed")
def add_feed(request: HttpRequest, body: FeedIn) -> Any:
    """Create a feed. Its URL is returned only in this response."""
    issued = create_feed(actor_in(request), **body.model_dump())
    return Status(201, feed_json(issued.row) | {"url": feed_url(issued.secret)})


@router.delete("/{feed_id}", response={204: None}, summary="Revoke a calendar feed")
def delete_feed(request: HttpRequest, where: Path[FeedId]) -> Any:
    """Delete a feed. Programs that read it get 404 from now on."""
    revoke_feed(actor_in(request), feed_id=where.feed_id)
    return Status(204, None)
