"""Subscribes, confirms and unsubscribes addresses. The response never says whether an address was known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from accounts.validation import clean_email, invalid
from core.errors import Gone, NotFound, RateLimited
from core.http.addresses import address_fault
from core.queue.models import Priority
from core.queue.runner import nudge_queue
from core.rate_limit.limiter import Limit, rate_limiter
from core.secrets.encryption import encrypt
from core.secrets.signing import new_webhook_secret
from status.pages.models import PublicComponent, StatusPage
from status.queues import SUBSCRIBERS
from status.subscriptions.models import Subscriber, SubscriberMessage

MAX_CONFIRMS_A_DAY: Final = 3  # per mailbox or webhook and page
MAX_CONFIRMS_OF_ALL_PAGES_A_DAY: Final = 12
MAX_REQUESTS_AN_HOUR: Final = 5  # per network
MAX_REQUESTS_OF_ALL_AN_HOUR: Final = 500  # per page
MAX_CONFIRMS_OF_A_SERVER_A_DAY: Final = 20  # per webhook host and page
MAX_CONFIRMS_OF_A_SERVER_OF_ALL_PAGES_A_DAY: Final = 400
UNCONFIRMED_LIFE: Final = timedelta(days=2)  # confirmation links are valid for one
MAX_SUBSCRIBERS: Final = 20_000
MAX_URL: Final = 500
MANY_REQUESTS: Final = "Too many requests. Nothing was sent. Try again in an hour."
MANY_WEBHOOKS: Final = (
    "Too many webhooks of this server were registered today. Nothing was sent. Try again tomorrow."
)


def subscribe(
    workspace_id: int, *, kind: str, address: str, components: Sequence[str] = (), client: str
) -> None:
    """Plan a confirmation to the address; the subscription starts once it is confirmed.

    A known address gets the same response, and a confirmation only if it is unconfirmed or the components
    differ. Raises Invalid (field `address` or `components`), RateLimited (by client, page or webhook server).
    """
    _charge(_requests(client, MAX_REQUESTS_AN_HOUR), MANY_REQUESTS)
    cleaned = _clean_address(kind, address)
    _charge(_requests(f"page:{workspace_id}", MAX_REQUESTS_OF_ALL_AN_HOUR), MANY_REQUESTS)
    for limit in _limits_of_server(workspace_id, cleaned) if kind == Subscriber.Kind.WEBHOOK else ():
        _charge(limit, MANY_WEBHOOKS)
    digest = hashlib.sha256(cleaned.encode()).hexdigest()
    chosen = list(PublicComponent.objects.of(workspace_id).filter(public_id__in=list(components)))
    if components and not chosen:
        raise invalid("components", "known", "that you chose were removed from the page: choose again")
    try:
        for limit in _limits_of_address(workspace_id, kind, cleaned):
            rate_limiter().charge(limit)
    except RateLimited:
        return  # the same response, so that known addresses are not revealed
    with transaction.atomic():
        # Locked, so that a concurrent request does not delete the row.
        pages = StatusPage.objects.of(workspace_id).select_for_update(of=("self",), no_key=True)
        page = pages.filter(is_enabled=True).first()
        if page is None or not _has_room(workspace_id):
            return
        found = _row(page, kind, cleaned, digest)
        SubscriberMessage.objects.create(
            workspace_id=workspace_id, subscriber=found, kind=SubscriberMessage.Kind.CONFIRM,
            event_key=f"confirm:{timezone.now().timestamp()}", priority=Priority.NOTICE,
            payload={"components": [one.public_id for one in chosen], "names": [one.name for one in chosen]},
        )  # fmt: skip
        nudge_queue(SUBSCRIBERS)


def _charge(limit: Limit, words: str) -> None:
    try:
        rate_limiter().charge(limit)
    except RateLimited as refusal:
        raise RateLimited(words, headers=refusal.headers) from refusal


def _requests(whose: str, most: int) -> Limit:
    return Limit(f"status-subscribe:{whose}", most, 3600, "requests an hour")


def _limits_of_address(workspace_id: int, kind: str, address: str) -> tuple[Limit, Limit]:
    """Limits of confirmations to a webhook, or to a mailbox regardless of `+` tags."""
    if kind == Subscriber.Kind.EMAIL:
        name, _, host = address.partition("@")
        address = f"{name.partition('+')[0]}@{host}"
    return _confirms(workspace_id, address, MAX_CONFIRMS_A_DAY, MAX_CONFIRMS_OF_ALL_PAGES_A_DAY)


def _limits_of_server(workspace_id: int, url: str) -> tuple[Limit, Limit]:
    most, in_all = MAX_CONFIRMS_OF_A_SERVER_A_DAY, MAX_CONFIRMS_OF_A_SERVER_OF_ALL_PAGES_A_DAY
    return _confirms(workspace_id, f"//{urlsplit(url).hostname or ''}", most, in_all)


def _confirms(workspace_id: int, target: str, most: int, in_all: int) -> tuple[Limit, Limit]:
    """A limit per page and a higher one over all pages."""
    digest = hashlib.sha256(target.lower().encode()).hexdigest()[:32]
    return (
        Limit(f"status-confirm:{workspace_id}:{digest}", most, 86_400, "confirmations a day"),
        Limit(f"status-confirm:{digest}", in_all, 86_400, "confirmations a day"),
    )


def _has_room(workspace_id: int) -> bool:
    """Whether there may be another subscriber; removes those not confirmed in time."""
    since = timezone.now() - UNCONFIRMED_LIFE
    rows = Subscriber.objects.of(workspace_id)
    waiting = rows.filter(subscriber_state=Subscriber.State.PENDING, created_at__lt=since)
    waiting.exclude(messages__created_at__gte=since).delete()
    return bool(rows.exclude(subscriber_state=Subscriber.State.ENDED).count() < MAX_SUBSCRIBERS)


def confirm(workspace_id: int, *, public_id: str, components: Sequence[str]) -> None:
    """Confirm the address, since its owner opened the link. Idempotent.

    Raises Gone, also if none of the components is left on the page.
    """
    with transaction.atomic():
        found = _subscriber(workspace_id, public_id)
        chosen = list(PublicComponent.objects.of(workspace_id).filter(public_id__in=list(components)))
        if components and not chosen:
            raise Gone("The components that you chose were removed from the page. Subscribe again.")
        if found.subscriber_state != Subscriber.State.CONFIRMED:
            found.confirmed_at = timezone.now()
        found.subscriber_state, found.ended_reason = Subscriber.State.CONFIRMED, ""
        found.all_components = not chosen
        found.save(update_fields=["subscriber_state", "confirmed_at", "ended_reason", "all_components"])
        found.components.set(chosen)


def unsubscribe(workspace_id: int, *, public_id: str, reason: str = "Unsubscribed") -> None:
    """Unsubscribe, and drop unsent messages. Idempotent. Raises Gone."""
    with transaction.atomic():
        found = _subscriber(workspace_id, public_id)
        found.subscriber_state, found.ended_reason = Subscriber.State.ENDED, reason[:200]
        found.save(update_fields=["subscriber_state", "ended_reason"])
        SubscriberMessage.objects.of(workspace_id).filter(subscriber=found, state="pending").delete()


def remove_subscriber(actor: Actor, *, public_id: str) -> None:
    """Delete a subscriber. Raises NotFound, Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    with transaction.atomic():
        rows = Subscriber.objects.of(actor.workspace_id).select_for_update()
        found = rows.filter(public_id=public_id).first()
        if found is None:
            raise NotFound("There is no such subscriber.")
        record(actor, action="status_subscriber.remove", target=found, summary="Subscriber removed")
        found.delete()


def _clean_address(kind: str, address: str) -> str:
    if kind == Subscriber.Kind.EMAIL:
        return clean_email(address, field="address")
    if kind != Subscriber.Kind.WEBHOOK:
        raise invalid("kind", "choice", "must be email or webhook")
    url = address.strip()
    if not url.startswith("https://") or len(url) > MAX_URL or address_fault(url):
        raise invalid("address", "url", f"must be an https:// address of at most {MAX_URL} characters")
    return url


def _row(page: StatusPage, kind: str, address: str, digest: str) -> Subscriber:
    rows = Subscriber.objects.of(page.workspace_id).select_for_update(of=("self",), no_key=True)
    secret = new_webhook_secret() if kind == Subscriber.Kind.WEBHOOK else ""
    found: Subscriber = rows.get_or_create(
        page=page, kind=kind, digest=digest,
        defaults={
            "workspace_id": page.workspace_id, "address": encrypt(address),
            "secret": encrypt(secret) if secret else "",
        },
    )[0]  # fmt: skip
    return found


def _subscriber(workspace_id: int, public_id: str) -> Subscriber:
    rows = Subscriber.objects.of(workspace_id).select_for_update()
    found: Subscriber | None = rows.filter(public_id=public_id).first()
    if found is None:
        raise Gone("This subscription no longer exists.")
    return found
