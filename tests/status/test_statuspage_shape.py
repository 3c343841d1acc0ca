"""The JSON has Statuspage's documented fields and types, no fewer."""

from __future__ import annotations

from datetime import datetime

from status.publishing.services.incidents import publish_incident

TEXT, TIME = str, "time"
PAGE = {"id": TEXT, "name": TEXT, "url": TEXT, "time_zone": TEXT, "updated_at": TIME}
COMPONENT = {
    "id": TEXT, "name": TEXT, "status": TEXT, "created_at": TIME, "updated_at": TIME, "position": int,
    "description": (str, None), "showcase": bool, "start_date": (str, None), "group_id": (str, None),
    "page_id": TEXT, "group": bool, "only_show_if_degraded": bool,
}  # fmt: skip
UPDATE = {
    "id": TEXT, "status": TEXT, "body": TEXT, "incident_id": TEXT, "created_at": TIME, "updated_at": TIME,
    "display_at": TIME,
}  # fmt: skip
INCIDENT = {
    "id": TEXT, "name": TEXT, "status": TEXT, "created_at": TIME, "updated_at": TIME, "impact": TEXT,
    "shortlink": TEXT, "page_id": TEXT, "started_at": TIME, "incident_updates": [UPDATE],
    "components": [COMPONENT],
}  # fmt: skip
STATUS = {"indicator": TEXT, "description": TEXT}
DOCUMENTS = {
    "summary": {
        "page": PAGE, "status": STATUS, "components": [COMPONENT], "incidents": [INCIDENT],
        "scheduled_maintenances": list,
    },
    "status": {"page": PAGE, "status": STATUS},
    "components": {"page": PAGE, "components": [COMPONENT]},
    "incidents": {"page": PAGE, "incidents": [INCIDENT]},
    "incidents/unresolved": {"page": PAGE, "incidents": [INCIDENT]},
    "scheduled-maintenances": {"page": PAGE, "scheduled_maintenances": list},
    "scheduled-maintenances/upcoming": {"page": PAGE, "scheduled_maintenances": list},
    "scheduled-maintenances/active": {"page": PAGE, "scheduled_maintenances": list},
}  # fmt: skip


def check(value, shape, where):
    if isinstance(shape, dict):
        for name, inner in shape.items():
            check(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert value, f"{where} is empty"
        for one in value:
            check(one, shape[0], where)
    elif shape == TIME:
        assert datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo, where
    elif isinstance(shape, tuple):
        assert value is None or isinstance(value, shape[0]), where
    else:
        assert isinstance(value, shape), where


def test_every_document_has_the_documented_fields(scenario):
    publish_incident(scenario.actor, number=scenario.incident.number)
    scenario.build()
    for name, shape in DOCUMENTS.items():
        check(scenario.json(name), shape, name)
    components = scenario.json("components")["components"]
    assert {one["group"] for one in components} == {True, False}
    groups = {one["id"] for one in components if one["group"]}
    assert {one["group_id"] for one in components if not one["group"]} == groups
    assert scenario.get("api/v2/summary.json")["Access-Control-Allow-Origin"] == "*"
