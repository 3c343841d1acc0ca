from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Listed as an app only so that `manage.py` finds its commands."""

    name = "config"
