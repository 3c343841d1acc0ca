"""A status page with an incident and a component, and its readers."""

from __future__ import annotations

import re
from datetime import timedelta

import orjson
from django.test import Client
from django.utils import timezone

from core.queue.runner import run_due
from core.queues import RELAY
from incidents.correlation.services.opening import declare_incident
from status.pages.services.components import add_component
from status.pages.services.pages import put_page
from status.queues import STATUS_PAGE, SUBSCRIBERS
from status.snapshots.models import PageBuild, Snapshot
from status.snapshots.store import store
from status.subscriptions.models import Subscriber, SubscriberMessage


def soon():
    return timezone.now() + timedelta(seconds=1)


class StatusScenario:
    def __init__(self, admin, actor, **page):
        self.admin, self.actor = admin, actor
        values = {"slug": "acme", "title": "Acme", "time_zone": "Europe/Berlin", **page}
        self.page = put_page(admin, values=values)
        self.incident = declare_incident(
            actor, title="pg-main-2 lost its quorum", severity="sev1", components=["checkout-api-1"]
        )
        self.component = add_component(
            admin, values={"name": "Checkout", "group": "Shop", "component": "checkout-api-1"}
        )
        self.outsider = Client()

    def build(self):
        """Let everything that happened reach the page, as the workers do."""
        run_due(RELAY, at=soon())
        PageBuild.objects.of(self.admin.workspace_id).update(due_at="2020-01-01T00:00:00Z")
        run_due(STATUS_PAGE, at=timezone.now())
        store.cache_clear()

    def builds_wanted(self):
        return PageBuild.objects.of(self.admin.workspace_id).get().wanted

    def deliver(self):
        return run_due(SUBSCRIBERS, at=soon())

    def get(self, form=""):
        return self.outsider.get(f"/status/acme{'/' + form if form else ''}")

    def json(self, name):
        return orjson.loads(self.get(f"api/v2/{name}.json").content)

    def forms(self):
        rows = Snapshot.objects.of(self.admin.workspace_id)
        return {row.form: bytes(row.body) for row in rows}

    def subscribe(self, address="reader@example.org", kind="email", components=(), network="127.0.0.1"):
        data = {"kind": kind, "address": address, "components": list(components)}
        return self.outsider.post("/status/acme/subscribe", data, REMOTE_ADDR=network)

    def subscribers(self):
        return Subscriber.objects.of(self.admin.workspace_id)

    def messages(self):
        return SubscriberMessage.objects.of(self.admin.workspace_id)


def link_in(text, word):
    return re.search(rf"https?://[^/\s]+(/status/acme/{word}/[^\s\"<>]+)", text)[1]
