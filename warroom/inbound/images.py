"""Stores the pictures of messages that are put on the timeline: Slack deletes files, or hides them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from accounts.actor import Actor
from core.errors import Problem, Unavailable
from core.http.client import HttpPermanentError, request
from core.queue.retry import PassingError
from incidents.attachments.selectors import attachments_of
from incidents.attachments.services import MAX_BYTES, store_attachment
from incidents.models import Incident
from warroom.connection.models import SlackTeam

MAX_IMAGES: Final = 20
DOWNLOAD_S: Final = 20.0


def keep_images(team: SlackTeam, actor: Actor, incident: Incident, message: Mapping[str, Any]) -> list[str]:
    """Store the pictures of a message as attachments of the incident; repeated, nothing changes.

    Returns why some were not stored. Raises PassingError where another try may help.
    """
    faults = []
    for file in [one for one in message.get("files") or () if _is_image(one)][:MAX_IMAGES]:
        name = str(file.get("name") or "picture")
        if len(attachments_of(actor, incident)) >= MAX_IMAGES:
            faults.append(f"{name} was not stored: {incident.reference} has {MAX_IMAGES} pictures already.")
            continue
        try:
            store_attachment(actor, incident.number, name=name, body=_download(team, file))
        except Unavailable as error:
            raise PassingError(error.detail) from error
        except (Problem, HttpPermanentError) as error:
            faults.append(f"{name} was not stored: {getattr(error, 'detail', error)}")
    return faults


def _is_image(file: Mapping[str, Any]) -> bool:
    return str(file.get("mimetype", "")).startswith("image/") and _is_slack(str(file.get("url_private", "")))


def _is_slack(url: str) -> bool:
    """Whether the token may be sent there: Slack's own file server alone."""
    api, asked = urlsplit(settings.SLACK_API_URL), urlsplit(url)
    return asked.scheme == api.scheme and asked.netloc in (f"files.{api.netloc}", api.netloc)


def _download(team: SlackTeam, file: Mapping[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {team.token}"}
    url = str(file["url_private"])
    return request("GET", url, headers=headers, total_s=DOWNLOAD_S, max_bytes=MAX_BYTES).body
