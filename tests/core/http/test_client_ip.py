"""Client address and scheme of a request: trusted proxies may set them, no one else."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from core.http.client_ip import client_ip, is_encrypted, is_proxy, network_of


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    "remote", ["10.0.0.5", "::ffff:10.0.0.5", ""], ids=["IPv4", "IPv6 socket", "Unix socket"]
)
def test_trusted_proxy_sets_the_client_address(remote):
    assert is_proxy(remote)
    assert client_ip(remote, "203.0.113.9, 10.1.1.1") == "203.0.113.9"
    for forwarded_proto in ("https", "https,http", "https, https"):
        assert is_encrypted("http", remote, forwarded_proto)


@pytest.mark.parametrize("remote", ["203.0.113.9", "::ffff:203.0.113.9", "fe80::1", "nonsense"])
def test_other_peers_do_not_set_the_client_address(remote):
    assert not is_proxy(remote)
    assert client_ip(remote, "198.51.100.1") == remote
    assert not is_encrypted("http", remote, "https")
    assert is_encrypted("https", remote, "")


def test_limits_count_an_address_or_a_household():
    assert network_of("203.0.113.9") == network_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert network_of("") == ""


@pytest.mark.parametrize("forwarded_proto", ["", "http", "http,https", "httpsx"])
def test_plain_request_is_seen_as_plain(forwarded_proto):
    assert not is_encrypted("http", "10.0.0.5", forwarded_proto)


@pytest.mark.parametrize("remote", ["203.0.113.9", "127.0.0.1", ""])
def test_without_trusted_proxies_no_header_counts(settings, remote):
    settings.TRUSTED_PROXIES = []
    assert not is_encrypted("http", remote, "https")
    assert client_ip(remote, "198.51.100.1") == remote
    assert not is_proxy("")
