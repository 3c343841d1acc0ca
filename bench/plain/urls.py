"""One address: events in, the plain way."""

from __future__ import annotations

from django.urls import path

from bench.plain.views import take

urlpatterns = [path("events", take)]
