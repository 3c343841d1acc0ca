"""URL configuration with the plain view only."""

from __future__ import annotations

from django.urls import path

from bench.plain.views import take

urlpatterns = [path("events", take)]
