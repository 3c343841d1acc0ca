"""Codes of device sign-ins."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class DeviceCode(models.Model):
    """One request of a command line for a personal token, approved by a person in the browser.

    The code of the device is stored as its SHA-256; the person's short code is valid for ten minutes. The
    token is issued once, when the device requests it after the approval.
    """

    device_digest = models.CharField(max_length=64, unique=True)
    user_code = models.CharField(max_length=9)
    host = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    user = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.CASCADE)
    workspace = models.ForeignKey("accounts.Workspace", null=True, blank=True, on_delete=models.CASCADE)
    approved_at = models.DateTimeField(null=True, blank=True)
    denied_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user_code"]), models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"{self.user_code} for {self.host or 'an unnamed host'}"
