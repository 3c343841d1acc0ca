"""The servers of the test run."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from core.embedded.database import ROLE, ensure_database
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
