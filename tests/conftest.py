"""Every test runs on a real PostgreSQL and a real Valkey, and reaches nothing but this machine."""

from __future__ import annotations

import gc
import ipaddress
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import TransactionTestCase, override_settings

from tests import servers
from tests.tables import WHOLE

pytest_plugins = ("tests.object_storage",)

if TYPE_CHECKING:  # models may be imported only after the servers run
    from accounts.actor import Actor
    from accounts.models import User, Workspace

MakeActor = Callable[..., "Actor"]

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


class OutsideConnectionError(BaseException):
    """A test tried to leave this machine. Not an Exception, so that no code under test can swallow it."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs tests in the background has them ignore interrupts, and so do the programs they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # a third of the time of importing and collecting, which leave nothing to collect
    servers.start()
    # Loads the settings now, upon which pytest-django sets Django up. A third of what tests cost is sending
    # statements, which costs less than over TCP.
    settings.DATABASES["default"]["HOST"] = str(servers.socket_folder())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and thousands of tests stay to the end: the collector need not look at them again and again."""
    found = yield
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # a tenth of the time of the tests
    gc.enable()
    return found


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first: else one of two workers might wait for the other's last test."""
    if not WHOLE:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("whole")])
        items[:] = [item for item in items if not item.get_closest_marker("whole")]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    if nextitem is None:
        gc.collect()  # closes connections of threads that ended, with which no database can be dropped


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    servers.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Of the databases of parallel workers one is migrated, the others are its copies."""
    if servers.copies_migrated():
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = servers.migrated()


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded_connect)
    patch.setattr(socket.socket, "connect_ex", _guarded_connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashing as slowly as attackers deserve is most of what a sign-in costs."""
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    with override_settings(PASSWORD_HASHERS=[quick, *settings.PASSWORD_HASHERS]):
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_teardown() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: servers.empty_tables())
    yield
    patch.undo()


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _refuse_outside(self, address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _refuse_outside(self, address)
    return _connect_ex(self, address)


def _refuse_outside(sock: socket.socket, address: Any) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6} or address[0] in {"localhost", ""}:
        return
    if not ipaddress.ip_address(address[0]).is_loopback:
        raise OutsideConnectionError(f"tests may reach loopback addresses only, not {address[0]}")


@pytest.fixture(autouse=True, scope="session")
def _without_health_monitor() -> Iterator[None]:
    """Switch the health monitor off: most tests run no worker, and its statements would be counted."""
    from core.health.monitor import HEALTH_MONITOR

    patch = pytest.MonkeyPatch()
    patch.setattr(HEALTH_MONITOR, "_ensure_running", lambda: None)
    patch.setattr(HEALTH_MONITOR, "_checked_at", float("inf"))
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _fresh_reachability() -> Iterator[None]:
    """The check of who can be reached remembers its result for a minute, in the whole process."""
    from notifications.checks import _walked

    _walked.cache_clear()
    yield
    _walked.cache_clear()


@pytest.fixture
def workspace(db: None) -> Workspace:
    """The workspace most tests happen in."""
    from accounts.models import Workspace

    return Workspace.objects.create(slug="acme", name="Acme")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    """Someone else's workspace, whose rows must never be seen or changed."""
    from accounts.models import Workspace

    return Workspace.objects.create(slug="rival", name="Rival")


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """`make_user("dana")`: a person without any membership."""
    from accounts.models import User

    def make(username: str = "dana", **fields: Any) -> User:
        fields.setdefault("email", f"{username}@example.test")
        fields.setdefault("display_name", username.replace(".", " ").title())
        return User.objects.create_user(username, password=fields.pop("password", None), **fields)

    return make


@pytest.fixture
def make_actor(workspace: Workspace, make_user: Callable[..., User]) -> MakeActor:
    """`make_actor("manager")`: a new member of the workspace, or of `inside=`, with that role."""
    from accounts.actor import Actor
    from accounts.models import Membership, Role

    def make(role: str = "responder", *, username: str = "", inside: Workspace | None = None) -> Actor:
        user, home = make_user(username or f"{role}.{_serial()}"), inside or workspace
        Membership.objects.create(workspace_id=home.pk, user=user, role=role)
        return Actor(workspace_id=home.pk, kind="user", label=user.label, user_id=user.pk, role=Role(role))

    return make


@pytest.fixture
def actor(make_actor: MakeActor) -> Actor:
    """A responder of the workspace."""
    return make_actor("responder", username="rita.responder")


@pytest.fixture
def admin(make_actor: MakeActor) -> Actor:
    """An admin of the workspace."""
    return make_actor("admin", username="adam.admin")


_numbers = iter(range(1, 1_000_000))


def _serial() -> int:
    return next(_numbers)
