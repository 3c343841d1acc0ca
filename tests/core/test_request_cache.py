"""The request cache: a value is read once per request and again after a change."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core.request_cache import RequestCache, cached_per_request


class Reading:
    """Returns how often it was called."""

    def __init__(self) -> None:
        self.count = 0
        self.read = cached_per_request(self._read)

    def _read(self, what: str, *, more: int = 0) -> tuple[str, int, int]:
        self.count += 1
        if what == "fail":
            raise LookupError(what)
        return what, more, self.count


@pytest.fixture
def reading() -> Reading:
    return Reading()


def within(method: str, work) -> None:
    def view(request) -> HttpResponse:
        work()
        return HttpResponse()

    RequestCache(view)(getattr(RequestFactory(), method)("/"))


def test_page_reads_once_for_the_same_arguments(reading) -> None:
    def work() -> None:
        assert reading.read("a") is reading.read("a")
        assert reading.read("a", more=1) != reading.read("a")

    within("get", work)
    assert reading.count == 2


def test_next_page_reads_again(reading) -> None:
    for _ in range(2):
        within("get", lambda: reading.read("a"))
    assert reading.count == 2


def test_write_request_reads_current_values(reading) -> None:
    within("post", lambda: [reading.read("a"), reading.read("a")])
    assert reading.count == 2


def test_outside_of_a_page_nothing_is_remembered(reading) -> None:
    reading.read("a")
    reading.read("a")
    assert reading.count == 2


def test_failed_read_is_not_cached(reading) -> None:
    def work() -> None:
        for _ in range(2):
            with pytest.raises(LookupError):
                reading.read("fail")

    within("get", work)
    assert reading.count == 2


def test_page_that_fails_leaves_nothing_behind(reading) -> None:
    def work() -> None:
        reading.read("a")
        raise LookupError

    with pytest.raises(LookupError):
        within("get", work)
    reading.read("a")
    assert reading.count == 2
