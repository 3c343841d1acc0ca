"""The storage check of `doctor`: the bundled storage enforces everything; a lenient one is reported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from bundles.uploads.checks import storage_uploads
from core.storage import client
from core.storage.probe import PREFIX, try_uploads
from tests.fakes.receiver import Received, Receiver, Reply, running

pytestmark = [pytest.mark.xdist_group("s3")]


def test_our_own_storage_enforces_every_rule_and_nothing_is_left(storage: Any) -> None:
    storage.ensure()
    found = try_uploads(storage)
    assert [rule.rule for rule in found if not rule.is_enforced] == []
    assert len(found) == 8
    assert list(storage.keys(PREFIX)) == []


@pytest.fixture
def lenient(settings: Any) -> Iterator[Receiver]:
    """A storage that accepts every request in time, as some compatible ones do."""

    def reply(received: Received) -> Reply:
        if received.method == "PUT" and "X-Amz-Expires=1&" in received.path:
            return Reply(403)
        return Reply(200, b"", {"ETag": '"x"'})

    with running(Receiver(reply)) as receiver:
        settings.S3_ENDPOINT_URL, settings.S3_BUCKET = receiver.url, "foreign"
        settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "foreign-access", "foreign-secret"
        yield receiver
        client._cached(receiver.url, settings.S3_REGION, "foreign-access", "foreign-secret").close()


def test_lenient_storage_is_named_with_what_it_does_not_enforce(lenient: Receiver) -> None:
    found = storage_uploads()
    assert found.level == "warn"
    for rule in ("the signed bytes", "the signed length", "the signed type", "one upload for each address"):
        assert rule in found.detail
    assert "the time of an address" not in found.detail
    assert "checks size and SHA-256 of each bundle itself" in found.advice


@pytest.mark.django_db
def test_doctor_reports_unavailable_storage(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.S3_ENDPOINT_URL, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "http://127.0.0.1:9", "a", "b"
    with contextlib.suppress(SystemExit):
        call_command("doctor", stdout=StringIO(), no_color=True)
    output = capsys.readouterr().out
    assert "warn  storage uploads: Storage error" in output
    assert "correct S3_ENDPOINT_URL" in output
