"""Which addresses outgoing requests may reach."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from core.http.addresses import is_allowed_network, refusal


def listed(text):
    return text.split()


PRIVATE = listed("""
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 127.255.0.1 169.254.1.1 169.254.169.254
172.16.0.1
172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 2001:db8::1 3fff::1 100::1
::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:10.0.0.1
64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::192.168.0.1
2002:7f00:1:: 2002:a00:1:: 2002:c0a8:101::1 2002:a9fe:a9fe::
2001:0:7f00:1:: 2001:0:808:808::f5ff:fffe fd00:ec2::254
""")
PUBLIC = listed("""
1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 192.169.0.1 2606:4700::1111 2a00:1450:4001::1
::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
""")


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_in_every_disguise_are_refused(text):
    assert refusal(ip_address(text)) is not None


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reached(text):
    assert refusal(ip_address(text)) is None


@pytest.mark.parametrize("text", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1"])
def test_allowed_network_opens_its_addresses_and_no_others(text):
    allowed = [ip_network("10.1.0.0/16")]
    assert refusal(ip_address(text), allowed) is None
    assert refusal(ip_address("10.2.0.1"), allowed) is not None
    assert not is_allowed_network(ip_address("8.8.8.8"), allowed)


@pytest.mark.parametrize("text", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_metadata_address_is_always_refused(text):
    everything = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert "metadata" in refusal(ip_address(text), everything)
