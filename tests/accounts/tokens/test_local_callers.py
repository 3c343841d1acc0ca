"""The open local mode: for programs on this machine, and for no one else."""

from __future__ import annotations

import pytest

from accounts.permissions import Capability, allowed
from accounts.tokens.authentication import TokenMissing, authenticate
from core.errors import NotFound

HERE = {"host": "localhost:8000"}


@pytest.fixture(autouse=True)
def _open(settings, workspace):
    settings.TOCSIN_OPEN_LOOPBACK = True


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_caller_on_this_machine_works_in_the_first_workspace(workspace, other_workspace, address):
    actor = authenticate(HERE, address)
    assert (actor.kind, actor.workspace_id) == ("local", workspace.pk)


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "::2", "", "unix:", "127.0.0.1.example"])
def test_caller_from_elsewhere_needs_a_token(address):
    with pytest.raises(TokenMissing):
        authenticate(HERE, address)


@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"x-real-ip": "127.0.0.1"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_proxied_request_or_another_sites_page_is_not_local(header):
    with pytest.raises(TokenMissing):
        authenticate(HERE | header, "127.0.0.1")


@pytest.mark.parametrize("header", [{"origin": "http://localhost:8000"}, {"sec-fetch-site": "same-origin"}])
def test_our_own_docs_page_is_local(header):
    assert authenticate(HERE | header, "127.0.0.1").kind == "local"


def test_without_open_local_mode_no_caller_is_local(settings):
    settings.TOCSIN_OPEN_LOOPBACK = False
    with pytest.raises(TokenMissing):
        authenticate(HERE, "127.0.0.1")


def test_local_caller_may_choose_the_workspace(other_workspace):
    assert authenticate(HERE, "127.0.0.1", "rival").workspace_id == other_workspace.pk
    with pytest.raises(NotFound):
        authenticate(HERE, "127.0.0.1", "nowhere")


def test_local_caller_works_incidents_but_does_not_administer():
    actor = authenticate(HERE, "127.0.0.1")
    may = {capability for capability in Capability if allowed(actor, capability)}
    assert {Capability.EVENTS_WRITE, Capability.INCIDENTS_WRITE, Capability.INCIDENTS_READ} <= may
    assert not may & {Capability.TOKENS_WRITE, Capability.MEMBERS_WRITE, Capability.AUDIT_READ}
