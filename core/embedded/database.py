"""Creates the database on an embedded server, and the role that Tocsin connects as."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROLE: Final = "tocsin_app"
_ONE_AT_A_TIME: Final = 0x70C51  # the key of an advisory lock
# Objects a superuser created before the role existed. Extensions and their objects stay as they are;
# sequences follow the tables whose columns they number.
_FOREIGN: Final = """
select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
            else 'table' end as kind, c.oid::regclass::text as name
  from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
   and c.relowner <> %(role)s::regrole
   and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
                      and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i')))
union all
select 'routine', p.oid::regprocedure::text from pg_proc p
 where p.pronamespace = 'public'::regnamespace and p.proowner <> %(role)s::regrole
   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select 'type', t.oid::regtype::text from pg_type t
 where t.typnamespace = 'public'::regnamespace and t.typowner <> %(role)s::regrole and t.typtype in ('e', 'd')
   and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')
"""


def ensure_database(url: str) -> str:
    """Create the database named by `url` and a non-superuser role that owns it, unless they exist.

    `url` is a superuser's. Returns the URL for connecting as the role.
    """
    parts = urlsplit(url)
    name, password = parts.path.lstrip("/"), _password_from(parts.password or "")
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        _ensure_role(connection, password)
        _ensure_owned(connection, name)
        with psycopg.connect(url) as inside:
            _hand_over(inside)
    return urlunsplit(parts._replace(netloc=f"{ROLE}:{password}@{parts.hostname}:{parts.port}"))


def _password_from(superuser: str) -> str:
    """Derive the role's password from the superuser's; it cannot be reversed."""
    return hmac.new(superuser.encode(), ROLE.encode(), hashlib.sha256).hexdigest()


def _ensure_role(connection: psycopg.Connection[Any], password: str) -> None:
    known = connection.execute("select from pg_roles where rolname = %s", [ROLE]).fetchone()
    # Sent as a SCRAM verifier, so that the password is in no log of the server.
    verifier = connection.pgconn.encrypt_password(password.encode(), ROLE.encode(), b"scram-sha-256").decode()
    command = sql.SQL("{} role {} login nosuperuser nocreaterole nocreatedb password {}").format(
        sql.SQL("create" if known is None else "alter"), sql.Identifier(ROLE), sql.Literal(verifier)
    )
    connection.execute(command)


def _ensure_owned(connection: psycopg.Connection[Any], name: str) -> None:
    query = "select datdba::regrole::text from pg_database where datname = %s"
    found = connection.execute(query, [name]).fetchone()
    names = {"name": sql.Identifier(name), "role": sql.Identifier(ROLE)}
    if found is None:
        connection.execute(sql.SQL("create database {name} owner {role}").format(**names))
    elif found[0] != ROLE:
        connection.execute(sql.SQL("alter database {name} owner to {role}").format(**names))


def _hand_over(inside: psycopg.Connection[Any]) -> None:
    """Make the role the owner of everything a superuser created here, in one transaction."""
    for kind, name in inside.execute(_FOREIGN, {"role": ROLE}).fetchall():
        command = sql.SQL("alter {kind} {name} owner to {role}")
        parts = {"kind": sql.SQL(kind), "name": sql.SQL(name), "role": sql.Identifier(ROLE)}
        inside.execute(command.format(**parts))
