from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from config import celery


class ConfigConfig(AppConfig):
    """Lets `manage.py` find our commands, and gives every process the Celery app."""

    name = "config"
    celery = celery.app

    def ready(self) -> None:
        """Every app's `checks.py`, `metrics.py` and `menus.py` register themselves."""
        autodiscover_modules("checks", "metrics", "menus")
