"""The servers the tests themselves run on."""

from __future__ import annotations

import socket

import pytest
import redis
from django.conf import settings
from django.db import connection

from tests.conftest import OutsideConnectionError


@pytest.mark.django_db
def test_the_database_is_the_embedded_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select inet_server_addr()::text, current_setting('fsync')")
        assert cursor.fetchone() == ("127.0.0.1/32", "off")


def test_valkey_answers_with_its_password_only() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.ping()
    port = settings.REDIS_URL.rsplit(":", 1)[1].split("/")[0]
    with redis.Redis(port=int(port)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_a_test_cannot_reach_another_machine() -> None:
    with socket.socket() as sock, pytest.raises(OutsideConnectionError):
        sock.connect(("192.0.2.1", 80))
