"""Where a token is stored: in the keyring of the system where it works, else in the configuration file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from tests.fakes.receiver import Receiver, Reply, running
from tests.tocsin.conftest import RunTocsin
from tocsin.settings import config_file, load_settings

TOKEN = "tcs_abcdefgh_" + "x" * 40
ME = {"workspace": {"name": "Acme", "slug": "acme"}, "label": "CI"}


class InMemory(keyring.backend.KeyringBackend):
    """A keyring of this process."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("the keyring is locked")
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.stored[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.stored[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, made = keyring.get_keyring(), InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def url(own_home: Path) -> Iterator[str]:
    document = json.dumps(ME).encode()
    with running(Receiver(lambda _: Reply(200, document, {"Content-Type": "application/json"}))) as fake:
        yield fake.url


def test_token_is_in_the_keyring_and_not_in_the_file(run_tocsin: RunTocsin, ring: InMemory, url: str) -> None:
    ran = run_tocsin("--url", url, "login", "--token", TOKEN)
    assert (ran.code, ran.err) == (0, "Signed in to Acme as CI. The token is in the keyring\n")
    assert list(ring.stored.items()) == [(("tocsin", f"default at {url}"), TOKEN)]
    assert TOKEN not in config_file().read_text()
    assert load_settings().token == TOKEN
    assert run_tocsin("whoami").code == 0
    ring.is_locked = True
    locked = run_tocsin("whoami")
    assert (locked.code, locked.out) == (2, "")
    assert "which cannot be used: the keyring is locked. Unlock it, set TOCSIN_TOKEN" in locked.err
    ring.is_locked = False
    assert run_tocsin("logout").code == 0
    assert ring.stored == {}
    assert load_settings().token == ""


def test_without_a_keyring_that_works_the_token_is_in_a_file_of_its_owner(
    run_tocsin: RunTocsin, ring: InMemory, url: str
) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    ran = run_tocsin("--url", url, "login", "--token", TOKEN)
    assert (ran.code, ran.err) == (0, f"Signed in to Acme as CI. The token is in {config_file()}\n")
    assert config_file().stat().st_mode & 0o777 == 0o600
    assert load_settings().token == TOKEN
    keyring.set_keyring(ring)
    assert run_tocsin("--url", url, "login", "--token", TOKEN).code == 0
    assert TOKEN not in config_file().read_text()
    assert load_settings().token == TOKEN


@pytest.mark.parametrize("is_in_file", [False, True])
def test_token_goes_to_the_server_it_was_stored_for_and_no_other(
    run_tocsin: RunTocsin, ring: InMemory, url: str, monkeypatch: pytest.MonkeyPatch, is_in_file: bool
) -> None:
    if is_in_file:
        keyring.set_keyring(keyring.backends.fail.Keyring())
    assert run_tocsin("--url", url, "login", "--token", TOKEN).code == 0
    assert load_settings({"url": f"{url}/"}).token == TOKEN
    assert load_settings({"url": "https://elsewhere.example"}).token == ""
    monkeypatch.setenv("TOCSIN_URL", "https://elsewhere.example")
    assert load_settings().token == ""
    monkeypatch.setenv("TOCSIN_TOKEN", "tcs_given")
    assert load_settings().token == "tcs_given", "what is given with it is meant for it"
