from django.apps import AppConfig

from config import celery
from core.discovery import discover


class ConfigConfig(AppConfig):
    """App config that makes our commands known to `manage.py` and gives every process the Celery app."""

    name = "config"
    celery = celery.app

    def ready(self) -> None:
        """Import every app's health checks and metrics, which register themselves."""
        discover("checks", "metrics")
