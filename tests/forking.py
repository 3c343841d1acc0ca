"""Preparation of a fork in a test."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, connections

from core.http import client as http
from core.storage import client as storage


def close_connections() -> None:
    """Close what a child would share: of two processes on one socket, one reads the other's results."""
    connections.close_all()
    connection.close_pool()
    http._transport(settings.HTTP_ALLOWED_NETWORKS).close()
    http._transport.cache_clear()
    if settings.S3_ENDPOINT_URL:
        storage._client().close()
