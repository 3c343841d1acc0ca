"""The servers of the test run."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from config.environment import Environment
from config.runtime import servers as own_servers
from core.embedded.database import ROLE, ensure_database
from core.embedded.process import StartError
from tests import servers
from tests.conftest import OutsideConnectionError


@pytest.mark.django_db
def test_database_is_the_embedded_postgresql() -> None:
    question = "select inet_server_addr()::text, current_setting('fsync')"
    with connection.cursor() as cursor, psycopg.connect(servers.database_url()) as over_tcp:
        assert over_tcp.execute(question).fetchone() == ("127.0.0.1/32", "off")
        cursor.execute(question)
        assert cursor.fetchone() == (None, "off"), "over a Unix socket"


def test_valkey_requires_its_password() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.ping()
    port = settings.REDIS_URL.rsplit(":", 1)[1].split("/")[0]
    with redis.Redis(port=int(port)) as outsider, pytest.raises(redis.AuthenticationError):
        outsider.ping()


def test_test_cannot_reach_another_machine() -> None:
    with socket.socket() as sock, pytest.raises(OutsideConnectionError):
        sock.connect(("192.0.2.1", 80))


# Parallel workers share the server.
NAME = f"owned_by_the_role_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
# What an installation has that was made when a superuser used the database.
EARLIER = """
create extension btree_gist;
create type colour as enum ('red');
create table parent (id bigint generated always as identity, at date not null, c colour, key bigserial)
  partition by range (at);
create table part partition of parent for values from ('2026-01-01') to ('2027-01-01');
create sequence counter;
create view seen as select id from parent;
create function twice(n int) returns int language plpgsql as 'begin return 2 * n; end';
"""
OWNED = """
insert into parent (at, c) values ('2026-02-01', 'red');
alter table parent add column more text;
alter table parent detach partition part;
drop table part;
alter type colour add value 'blue';
alter sequence counter restart;
drop view seen;
create or replace function twice(n int) returns int language plpgsql as 'begin return n; end';
create trigger again before update on parent for each row
  execute function suppress_redundant_updates_trigger();
"""
RIGHTS = "select rolsuper or rolcreaterole or rolcreatedb from pg_roles"
OWNER = "select datdba::regrole::text from pg_database"
OWNERS = """
select array_agg(distinct relowner::regrole::text) from pg_class where relnamespace = 'public'::regnamespace
"""


@pytest.fixture
def superuser_url() -> Iterator[str]:
    """Of a database that does not exist yet, on the server of the tests."""
    ours = urlsplit(servers.database_url())
    yield urlunsplit(ours._replace(path=f"/{NAME}"))
    with psycopg.connect(urlunsplit(ours._replace(path="/postgres")), autocommit=True) as beside:
        beside.execute(f"drop database if exists {NAME} with (force)")


def ask(url: str, query: str) -> object:
    """One value, or None of statements that return nothing."""
    with psycopg.connect(url) as one:
        found = one.execute(query)
        row = found.fetchone() if found.description else None
        return row[0] if row else None


def test_tocsin_uses_its_database_as_a_role_that_is_no_superuser(superuser_url: str) -> None:
    url = ensure_database(superuser_url)
    assert urlsplit(url).username == ROLE
    assert ask(url, f"{RIGHTS} where rolname = user") is False
    assert ask(url, f"{OWNER} where datname = current_database()") == ROLE
    ask(url, "create extension btree_gist; create extension pg_trgm; create table mine (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, "select pg_read_file('/etc/passwd')")
    assert ensure_database(superuser_url) == url


def test_objects_of_an_earlier_superuser_belong_to_the_role(superuser_url: str) -> None:
    server = urlunsplit(urlsplit(superuser_url)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as beside:
        beside.execute(f"create database {NAME}")
    with psycopg.connect(superuser_url) as before:
        before.execute(EARLIER)
    url = ensure_database(superuser_url)
    ask(url, OWNED)
    assert ask(url, "select twice(4)") == 4
    assert ask(url, OWNERS) == [ROLE]


@pytest.fixture
def secrets_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Secret files of an installation without other settings, where no server can be started."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setattr(own_servers, "ROOT", tmp_path)
    monkeypatch.setattr(own_servers, "DATA_DIR", tmp_path / "data")
    monkeypatch.setattr(own_servers, "_start", lambda kind, home: pytest.fail(f"{kind} was started"))
    monkeypatch.setenv("TOCSIN_SECRETS_DIR", str(folder))
    for name in own_servers.SETTING_OF.values():
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize("name", ["database_url", "DATABASE_URL"])
def test_database_of_a_secret_file_is_used_instead_of_the_embedded_one(secrets_dir: Path, name: str) -> None:
    (secrets_dir / name).write_text("postgresql://u:p@db.example/tocsin\n")
    with own_servers.own_database():
        assert "DATABASE_URL" not in os.environ
        assert str(Environment().database_url) == "postgresql://u:p@db.example/tocsin"


def test_servers_of_secret_files_are_not_embedded(secrets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_servers, "_start_servers", lambda started: None)
    monkeypatch.setattr(own_servers.servers, "server", lambda kind, home: pytest.fail(f"{kind} is embedded"))
    (secrets_dir / "database_url").write_text("postgresql://u:p@db.example/tocsin")
    (secrets_dir / "redis_url").write_text("redis://cache.example/0")
    (secrets_dir / "s3_endpoint_url").write_text("https://storage.example")
    with own_servers.running_servers() as started:
        assert started.embedded == ()


def test_environment_precedes_secret_files_and_they_precede_dotenv(
    secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets_dir.parent / ".env").write_text("REDIS_URL=redis://dotenv/0\nS3_ENDPOINT_URL=http://dotenv\n")
    (secrets_dir / "redis_url").write_text("redis://file/0")
    (secrets_dir / "database_url").write_text("postgresql://file/tocsin")
    (secrets_dir / "s3_endpoint_url").write_text("\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/tocsin")
    monkeypatch.setenv("REDIS_URL", "")
    given = own_servers._given()
    assert [given[name] for name in own_servers.SETTING_OF.values()] == [
        "postgresql://environment/tocsin",
        "redis://file/0",
        "http://dotenv",
    ]


def test_secrets_dir_that_is_a_file_is_refused(secrets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets_dir / "database_url").write_text("postgresql://file/tocsin")
    monkeypatch.setenv("TOCSIN_SECRETS_DIR", str(secrets_dir / "database_url"))
    with pytest.raises(StartError, match="TOCSIN_SECRETS_DIR"), own_servers.own_database():
        pass
