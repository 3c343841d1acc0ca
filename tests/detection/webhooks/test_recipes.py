"""The recipes of the documentation, each run: an incident opens, and is resolved."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from incidents.models import Incident

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "recipes-for-senders.md"
FORM = "application/x-www-form-urlencoded"
FORMATS = {"StatusCake": "form", "Uptime Kuma": "uptime-kuma", "UptimeRobot": "uptimerobot"}
# What the senders put in the place of their macros: in the alarm, and then in the recovery.
MACROS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "Zabbix": (
        {"EVENT.ID": "8102", "EVENT.NAME": "High CPU utilization (over 90% for 5m)", "HOST.NAME": "db-1",
         "EVENT.VALUE": "1", "EVENT.NSEVERITY": "4", "EVENT.OPDATA": "Current utilization: 97.2 %",
         "TRIGGER.ID": "17422"},
        {"EVENT.VALUE": "0"},
    ),
    "Icinga": (
        {"host.name": "db-1", "service.name": "disk", "service.state": "CRITICAL",
         "notification.type": "PROBLEM", "service.output": "DISK CRITICAL - free space: /var 812 MB (3%)",
         "icinga.timet": "{NOW}"},
        {"service.state": "OK", "notification.type": "RECOVERY"},
    ),
    "New Relic": (
        {"issueId": '"b1b3c2ad-72a5-4c65-9d22-3d3e9a9ab111"',
         "annotations.title.[0]": '"Apdex of shop is low"',
         "state": '"ACTIVATED"', "priority": '"CRITICAL"', "entitiesData.names.[0]": '"shop"',
         "issuePageUrl": '"https://radar-api.service.newrelic.com/issues/b1b3"', "createdAt": "{NOW}000"},
        {"state": '"CLOSED"'},
    ),
    "Kibana": (
        {"rule.name": "CPU above 90 %", "alert.id": "db-1", "context.reason": "CPU usage is 97%",
         "context.alertDetailsUrl": "https://kibana.example/app/observability/alerts/1", "date": "{ISO}"},
        {"state of Kibana": "recovered"},
    ),
}  # fmt: skip
CHECKMK = {
    "HOSTNAME": "db-1", "HOSTSTATE": "UP", "HOSTOUTPUT": "Packet received", "SERVICEDESC": "Filesystem /var",
    "SERVICESTATE": "CRIT", "SERVICEOUTPUT": "Used: 97.0%", "NOTIFICATIONTYPE": "PROBLEM", "WHAT": "SERVICE",
    "CONTACTNAME": "tocsin", "OMD_SITE": "prod",
}  # fmt: skip
EXPECTED = {
    "Zabbix": ("High CPU utilization (over 90% for 5m)", "sev2", "db-1"),
    "Icinga": ("db-1: disk", "sev1", "db-1"),
    "Checkmk": ("db-1: Filesystem /var", "sev1", "db-1"),
    "New Relic": ("Apdex of shop is low", "sev1", "shop"),
    "Kibana": ("CPU above 90 %: db-1", "sev2", "db-1"),
    "StatusCake": ("Shop is Down", "sev2", "Shop"),
    "Uptime Kuma": ("Shop is down", "sev2", "Shop"),
    "UptimeRobot": ("Shop is down", "sev2", "Shop"),
}


def section(name: str) -> str:
    return PAGE.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def block(name: str, kind: str) -> str:
    found = re.search(rf"```json {kind}\n(.*?)```", section(name), re.DOTALL)
    return found[1] if found else ""


def filled(template: str, values: dict[str, str]) -> str:
    """The template as the sender fills it in; a macro without a value fails the test."""
    now = {"{NOW}": str(int(time.time())), "{ISO}": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    for macro, value in values.items():
        for word, moment in now.items():
            value = value.replace(word, moment)
        for written in (f"{{{{ json {macro} }}}}", f"{{{{{macro}}}}}", f"{{{macro}}}", f"${macro}$"):
            template = template.replace(written, value)
    template = template.replace('"active"', f'"{values.get("state of Kibana", "active")}"')
    assert not re.search(r"\{[A-Z.]+\}|\{\{|\$\w", template), template
    return template


def recorded(name: str) -> list[tuple[str, str]]:
    """The two requests of a sender: the body and its type."""
    if name in MACROS:
        alarm, recovery = MACROS[name]
        template = block(name, "body")
        return [(filled(template, values), "application/json") for values in (alarm, alarm | recovery)]
    if name == "Checkmk":
        over = CHECKMK | {"SERVICESTATE": "OK", "NOTIFICATIONTYPE": "RECOVERY"}
        return [(json.dumps(one), "application/json") for one in (CHECKMK, over)]
    if name == "StatusCake":
        form = "URL=https%3A%2F%2Fshop.example&Token=0123abcd&Name=Shop&StatusCode={}&Status={}&Tags="
        return [(form.format(*given), FORM) for given in (("503", "Down"), ("200", "Up"))]
    if name == "UptimeRobot":
        form = "monitorID=777&monitorFriendlyName=Shop&alertType={}&alertDetails=x"
        return [(form.format(kind), FORM) for kind in ("1", "2")]
    return [(json.dumps(_kuma(status)), "application/json") for status in (0, 1)]


def _kuma(status: int) -> dict[str, Any]:
    return {
        "heartbeat": {"monitorID": 29, "status": status, "msg": "502", "important": True, "duration": 60},
        "monitor": {"id": 29, "name": "Shop", "url": "https://shop.example", "type": "http", "tags": []},
        "msg": "[Shop] 502",
    }


def test_page_has_a_recipe_for_each_sender() -> None:
    assert re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE) == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_recipe_opens_an_incident_and_resolves_it(make_sender: Any, name: str) -> None:
    mapping = block(name, "mapping")
    sender = make_sender(FORMATS.get(name, "generic"), mapping=json.loads(mapping) if mapping else {})
    address = f"/api/v1/webhooks/{FORMATS.get(name, 'generic')}/{sender.key}"
    assert FORMATS.get(name, "generic") in section(name).replace("Generic", "generic") or name in MACROS
    for (body, kind), status in zip(recorded(name), ("open", "resolved"), strict=True):
        response = Client().post(address, body, content_type=kind)
        assert response.status_code == 202, response.content
        incident = Incident.across_workspaces.get()
        assert incident.status == status, body
    title, severity, component = EXPECTED[name]
    touched = list(incident.affected.values_list("component__name", flat=True))
    assert (incident.title, incident.severity, touched) == (title, severity, [component])
