"""Forms of identity providers."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import IdentityProvider, Role

ROLES = [("", "Refuse the sign-in"), *Role.choices]


class ProviderForm(forms.Form):
    """An identity provider; lists are entered one item per line."""

    name = forms.CharField(label="Name", max_length=60, help_text="Label of the sign-in button.")
    server_url = forms.CharField(
        label="Issuer", max_length=300, help_text="Such as https://login.example.com/realms/ops."
    )
    client_id = forms.CharField(label="Client ID", max_length=200)
    client_secret = forms.CharField(
        label="Client secret", max_length=500, required=False, widget=forms.PasswordInput,
        help_text="Stored encrypted and never shown. Leave empty to keep it unchanged.",
    )  # fmt: skip
    allowed_domains = forms.CharField(
        label="Allowed email domains", required=False, max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="One per line. Empty: any.",
    )  # fmt: skip
    groups_claim = forms.CharField(label="Claim with the groups", max_length=60, required=False)
    group_roles = forms.CharField(
        label="Roles by group", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One per line, such as sre-leads = manager. The highest applies, updated at each sign-in.",
    )  # fmt: skip
    default_role = forms.ChoiceField(label="Everyone else", choices=ROLES, required=False)
    trusts_addresses = forms.BooleanField(
        label="Every address of this provider is verified", required=False,
        help_text="Only if it sends no email_verified and people cannot choose their address.",
    )  # fmt: skip
    enabled = forms.BooleanField(label="Enabled", required=False)

    def values(self) -> dict[str, Any]:
        """Return the values for the services."""
        data = dict(self.cleaned_data)
        data["allowed_domains"] = data["allowed_domains"].split()
        lines = [line for line in data["group_roles"].splitlines() if line.strip()]
        pairs = [line.rpartition("=") for line in lines]
        data["group_roles"] = {group.strip() or role.strip(): role.strip() for group, _, role in pairs}
        return data


def values_of(provider: IdentityProvider) -> dict[str, Any]:
    """Return the form values of a stored provider."""
    names = ("name", "server_url", "client_id", "groups_claim", "default_role", "trusts_addresses", "enabled")
    return {
        **{name: getattr(provider, name) for name in names},
        "allowed_domains": "\n".join(provider.allowed_domains),
        "group_roles": "\n".join(f"{group} = {role}" for group, role in provider.group_roles.items()),
    }
