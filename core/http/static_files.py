"""Serves static files from the web process.

WhiteNoise streams a file from a blocking iterator, which an ASGI server has to read in full first, with a
warning. Tocsin's files are small, so they are read in the thread that runs the middleware.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise with its compression, caching and ranges; only the body is bytes."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return the response for one file."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file:
                body = found.file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Hashed file names, and gzip beside each file. Brotli would add a minute to a first start."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Return a compressor without Brotli, which WhiteNoise uses if it is installed, as for the fonts."""
        return Compressor(**kwargs, use_brotli=False)
