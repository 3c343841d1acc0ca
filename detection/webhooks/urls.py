"""URLs that the senders of other services expect."""

from __future__ import annotations

from django.urls import path

from detection.webhooks.addressed import AddressedFormat
from detection.webhooks.format import webhook_formats
from detection.webhooks.views import AddressView

urlpatterns = [
    path(address.route, AddressView(form, address))
    for form in webhook_formats()
    if isinstance(form, AddressedFormat)
    for address in form.addresses
]
