"""WSGI entry point of the plain view: Tocsin's settings, one URL, no middleware."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
settings.MIDDLEWARE = []  # set late: an app checks at the start that its middleware is installed
settings.ROOT_URLCONF = "bench.plain.urls"
application = WSGIHandler()
