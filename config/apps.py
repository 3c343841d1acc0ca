from django.apps import AppConfig

from config import celery


class ConfigConfig(AppConfig):
    """Lets `manage.py` find our commands, and gives every process the Celery app."""

    name = "config"
    celery = celery.app
