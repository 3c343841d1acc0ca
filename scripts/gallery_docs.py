"""Screenshots for README and docs, into docs/img; as a program, the data of senders in them."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import django
from playwright.sync_api import Browser, Page

from scripts.gallery_world import INCIDENTS

if TYPE_CHECKING:  # needs settings, which need servers
    from tests.browser.site import Site

ADMIN: Final = "ines.morel"
IMAGES: Final = Path(__file__).resolve().parent.parent / "docs/img"
QUALITY: Final = 88  # of WebP: letters stay sharp, and a screen takes some 60 KB
# (kind, name, requests in a day, minutes since the last one)
SENDERS: Final = (
    ("alertmanager", "Prometheus, production", 46, 1),
    ("datadog", "Datadog monitors", 9, 38),
    ("github", "Deployments of the web shop", 14, 21),
    ("sentry", "Sentry, web shop", 17, 6),
)
MAPPED: Final = ("generic", "Cold store thermometers", 31)
READING: Final = {"probe": "cold-store-4", "celsius": -11.5, "limit": -18, "token": "abcdefgh12345"}
FIRING: Final = """{
  "version": "4", "status": "firing", "receiver": "tocsin",
  "groupKey": "{}:{alertname=\\"HighErrorRate\\"}",
  "alerts": [{
    "status": "firing", "startsAt": "2026-11-20T09:12:00Z",
    "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"},
    "annotations": {"summary": "Checkout returns 500 for 7 % of requests"}
  }]
}"""


def pictures(browser: Browser, site: Site) -> None:
    """Return all four, each one screen."""
    _picture(_signed_in(browser, site, "dana.ruiz", 860), "active-incidents")
    page = _signed_in(browser, site, ADMIN, 460)
    page.goto("/sources")
    _picture(page, "sources")
    page.goto("/quarantine")
    page.locator("tbody th a").first.click()
    _picture(page, "quarantine", 560)
    page.goto("/sources")
    page.get_by_role("link", name=SENDERS[0][1]).click()
    page.get_by_role("link", name="Send a test").click()
    page.get_by_label("Body").fill(FIRING)
    page.get_by_role("button", name="Send", exact=True).click()
    page.locator(".trail").wait_for()
    _picture(page, "step-log", 1000)


def _signed_in(browser: Browser, site: Site, who: str, height: int) -> Page:
    from tests.browser.conftest import sign_in

    size = {"width": 1440, "height": height}
    page = browser.new_page(base_url=site.url, viewport=size, color_scheme="light", reduced_motion="reduce")
    sign_in(page, who)
    return page


def _picture(page: Page, name: str, height: int | None = None) -> None:
    if height:
        page.set_viewport_size({"width": 1440, "height": height})
    page.wait_for_load_state()
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(350)  # for elements added by the page's scripts
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY}
    )
    (IMAGES / f"{name}.webp").write_bytes(b64decode(taken["data"]))


def build() -> None:
    """Create a company whose senders work, except for one that sends an incomplete request."""
    from django.test import Client
    from django.utils import timezone

    from config.installation.setup import create_workspace
    from detection.models import Source
    from detection.sources.services.sources import create_source

    _settle_the_hostile()
    admin = _admin(create_workspace(slug="larch", name="Larch Groceries").pk)
    client, now = Client(headers={"host": "localhost"}), timezone.now()
    for kind, name, count, minutes in SENDERS:
        source, key = create_source(admin, kind=kind, name=name)
        _send(client, kind, key, count)
        seen = now - timedelta(minutes=minutes)
        Source.objects.of(admin.workspace_id).filter(pk=source.pk).update(last_seen_at=seen)
    kind, name, count = MAPPED
    _, key = create_source(admin, kind=kind, name=name, mapping={"title": "alarm", "component": "probe"})
    for body in (*({"alarm": "Too warm", "probe": "cold-store-2"},) * count, *(READING,) * 3):
        client.post(f"/api/v1/webhooks/{kind}/{key}", body, content_type="application/json")


def _settle_the_hostile() -> None:
    """Resolve the incident with text that breaks layouts, which should not be in the docs."""
    from accounts.actor import system_actor
    from accounts.models import Workspace
    from incidents.lifecycle.services.resolving import resolve_incident

    resolve_incident(system_actor(Workspace.objects.get(slug="acme").pk), number=len(INCIDENTS))


def _admin(workspace_id: int) -> Any:
    from accounts.actor import Actor
    from accounts.models import Membership, Role, User
    from tests.browser.site_data import PASSWORD

    user = User.objects.create_user(ADMIN, f"{ADMIN}@example.test", PASSWORD, display_name="Ines Morel")
    Membership.objects.create(workspace_id=workspace_id, user=user, role=Role.ADMIN)
    return Actor(workspace_id, "user", user.label, user_id=user.pk, role=Role.ADMIN)


def _send(client: Any, kind: str, key: str, count: int) -> None:
    """Send the sample of a format so many times; repeats count as requests, not as alerts."""
    from detection.webhooks.format import webhook_formats

    guide = webhook_formats().get(kind).guide
    for _ in range(count):
        client.post(f"/api/v1/webhooks/{kind}/{key}", guide.text, guide.content_type, headers=guide.headers)


if __name__ == "__main__":
    django.setup()
    build()
