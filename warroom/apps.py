from django.apps import AppConfig


class WarRoomConfig(AppConfig):
    name = "warroom"
    default_auto_field = "django.db.models.BigAutoField"
