"""Debian's Prometheus and Alertmanager and PagerDuty's own client, pointed at a real web process over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pagerduty
import pytest

from core.embedded.process import free_port
from detection.models import ChangeEvent
from incidents.models import Incident
from tests.detection.webhooks.running import Served, alertmanager, open_shop, prometheus, served, until
from tests.detection.webhooks.senders import Sender

# In one group, so that one process starts one web server for all of them.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.xdist_group("senders"),
]


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A web server on the database of the tests; every test brings its own sources."""
    with served(tmp_path_factory.mktemp("site")) as running:
        yield running


def of(sender: Sender, status: str) -> list[Incident]:
    rows = Incident.objects.of(sender.source.workspace_id)
    return list(rows.filter(status=status, signals__reporter=f"source:{sender.source.name}"))


def test_prometheus_and_alertmanager_by_webhook_and_as_pagerduty(site, tmp_path, make_sender):
    hook, pager = make_sender("alertmanager", "Webhook"), make_sender("pagerduty", "Pager")
    http = {"http_config": {"tls_config": {"ca_file": str(site.trust)}}, "send_resolved": True}
    receivers = [
        {"name": "webhook", "webhook_configs": [{"url": site.url + hook.address, **http}]},
        {"name": "pager", "pagerduty_configs": [
            {"url": f"{site.url}/v2/enqueue", "routing_key": pager.key, "severity": "error", **http}]},
    ]  # fmt: skip
    is_firing = {
        "alert": "ShopDown", "expr": "shop_is_down == 1", "labels": {"severity": "critical"},
        "annotations": {"summary": "<b>Shop</b> is down"},
    }  # fmt: skip
    port = free_port()
    with (
        open_shop() as shop,
        alertmanager(tmp_path, receivers, port),
        prometheus(tmp_path, [is_firing], shop.port, port),
    ):
        until(lambda: of(hook, "open") and of(pager, "open"))
        [by_hook], [by_pager] = of(hook, "open"), of(pager, "open")
        assert (by_hook.title, by_hook.severity) == ("ShopDown: <b>Shop</b> is down", "sev1")
        assert by_hook.labels["job"] == "shop"
        assert (by_pager.severity, "ShopDown" in by_pager.title) == ("sev2", True)
        shop.is_down = 0
        until(lambda: of(hook, "resolved") and of(pager, "resolved"))
    assert Incident.objects.of(hook.source.workspace_id).count() == 2


def test_pagerdutys_own_client(site, make_sender):
    pager, when = make_sender("pagerduty"), "2026-11-21T10:00:00Z"
    trusting = ssl.create_default_context(cafile=str(site.trust))
    with pagerduty.EventsApiV2Client(pager.key, base_url=site.url, verify=trusting) as client:
        key = client.trigger("Disk full", "db-1", severity="error", custom_details={"free": 3})
        assert client.trigger("Disk full", "db-1", dedup_key=key, severity="error") == key
        client.acknowledge(key)
        assert pager.only_incident().acknowledged_label
        client.resolve(key)
        assert pager.only_incident().status == "resolved"
        build = [{"href": "https://ci.test/7", "text": "Build"}]
        client.submit("Build 7", source="ci", links=build, timestamp=when)
        assert ChangeEvent.objects.of(pager.source.workspace_id).get().summary == "Build 7"
        with pytest.raises(pagerduty.HttpError, match="400"):
            client.trigger("Disk full", "db-1", severity="purple")
    with (
        pagerduty.EventsApiV2Client("x" * 32, base_url=site.url, verify=trusting) as outsider,
        pytest.raises(pagerduty.HttpError, match="400"),
    ):
        outsider.resolve(key)
