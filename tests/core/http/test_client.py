"""The HTTP client against a real socket: results, errors, refused addresses."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from core.http import client, transport
from core.http.client import HttpPassingError, HttpPermanentError, request
from tests.fakes.receiver import Receiver, Reply, running

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture(scope="module")
def server():
    with running(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def receiver(server, settings):
    settings.HTTP_ALLOWED_NETWORKS = LOOPBACK
    server.received.clear()
    server.respond = lambda received: Reply()
    return server


def reply(receiver, **fields):
    receiver.respond = lambda received: Reply(**fields)


def test_json_is_sent_and_read(receiver):
    reply(receiver, body=b'{"ok": true}')
    response = request("POST", f"{receiver.url}/hook?a=1", json={"n": 1}, headers={"X-Key": "k"})
    assert (response.status, response.json()) == (200, {"ok": True})
    [got] = receiver.received
    assert (got.path, got.json(), got.headers["x-key"]) == ("/hook?a=1", {"n": 1}, "k")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_temporary_failure_has_status_body_and_retry_after(receiver, status):
    reply(receiver, status=status, body=b"busy", headers={"Retry-After": "7"})
    with pytest.raises(HttpPassingError) as raised:
        request("POST", receiver.url, json={})
    assert (raised.value.status, raised.value.body, raised.value.retry_after) == (status, "busy", 7.0)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 422])
def test_refusal_is_permanent(receiver, status):
    reply(receiver, status=status, body=b"no", headers={"Location": "/elsewhere"})
    with pytest.raises(HttpPermanentError) as raised:
        request("POST", receiver.url, json={})
    assert (raised.value.status, raised.value.body) == (status, "no")
    assert len(receiver.received) == 1, "no redirect is followed"


def test_redirects_of_a_get_are_followed_when_allowed(receiver):
    receiver.respond = lambda received: (
        Reply(body=b"there") if received.path == "/there" else Reply(302, headers={"Location": "/there"})
    )
    assert request("GET", receiver.url, max_redirects=2).text == "there"


def test_redirect_to_a_private_address_is_refused(receiver):
    reply(receiver, status=302, headers={"Location": "http://10.0.0.1/"})
    with pytest.raises(HttpPermanentError, match=r"10\.0\.0\.1 is not a public address"):
        request("GET", receiver.url, max_redirects=2)


def test_long_body_is_refused_or_cut(receiver):
    reply(receiver, body=b"x" * 5000)
    with pytest.raises(HttpPermanentError, match="longer than 1,000 bytes"):
        request("GET", receiver.url, max_bytes=1000)
    assert len(request("GET", receiver.url, max_bytes=1000, cuts_body=True).body) == 1000


def test_lost_response_may_have_acted(receiver):
    reply(receiver, drops=True)
    with pytest.raises(HttpPassingError) as raised:
        request("POST", receiver.url, json={})
    assert raised.value.may_have_acted
    assert len(receiver.received) == 1


def test_closed_port_has_not_acted(receiver):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(HttpPassingError, match="cannot be reached") as raised:
        request("POST", f"http://127.0.0.1:{port}/")
    assert not raised.value.may_have_acted


def test_server_that_trickles_is_cut_off_by_the_total_time(settings):
    settings.HTTP_ALLOWED_NETWORKS = LOOPBACK
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(HttpPassingError) as raised:
        request("POST", f"http://127.0.0.1:{silent.getsockname()[1]}/", json={}, total_s=0.2)
    assert raised.value.may_have_acted


def test_loopback_is_refused_unless_allowed(receiver, settings):
    settings.HTTP_ALLOWED_NETWORKS = ()
    with pytest.raises(HttpPermanentError, match=r"127\.0\.0\.1 is not a public address"):
        request("GET", receiver.url)
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/",
        "http://0/", "https://[::]/", "https://[fd00::1]/",
    ],
)  # fmt: skip
def test_other_spellings_of_this_machine_are_refused(url, settings):
    settings.HTTP_ALLOWED_NETWORKS = ()
    with pytest.raises(HttpPermanentError, match="may not be reached"):
        request("GET", url)


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "//example.org", "https://", ""])
def test_other_schemes_are_refused(url):
    with pytest.raises(HttpPermanentError):
        request("GET", url)


def resolving_to(monkeypatch, *responses):
    """Names resolve to each of `responses` in turn."""
    turns = iter(responses)

    def resolve(host, port):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]

    monkeypatch.setattr(transport, "look_up", resolve)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch, settings):
    settings.HTTP_ALLOWED_NETWORKS = ()
    resolving_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(HttpPermanentError, match=r"10\.0\.0\.1"):
        request("GET", "https://rebinding.example/")


def test_name_is_resolved_once_so_rebinding_gains_nothing(receiver, monkeypatch):
    port = receiver.server.server_address[1]
    resolving_to(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    client._transport.cache_clear()
    assert request("GET", f"http://rebinding.example:{port}/", headers={"Connection": "close"}).status == 200
    with pytest.raises(HttpPermanentError, match=r"10\.0\.0\.1"):
        request("GET", f"http://rebinding.example:{port}/")


def test_plain_http_to_a_public_address_is_refused_unless_allowed(monkeypatch, settings):
    settings.HTTP_ALLOWED_NETWORKS = LOOPBACK
    resolving_to(monkeypatch, ["8.8.8.8"])
    with pytest.raises(HttpPermanentError, match="use https"):
        request("GET", "http://public.example/")


def test_no_cookie_is_sent_back(receiver):
    reply(receiver, headers={"Set-Cookie": "session=1"})
    request("GET", receiver.url)
    request("GET", receiver.url)
    assert all("cookie" not in got.headers for got in receiver.received)
