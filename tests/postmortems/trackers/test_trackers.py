"""Links to issues elsewhere, and their state by signed webhooks of each kind of sender."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import Invalid
from core.secrets.signing import sign_webhook
from postmortems.action_items.selectors import item_for
from postmortems.action_items.services import create_item, update_item
from postmortems.trackers.links import read_link
from postmortems.trackers.models import Tracker
from postmortems.trackers.services import create_tracker
from tests.web.signed_in import browser_for

LINKS = [
    ("https://github.com/Acme/Shop/issues/42", "github", "github.com/acme/shop#42", "acme/shop#42"),
    ("https://github.com/acme/shop/pull/7#discussion", "github", "github.com/acme/shop#7", "acme/shop#7"),
    (
        "https://git.acme.test/ops/infra/db/-/issues/9",
        "gitlab",
        "git.acme.test/ops/infra/db#9",
        "ops/infra/db#9",
    ),
    ("https://gitlab.com/ops/infra/-/merge_requests/3", "gitlab", "gitlab.com/ops/infra!3", "ops/infra!3"),
    ("https://acme.atlassian.net/browse/OPS-12?focus=1", "jira", "acme.atlassian.net/OPS-12", "OPS-12"),
    ("https://jira.acme.test/jira/browse/OPS-12", "jira", "jira.acme.test/OPS-12", "OPS-12"),
    ("https://linear.app/acme/issue/ENG-5/raise-the-limit", "linear", "linear.app/ENG-5", "ENG-5"),
    ("https://tickets.acme.test/17", "other", "tickets.acme.test/17", "tickets.acme.test"),
]
GITHUB = "https://github.com/acme/shop/issues/42"


@pytest.mark.parametrize(("url", "system", "key", "shown"), LINKS, ids=lambda one: str(one)[-24:])
def test_address_is_recognized(url, system, key, shown):
    found = read_link(url)
    assert (found.system, found.key, found.shown) == (system, key, shown)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "not an address", f"https://x.test/{'a' * 600}"],
    ids=["script", "file", "words", "long"],
)  # fmt: skip
def test_address_that_is_none_is_refused(url):
    with pytest.raises(Invalid):
        read_link(url)


def stamp(minutes=0):
    return (timezone.now() + timedelta(minutes=minutes)).isoformat()


def github(state, reason=None, at=None):
    return {
        "action": "x",
        "issue": {"html_url": GITHUB, "state": state, "state_reason": reason, "updated_at": at or stamp()},
    }


def mac(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def tracker(admin):
    return create_tracker(admin, name="GitHub, acme/shop")


@pytest.fixture
def item(actor, resolved):
    return create_item(actor, 1, title="Raise the pool limit", kind="detect", outside_url=GITHUB)


def send(tracker, body, sign="github", secret=None):
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    key = secret or tracker.secret
    headers = {
        "github": lambda: {"X-Hub-Signature-256": f"sha256={mac(key, raw)}"},
        "jira": lambda: {"X-Hub-Signature": f"sha256={mac(key, raw)}"},
        "linear": lambda: {"Linear-Signature": mac(key, raw)},
        "gitlab": lambda: {"X-Gitlab-Token": key},
        "standard": lambda: sign_webhook([key], "m1", timezone.now(), raw),
        "none": dict,
        "sha1": lambda: {"X-Hub-Signature-256": "sha1=" + mac(key, raw)[:40]},
    }[sign]()
    return Client().post(
        f"/trackers/{tracker.row.key}", raw, content_type="application/json", headers=headers
    )


@pytest.mark.django_db
def test_issue_closed_and_reopened_outside_moves_the_item(actor, tracker, item):
    response = send(tracker, github("closed", "completed"))
    assert (response.status_code, response.json()) == (200, {"changed": 1})
    done = item_for(actor, 1)
    assert (done.status, done.outside_state) == ("done", "done")
    assert done.completed_at is not None
    assert send(tracker, github("open", at=stamp(0))).json() == {"changed": 1}
    assert item_for(actor, 1).status == "open"
    assert send(tracker, github("closed", "not_planned")).json() == {"changed": 1}
    assert item_for(actor, 1).cancelled_reason == "Closed as not planned: GitHub, acme/shop (acme/shop#42)"


@pytest.mark.django_db
def test_repeated_and_older_reports_change_nothing(actor, tracker, item):
    at = stamp()
    assert send(tracker, github("closed", "completed", at)).json() == {"changed": 1}
    assert send(tracker, github("closed", "completed", at)).json() == {"changed": 0}
    assert send(tracker, github("open", at=stamp(-60))).json() == {"changed": 0}
    assert item_for(actor, 1).status == "done"


@pytest.mark.django_db
def test_report_older_than_a_change_made_here_is_only_noted(actor, tracker, item):
    before = stamp()
    update_item(actor, 1, status="in_progress")
    assert send(tracker, github("closed", "completed", before)).json() == {"changed": 0}
    found = item_for(actor, 1)
    assert (found.status, found.outside_state) == ("in_progress", "done")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sign", "url", "body"),
    [
        ("gitlab", "https://gitlab.com/ops/infra/-/issues/9",
         {"object_kind": "issue", "object_attributes": {
             "url": "https://gitlab.com/ops/infra/-/issues/9", "state": "closed",
             "updated_at": "2026-03-01 10:00:00 UTC"}}),
        ("jira", "https://acme.atlassian.net/browse/OPS-12",
         {"timestamp": 1_700_000_000_000, "webhookEvent": "jira:issue_updated", "issue": {
             "key": "OPS-12", "self": "https://acme.atlassian.net/rest/api/2/issue/10002",
             "fields": {"status": {"name": "Fertig", "statusCategory": {"key": "done"}}}}}),
        ("linear", "https://linear.app/acme/issue/ENG-5",
         {"type": "Issue", "action": "update", "data": {
             "url": "https://linear.app/acme/issue/ENG-5/raise-the-limit",
             "state": {"name": "Done", "type": "completed"}, "updatedAt": "2026-03-01T10:00:00.000Z"}}),
        ("standard", "https://tickets.acme.test/17",
         {"url": "https://tickets.acme.test/17", "state": "done", "at": "2026-03-01T10:00:00Z"}),
    ],
    ids=["gitlab", "jira", "linear", "plain"],
)  # fmt: skip
def test_each_sender_is_understood(actor, resolved, tracker, sign, url, body):
    create_item(actor, 1, title="Raise the pool limit", kind="detect", outside_url=url)
    row = item_for(actor, 1)
    row.status_at = None
    row.save(update_fields=["status_at"])
    assert send(tracker, body, sign).json() == {"changed": 1}
    assert item_for(actor, 1).status == "done"


@pytest.mark.django_db
def test_unsigned_wrong_and_odd_reports_change_nothing(actor, tracker, item):
    body = github("closed", "completed")
    assert send(tracker, body, "none").status_code == 401
    assert send(tracker, body, secret="whsec_" + "A" * 43 + "=").status_code == 401
    assert send(tracker, body, "sha1").status_code == 401
    assert Tracker.objects.of(actor.workspace_id).get().last_refused_at is not None
    assert send(tracker, b"{").status_code == 400
    assert send(tracker, b"[]").status_code == 400
    assert send(tracker, b"[" * 50_000).status_code == 400
    assert send(tracker, github("melted")).status_code == 400
    assert send(tracker, github("closed", at="yesterday")).status_code == 400
    assert send(tracker, {"zen": "Ping."}).json() == {"changed": 0}
    assert send(tracker, b" " * 1_000_001).status_code == 413
    assert Client().post("/trackers/unknown", b"{}", content_type="application/json").status_code == 404
    assert item_for(actor, 1).status == "open"


@pytest.mark.django_db
def test_report_reaches_only_items_of_its_workspace(actor, other_workspace, make_actor, item):
    foreign = create_tracker(make_actor("admin", inside=other_workspace), name="Theirs")
    assert send(foreign, github("closed", "completed")).json() == {"changed": 0}
    assert item_for(actor, 1).status == "open"


@pytest.mark.django_db
def test_one_issue_is_linked_once_and_a_link_is_changed_and_removed(actor, item):
    with pytest.raises(Invalid, match="ACT-1"):
        create_item(actor, 1, title="Do the other thing", outside_url=GITHUB + "#comment")
    changed = update_item(actor, 1, outside_url="https://linear.app/acme/issue/ENG-5")
    assert (changed.outside_system, changed.outside_key) == ("linear", "linear.app/ENG-5")
    assert update_item(actor, 1, outside_url="").outside_key == ""


@pytest.mark.django_db
def test_settings_page_shows_the_secret_once_and_item_page_the_link(admin, actor, item):
    browser = browser_for(admin)
    page = browser.post("/settings/trackers", {"name": "Jira"}).content.decode()
    assert "whsec_" in page
    assert browser.post("/settings/trackers", {"name": "Jira"}).status_code == 422
    assert "whsec_" not in browser.get("/settings/trackers").content.decode()
    row = Tracker.objects.of(admin.workspace_id).get()
    assert browser.post(f"/settings/trackers/{row.pk}/delete").status_code == 303
    assert browser_for(actor).get("/settings/trackers").status_code == 403
    shown = browser.get("/action-items/ACT-1").content.decode()
    assert f'href="{GITHUB}"' in shown
    assert "acme/shop#42" in shown
