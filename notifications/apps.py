from django.apps import AppConfig

from notifications.channels.kind import CHANNEL_KINDS


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import `channels/kinds`, so that every kind is registered."""
        CHANNEL_KINDS.discover("notifications.channels.kinds")
