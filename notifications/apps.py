from django.apps import AppConfig

from notifications.channels.kind import CHANNEL_KINDS


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every file of `channels/kinds` registers its kind."""
        CHANNEL_KINDS.discover("notifications.channels.kinds")
