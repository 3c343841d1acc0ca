"""Serves the plain view: Tocsin's settings, one address, no middleware."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
settings.MIDDLEWARE = []  # only now: an app checks at the start that its own is there
settings.ROOT_URLCONF = "bench.plain.urls"
application = WSGIHandler()
