"""Serves the plain view: Tocsin's settings, no middleware, one address."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.plain.urls"
application = get_wsgi_application()
