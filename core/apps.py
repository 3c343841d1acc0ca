from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every app's queues, tasks, subscribers, panels and search providers register themselves."""
        autodiscover_modules("queues")
        autodiscover_modules("tasks")
        autodiscover_modules("subscribers")
        autodiscover_modules("panels")
        autodiscover_modules("finders")
        autodiscover_modules("calendars")
