"""Sends messages to subscribers, by mail or webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from core.http.client import HttpPassingError, HttpPermanentError, request
from core.queue.retry import PermanentError
from core.secrets.encryption import decrypt
from core.secrets.signing import sign_webhook
from notifications.channels.kinds.email import SMTP_S, inlined, message_id, send_mail
from status.snapshots.markdown import public_markdown
from status.subscriptions.models import Subscriber, SubscriberMessage
from status.subscriptions.selectors import is_taken_off
from status.subscriptions.services.subscribing import unsubscribe
from status.subscriptions.tokens import link_token

MAX_READ_BYTES: Final = 64_000
GONE: Final = 410
MAX_CONFIRM_TRIES: Final = 3  # not confirmed yet


def send_message(message: SubscriberMessage) -> None:
    """Send a message, unless the person unsubscribed or its subject was removed from the page.

    Raises PassingError, PermanentError.
    """
    subscriber = message.subscriber
    if message.kind == SubscriberMessage.Kind.UPDATE:
        is_wanted = subscriber.subscriber_state == Subscriber.State.CONFIRMED
        if not is_wanted or is_taken_off(message.workspace_id, str(message.payload.get("id", ""))):
            return
    if subscriber.kind == Subscriber.Kind.EMAIL:
        send_mail(mail_of(message))
    else:
        _post(message)


def links_of(message: SubscriberMessage) -> dict[str, str]:
    """URLs to confirm and to unsubscribe."""
    subscriber, base = message.subscriber, f"{settings.BASE_URL}/status/{message.subscriber.page.slug}"
    chosen = message.payload.get("components", []) if message.kind == SubscriberMessage.Kind.CONFIRM else []
    return {
        "confirm_url": f"{base}/confirm/{link_token('confirm', subscriber, chosen)}",
        "unsubscribe_url": f"{base}/unsubscribe/{link_token('unsubscribe', subscriber)}",
    }


def mail_of(message: SubscriberMessage) -> EmailMultiAlternatives:
    """The mail, with one-click unsubscribe (RFC 8058). Raises PermanentError."""
    if not settings.MAIL_FROM:
        raise PermanentError("no mail server is configured: set SMTP_URL and MAIL_FROM")
    facts, links = message.payload, links_of(message)
    page = message.subscriber.page
    headers = {"Message-ID": message_id(f"s-{message.public_id}"), "Auto-Submitted": "auto-generated"}
    name, subject = "confirm", f"Confirm your subscription to {page.title}"
    if message.kind == SubscriberMessage.Kind.UPDATE:
        name, subject = "update", f"[{page.title}] {facts['label']}: {facts['title']}"
        thread = message_id(f"status-{facts['id']}")
        headers |= {
            "In-Reply-To": thread, "References": thread,
            "List-Unsubscribe": f"<{links['unsubscribe_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }  # fmt: skip
    context = {"facts": facts, "page": page, "html": public_markdown(facts.get("body", "")), **links}
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:200],
        body=render_to_string(f"status/mail/{name}.txt", context),
        from_email=settings.MAIL_FROM,
        to=[decrypt(message.subscriber.address)],
        headers=headers,
        connection=get_connection(timeout=SMTP_S),
    )
    mail.attach_alternative(inlined(render_to_string(f"status/mail/{name}.html", context)), "text/html")
    return mail


def webhook_body(message: SubscriberMessage) -> dict[str, Any]:
    """JSON body of a webhook: the format of Statuspage, or a confirmation."""
    facts, links = message.payload, links_of(message)
    if message.kind == SubscriberMessage.Kind.CONFIRM:
        secret = decrypt(message.subscriber.secret)
        return {
            "type": "subscription.confirm", "page": message.subscriber.page.title,
            "confirm_url": links["confirm_url"], "secret": secret,
        }  # fmt: skip
    return {
        "type": "status.update",
        "meta": {"unsubscribe": links["unsubscribe_url"], "documentation": facts["page_url"]},
        "page": {"status_indicator": facts["indicator"], "status_description": facts["description"]},
        "incident": {
            "id": facts["id"], "name": facts["title"], "status": facts["status"],
            "impact": facts["impact"], "shortlink": facts["url"], "components": facts["components"],
            "incident_updates": [
                {"status": facts["status"], "body": facts["body"], "created_at": facts["at"]}
            ],
        },
    }  # fmt: skip


def _post(message: SubscriberMessage) -> None:
    subscriber, name = message.subscriber, f"msg_{message.public_id}"
    body = orjson.dumps(webhook_body(message))
    signed = sign_webhook((decrypt(subscriber.secret),), name, datetime.now(UTC), body)
    headers = {"Content-Type": "application/json", **signed}
    try:
        request(
            "POST", decrypt(subscriber.address), content=body, headers=headers,
            max_bytes=MAX_READ_BYTES, cuts_body=True,
        )  # fmt: skip
    except HttpPermanentError as error:
        if error.status == GONE:
            reason = "The endpoint returned 410 Gone"
            unsubscribe(message.workspace_id, public_id=str(subscriber.public_id), reason=reason)
            return
        raise
    except HttpPassingError as error:
        if message.kind == SubscriberMessage.Kind.CONFIRM and message.attempts >= MAX_CONFIRM_TRIES:
            raise PermanentError(f"not confirmed: {error}") from error
        raise
