"""The client reads the certificates of authorities only for a server with TLS, and trusts none without."""

from __future__ import annotations

import ssl

import pytest

from tocsin import Client
from tocsin.settings import Settings


def test_client_of_a_server_with_tls_trusts_the_usual_authorities() -> None:
    assert Client(settings=Settings(url="HTTPS://tocsin.example"))._certificates() is True


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://https.example"])
def test_client_of_a_server_without_tls_trusts_none(url: str) -> None:
    context = Client(settings=Settings(url=url))._certificates()
    assert isinstance(context, ssl.SSLContext)
    assert (context.get_ca_certs(), context.verify_mode) == ([], ssl.CERT_REQUIRED)
