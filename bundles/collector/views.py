"""Downloads of the collector: the file, its checksum, and instructions."""

from __future__ import annotations

import functools
import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from tocsin.packing import collector_bytes
from tocsin.version import VERSION

FILE_NAME = "collector.pyz"


@functools.cache
def _file() -> tuple[bytes, str]:
    """The file and its SHA-256, built once per process."""
    data = collector_bytes()
    return data, hashlib.sha256(data).hexdigest()


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """GET /collector: commands to download, verify and run the collector."""
    current_actor(request)
    data, digest = _file()
    context = {
        "nav_current": "/settings", "url": f"{settings.BASE_URL}/collector/{FILE_NAME}", "digest": digest,
        "size_kb": len(data) // 1000, "version": VERSION, "server": settings.BASE_URL,
    }  # fmt: skip
    return render(request, "bundles/collector.html", context)


@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """GET /collector/collector.pyz: without sign-in, since it has no secrets."""
    data, digest = _file()
    headers = {
        "Content-Disposition": f'attachment; filename="{FILE_NAME}"', "ETag": f'"{digest}"',
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return HttpResponse(data, content_type="application/octet-stream", headers=headers)


@require_safe
def checksum(request: HttpRequest) -> HttpResponse:
    """GET /collector/collector.pyz.sha256: in the format of `sha256sum --check`."""
    return HttpResponse(f"{_file()[1]}  {FILE_NAME}\n", content_type="text/plain; charset=utf-8")
