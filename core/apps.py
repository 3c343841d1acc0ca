from django.apps import AppConfig

from core.discovery import discover


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import every module that registers queues, tasks, subscribers or UI components."""
        discover(
            "queues",
            "tasks",
            "subscribers",
            "panels",
            "search",
            "navigation",
            "onboarding",
            "calendars",
            "exit_criteria",
            "archive_parts",
        )
