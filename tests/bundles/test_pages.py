"""The pages of bundles: what a member sees, what is hidden, what is logged."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Scope
from bundles.models import Bundle, BundleAccess
from bundles.viewer import indexed, ranged
from tests.bundles.test_uploads import made, token, uploaded

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]


@pytest.fixture
def api(workspace, storage):
    return token(workspace, Scope.BUNDLES_WRITE, Scope.INCIDENTS_READ)


@pytest.fixture
def browser_of(workspace, make_user):
    def sign_in(role):
        user = make_user(f"{role}.of.bundles")
        Membership.objects.create(workspace_id=workspace.pk, user=user, role=role)
        browser = Client()
        browser.force_login(user)
        return browser

    return sign_in


def test_bundle_is_shown_read_and_downloaded_and_each_look_is_logged(api, browser_of):
    log = b"".join(b"INFO line %d\n" % n for n in range(1, 700)) + b"ERROR <b>bad</b> \x1b[31mred\x1b[0m\n"
    announcement, data = made(log)
    uploaded(api, lambda: (announcement, data))
    browser, page = browser_of("viewer"), f"/bundles/{announcement['bundle_id']}"
    listed = browser.get("/bundles?q=services").content.decode()
    assert page in listed
    assert page not in browser.get("/bundles?q=nothing-like-it").content.decode()
    text = browser.get(page).content.decode()
    for part in ("db-7", "keycloak", "no answer", "logs/app.log", "6.1", announcement["sha256"]):
        assert part in text, part
    assert "<dt>CPUs</dt>" in text
    assert "/: 75.3 % used, 10 of 40 MB free<br>/srv: unknown % used" in text
    first = browser.get(f"{page}/log?path=logs/app.log").content.decode()
    assert 'id="L500"' in first
    assert 'id="L501"' not in first
    assert "start=501" in first
    found = browser.get(f"{page}/log?path=logs/app.log&q=BAD&level=ERROR").content.decode()
    assert "ERROR &lt;b&gt;bad&lt;/b&gt; red" in found
    assert "line 5" not in found
    assert browser.get(f"{page}/log?path=../etc/passwd").status_code == 404
    response = browser.post(f"{page}/download")
    assert response.getvalue() == data
    assert response["Content-Disposition"].startswith("attachment")
    whats = list(BundleAccess.across_workspaces.order_by("id").values_list("what", flat=True))
    assert whats == ["view", "log", "log", "download"]
    panel = browser.get("/panels/bundles.incident?key=1").content.decode()
    assert page in panel
    assert browser.post(f"{page}/delete").status_code == 403


def test_quarantined_bundle_is_released_and_deleted_by_admins_alone(api, browser_of):
    announcement = uploaded(api, lambda: made(b"first\nuse ghp_" + b"aB3" * 12 + b"\n"))
    page = f"/bundles/{announcement['bundle_id']}"
    responder, admin = browser_of("responder"), browser_of("admin")
    shown = responder.get(page).content.decode()
    assert "Quarantined" in shown
    assert "/download" not in shown
    assert responder.post(f"{page}/download").status_code == 403
    assert responder.post(f"{page}/release", {"reason": "x"}).status_code == 403
    refused = admin.post(f"{page}/release", {"reason": ""}, follow=True)
    assert "reason must not be empty" in refused.content.decode()
    assert admin.post(f"{page}/release", {"reason": "a test token"}).status_code == 303
    hidden = responder.get(f"{page}/log?path=logs/app.log").content.decode()
    assert "a secret was found in this line" in hidden
    assert "ghp_" not in hidden
    assert "ghp_" in admin.get(f"{page}/log?path=logs/app.log").content.decode()
    assert admin.post(f"{page}/delete").status_code == 303
    assert page not in admin.get("/bundles").content.decode()


def test_lines_far_down_a_log_are_those_of_reading_from_its_start(api, monkeypatch):
    odd = [b"", b"x" * 17_000, b"windows\r", "naïve ".encode() * 9, b"\xff\xfe", b"y" * 4_000]
    lines = [odd[n % 900] if n % 900 < len(odd) else b"INFO line %d" % n for n in range(12_345)]
    announcement = uploaded(api, lambda: made(b"\n".join(lines)))
    bundle = Bundle.across_workspaces.get(public_id=announcement["bundle_id"])
    texts = indexed.IndexedTexts()
    monkeypatch.setattr(ranged, "TEXTS", texts)
    whole = list(ranged.lines_in(bundle, "logs/app.log"))
    assert len(whole) == len(lines)
    for start in (10_001, 10_500, 10_501, 12_000, 12_345, 20_000):
        found = [line for line in ranged.lines_in(bundle, "logs/app.log", start) if line[0] >= start]
        assert found == whole[start - 1 :], start
    [(_, text)] = texts._texts.values()
    assert text.size == len(b"\n".join(lines))


def test_unpacked_texts_are_bounded_and_forgotten(monkeypatch):
    texts, made = indexed.IndexedTexts(), []
    monkeypatch.setattr(indexed, "MAX_BYTES", 20)  # four of them

    def make():
        made.append(indexed.IndexedText([b"a\nb\n", b"c"]))
        return made[-1]

    for n in (1, 2, 3, 4, 1, 5):
        texts.get(("key", str(n)), make)
    assert len(made) == 5
    texts.get(("key", "1"), make)
    assert len(made) == 5  # used last, so it is not the one left out
    texts.get(("key", "2"), make)
    assert len(made) == 6
    monkeypatch.setattr(indexed, "KEPT_S", -1.0)
    texts._forget_old()
    texts.get(("key", "2"), make)
    assert len(made) == 7


def test_text_for_which_the_disk_has_no_room_is_read_from_its_start(api, monkeypatch):
    lines = [b"INFO line %d" % n for n in range(10_700)]
    announcement = uploaded(api, lambda: made(b"\n".join(lines)))
    bundle = Bundle.across_workspaces.get(public_id=announcement["bundle_id"])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ranged, "IndexedText", full)
    found = list(ranged.lines_in(bundle, "logs/app.log", 10_600))
    assert found[-1] == (10_700, "INFO line 10699")
