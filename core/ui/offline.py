"""Offline page and its service worker.

Service workers exist on https and on localhost only; elsewhere the browser shows its own error. It caches
this one page and its assets, and no user data.
"""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

NEEDED: Final = ("css/app.css", "fonts/inter-latin.woff2", "img/tocsin.svg", "js/offline.js")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """GET /offline: what happened, what was kept, what to do; reloads when the server is back."""
    return render(request, "offline.html")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """GET /offline-worker.js: at the root, so that its scope is every page; changes with any file."""
    files = [reverse("offline"), *(static(name) for name in NEEDED)]
    script = (
        f"self.FILES = {json.dumps(files)};\nimportScripts({json.dumps(static('js/offline-worker.js'))});\n"
    )
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})
