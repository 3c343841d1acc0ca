"""Onboarding steps about mail and channels."""

from __future__ import annotations

from django.conf import settings

from accounts.actor import Actor
from core.ui.onboarding import onboarding_step
from notifications.channels.models import Channel


@onboarding_step(
    "mail",
    title="Set up mail",
    why="Invitations, pages and reminders go by mail. Set these two in the environment and restart.",
    url="/settings/deployment",
    link="View settings",
    order=42,
    code="SMTP_URL=smtp://user:password@mail.example.com:587 MAIL_FROM='Tocsin <tocsin@example.com>'",
)
def _sends_mail(actor: Actor) -> bool:
    return bool(settings.MAIL_FROM)


@onboarding_step(
    "test_alert",
    title="Create a channel and send a test",
    why="So that you know that a page arrives before the first incident needs it.",
    url="/settings/channels",
    link="View channels",
    order=43,
)
def _has_sent_something(actor: Actor) -> bool:
    sent = Channel.objects.of(actor.workspace_id).filter(last_ok_at__isnull=False)
    return sent.exclude(kind="log").exists()
