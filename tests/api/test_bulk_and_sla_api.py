"""Actions on many incidents and the SLA targets over the API."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.django_db
TARGETS = {f"sev{n}": {"acknowledge_within": 10 * n, "resolve_within": 100 * n} for n in (1, 2, 3, 4)}


def declared(api: Any, *titles: str) -> list[Any]:
    return [api.post("/incidents", {"title": title, "severity": "sev2"}).json() for title in titles]


def test_many_are_acknowledged_and_each_refusal_is_named(api: Any) -> None:
    one, two = declared(api, "A", "B")
    picks = [{"incident": one["incident_id"]}, {"incident": "inc_00002", "version": two["version"]}]
    made = api.post("/bulk-actions", {"kind": "acknowledge", "incidents": [*picks, {"incident": "77"}]})
    assert made.status_code == 200, made.content
    steps = {step["incident"]: step for step in made.json()["steps"]}
    assert [steps[name]["outcome"] for name in ("INC-1", "INC-2", "INC-77")] == ["done", "done", "refused"]
    assert steps["INC-77"]["why"]
    assert api.get("/incidents/2").json()["acknowledged_by"] == "Test token"
    again = api.post("/bulk-actions", {"kind": "acknowledge", "incidents": [*picks, {"incident": "77"}]})
    assert again.json()["id"] == made.json()["id"]
    undone = api.post(f"/bulk-actions/{made.json()['id']}/undo").json()
    assert undone["undone_at"]
    assert api.get("/incidents/2").json()["acknowledged_by"] is None
    assert api.get(f"/bulk-actions/{made.json()['id']}").json()["may_undo"] is False


def test_bad_requests_name_the_field(api: Any) -> None:
    for body, field in [
        ({"kind": "acknowledge", "incidents": []}, "incidents"),
        (
            {"kind": "acknowledge", "incidents": [{"incident": "1"}, {"incident": "what"}]},
            "incidents[1].incident",
        ),
        ({"kind": "explode", "incidents": [{"incident": "1"}]}, "kind"),
    ]:
        refused = api.post("/bulk-actions", body)
        assert refused.status_code == 422
        assert [fault["field"] for fault in refused.json()["errors"]] == [field]


def test_targets_are_read_and_replaced_and_a_stale_change_is_refused(api: Any) -> None:
    before = api.get("/sla/policies").json()
    assert before["sev1"] == {"acknowledge_within": 15, "update_every": 30, "resolve_within": 240}
    after = api.send("PUT", "/sla/policies", {**TARGETS, "based_on": before["mark"]})
    assert after.status_code == 200, after.content
    assert after.json()["sev3"] == {"acknowledge_within": 30, "update_every": None, "resolve_within": 300}
    stale = api.send("PUT", "/sla/policies", {**TARGETS, "based_on": before["mark"]})
    assert stale.status_code == 409
    wrong = {**TARGETS, "sev1": {"acknowledge_within": 60, "resolve_within": 30}}
    refused = api.send("PUT", "/sla/policies", wrong)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "sev1.resolve_within"
    assert api.get("/sla/policies").json() == after.json()
