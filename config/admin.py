"""Read-only admin pages for every model without a page of its own."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.db import models

from config.apps_list import APPS
from core.admin.base import ReadOnly

MAX_COLUMNS: Final = 7
LONG: Final = (models.TextField, models.JSONField, models.BinaryField)


def plain_page(model: type[models.Model]) -> type[ReadOnly]:
    """Return a read-only admin with the first short columns of `model`."""
    short = [field for field in model._meta.concrete_fields if not isinstance(field, LONG)][:MAX_COLUMNS]
    related = tuple(field.name for field in short if field.is_relation)
    made: dict[str, Any] = {"list_display": tuple(field.name for field in short)}
    return type(f"{model.__name__}Page", (ReadOnly,), made | {"list_select_related": related or False})


for one in apps.get_models():
    if one._meta.app_label in APPS and not admin.site.is_registered(one):
        admin.site.register(one, plain_page(one))
