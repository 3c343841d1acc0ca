"""Fixtures of the API tests: clients with tokens of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models may be imported only after the servers run
    from accounts.models import Workspace
    from tests.api.client import ApiClient


@pytest.fixture
def token_for(db: None) -> Callable[..., str]:
    """`token_for(workspace, "incidents:read")`: the text of a new token."""

    from accounts.actor import system_actor
    from accounts.models import Scope
    from accounts.tokens.services import issue_token

    def make(workspace: Workspace, *scopes: str, name: str = "Test token") -> str:
        wanted = scopes or [scope.value for scope in Scope]
        return issue_token(system_actor(workspace.pk), name=name, scopes=wanted).text

    return make


@pytest.fixture
def api(workspace: Workspace, token_for: Callable[..., str]) -> ApiClient:
    """The workspace's API with a token that may do everything."""
    from tests.api.client import ApiClient

    return ApiClient(token_for(workspace))


@pytest.fixture
def foreign_api(other_workspace: Workspace, token_for: Callable[..., str]) -> ApiClient:
    """The other workspace's API."""
    from tests.api.client import ApiClient

    return ApiClient(token_for(other_workspace))
