"""The PostgreSQL and Valkey of one test run: started before Django's settings load, stopped at its end.

The controller starts PostgreSQL once; each parallel worker has its own database in it and its own Valkey,
since a Valkey's channels are not scoped by database number. What is migrated once is copied afterwards.
With TOCSIN_TEST_CACHE=folder the migrated data stays there for the next run with the same migrations; a run
with more of them begins from it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from django.db import connection
from psycopg import sql

from config.installation.schema import migrations
from config.paths import ROOT
from core.embedded import process
from core.embedded.database import ensure_database
from core.embedded.postgres import UNSAFE_BUT_FAST, Postgres, installed_programs
from core.embedded.valkey import Valkey

# A test is one transaction, which is idle while a page is rendered for the first time on a busy machine.
MAIL_BACKOFF = {"idle_in_transaction_session_timeout": "2min"}
PREFIX = "tocsin-tests-"
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 4 << 30  # a whole run writes about 2 GB at most at a time
FOLDER = "TOCSIN_TEST_FOLDER"
CACHE = "TOCSIN_TEST_CACHE"
BEGAN_WITH = "TOCSIN_TEST_CACHE_BEGAN_WITH"  # the name in the cache of the migrations at the start
MIGRATED = "migrated"
EARLIER = "earlier"
APPLIED = "applied.txt"
# Without triggers and checks of foreign keys. DELETE takes a tenth of the time of TRUNCATE, which makes new
# files for a table and each of its indexes; what grew large is better thrown away.
_EMPTY = """
do $$ declare found record; begin
  set local session_replication_role = replica;
  for found in
    select c.oid::regclass as name,
           pg_relation_size(c.oid) + coalesce((
             select sum(pg_relation_size(relid)) from pg_partition_tree(c.oid)), 0) as bytes
      from pg_class c where relnamespace = current_schema()::regnamespace and relname = any({})
  loop
    if found.bytes > 1000000 then execute format('truncate %s cascade', found.name);
    elsif found.bytes > 0 then execute format('delete from %s', found.name);
    end if;
  end loop;
end $$
"""
_ROWS_OF_MIGRATIONS = {"django_content_type", "auth_permission"}


def start() -> None:
    """Start what this process needs and point the environment at it."""
    # Hundreds of programs are started, and compiling Tocsin's modules takes each of them a second.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not is_worker():
        _start_postgres()
    _start_valkey()
    os.environ["TOCSIN_ENV"] = "test"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # a storage without keys is not looked for outside
    os.environ["TOCSIN_DATA_DIR"] = str(_own_folder())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def stop() -> None:
    """Stop what this process started; the controller also removes the folder."""
    account = process.server_account()
    Valkey(_own_folder() / "valkey", account).stop()
    if not is_worker():
        folder = Path(os.environ.pop(FOLDER))
        cached, unsaved = _cached(), False
        # Migrations that changed meanwhile are not those that were applied.
        if cached is not None and not cached.exists() and os.environ.get(BEGAN_WITH) == cached.name:
            unsaved = _exists(MIGRATED)
        Postgres(folder / "postgres", account).stop(patience=5)
        if cached is not None and unsaved:
            _save(folder / "postgres", cached)
        shutil.rmtree(folder, ignore_errors=True)


def is_worker() -> bool:
    """Whether this process is one of several that run the tests."""
    return bool(os.environ.get("PYTEST_XDIST_WORKER"))


def socket_folder() -> Path:
    """Where PostgreSQL's Unix socket is. The tests use it, programs that they start use TCP."""
    return Path(os.environ[FOLDER]) / "postgres"


def database_url() -> str:
    """Of this process's database, over TCP."""
    name = connection.settings_dict["NAME"]
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def copies_migrated() -> bool:
    """Whether a run's database is a copy of a migrated one, rather than migrated by itself."""
    return is_worker() or CACHE in os.environ


def migrated() -> str:
    """The name of a database with every migration and no rows, made on first use."""
    with (Path(os.environ[FOLDER]) / "migrating").open("w") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        if not _exists(MIGRATED):
            start_from = EARLIER if _exists(EARLIER) else "template1"
            url = create_database("migrating", template=start_from)
            argv = [sys.executable, "manage.py", "migrate", "-v0"]
            subprocess.run(argv, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)
            _ask("alter database migrating rename to {}", MIGRATED)
    return MIGRATED


def create_database(name: str, *, template: str = "") -> str:
    """A new one of that name, replacing an existing one: with every migration, unless copied from another."""
    template = template or migrated()
    _ask("drop database if exists {} with (force)", name)
    _ask("create database {} template {}", name, template)
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def migrated_folder() -> Path:
    """PostgreSQL's data with a migrated database `tocsin`, to be copied; made on first use."""
    folder, account = Path(os.environ[FOLDER]) / "seed", process.server_account()
    with (Path(os.environ[FOLDER]) / "seeding").open("w") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            server = Postgres(folder, account, UNSAFE_BUT_FAST)
            ensure_database(server.start())
            _load(migrated(), server.url())  # as a superuser; at its start Tocsin's role takes it over
            server.stop()
            (folder / "done").touch()
    return folder


def copy_server(source: Path, target: Path) -> None:
    """Copy a stopped server's data and password; `cp` preserves their owner."""
    target.mkdir()
    subprocess.run(["cp", "-a", str(source / "data"), str(source / "password"), str(target)], check=True)


def _load(name: str, url: str) -> None:
    """Copy a database of the tests' server to the one at `url`."""
    programs = installed_programs()
    assert programs is not None
    source = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    dump = subprocess.run([programs / "pg_dump", source], stdout=subprocess.PIPE, check=True).stdout
    argv = [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url]
    subprocess.run(argv, input=dump, stdout=subprocess.DEVNULL, check=True)


def empty_tables() -> None:
    """Delete the rows of the models; Django's flush truncates all tables and registers permissions again."""
    names = sorted(set(connection.introspection.django_table_names()) - _ROWS_OF_MIGRATIONS)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_EMPTY).format(sql.Literal(names)))


def _exists(name: str) -> bool:
    return bool(_ask("select 1 from pg_database where datname = {}", sql.Literal(name)))


def _ask(statement: str, *names: str | sql.Literal) -> list[tuple[object, ...]]:
    """Rows of a statement about databases, with these names in it."""
    words = [sql.Identifier(name) if isinstance(name, str) else name for name in names]
    url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres"))
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(sql.SQL(statement).format(*words))
        return found.fetchall() if found.description else []


def _start_postgres() -> None:
    _sweep_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent_folder()))
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    us = process.handle_of(os.getpid())
    assert us is not None
    process.remember(folder / "owner", us)
    cached = _cached()
    os.environ[BEGAN_WITH] = cached.name if cached else ""
    seed = cached if cached is None or cached.exists() else _earlier(cached.parent)
    if seed is not None:
        copy_server(seed, folder / "postgres")
    settings = UNSAFE_BUT_FAST | MAIL_BACKOFF | {"unix_socket_directories": str(socket_folder())}
    server = Postgres(folder / "postgres", process.server_account(), settings)
    os.environ["DATABASE_URL"] = url = server.start()  # a superuser's: each worker makes databases
    ensure_database(url)
    if seed is not None and seed != cached:
        _ask("drop database if exists {}", EARLIER)
        _ask("alter database {} rename to {}", MIGRATED, EARLIER)


def _cached() -> Path | None:
    """Where PostgreSQL's data with today's migrations is saved, if a cache is configured."""
    if CACHE not in os.environ:
        return None
    return Path(os.environ[CACHE]) / hashlib.sha256("\n".join(migrations()).encode()).hexdigest()[:16]


def _earlier(cache: Path) -> Path | None:
    """The saved data that has most of today's migrations and no other."""
    wanted = set(migrations())
    saved = {path.parent: set(path.read_text().splitlines()) for path in cache.glob(f"*/{APPLIED}")}
    fitting = [folder for folder, applied in saved.items() if applied < wanted]
    return max(fitting, key=lambda folder: len(saved[folder]), default=None)


def _save(source: Path, cached: Path) -> None:
    cached.parent.mkdir(parents=True, exist_ok=True)
    making = cached.with_name(f"{cached.name}.{os.getpid()}")
    copy_server(source, making)
    (making / APPLIED).write_text("\n".join(migrations()))
    if not cached.exists():
        making.rename(cached)
    shutil.rmtree(making, ignore_errors=True)


def _start_valkey() -> None:
    folder = _own_folder()
    folder.mkdir(mode=0o711, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    os.environ["REDIS_URL"] = Valkey(folder / "valkey", process.server_account()).start()


def _own_folder() -> Path:
    return Path(os.environ[FOLDER]) / os.environ.get("PYTEST_XDIST_WORKER", "main")


def _parent_folder() -> Path:
    """In memory where there is plenty: files of tests are many and short-lived, and need no disk."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED_BYTES
    is_free = psutil.virtual_memory().available >= 2 * MEMORY_NEEDED_BYTES
    return MEMORY if is_roomy and is_free else Path(tempfile.gettempdir())


def _sweep_leftovers() -> None:
    """Stop the servers of killed test runs, recognized by an owner that no longer runs."""
    account = process.server_account()
    for folder in [*MEMORY.glob(f"{PREFIX}*"), *Path(tempfile.gettempdir()).glob(f"{PREFIX}*")]:
        if not (folder / "owner").exists() or process.recall(folder / "owner"):
            continue
        for data in (folder / "postgres", *folder.glob("*/postgres")):  # of the run, and of what it started
            Postgres(data, account).stop(patience=5)
        for pid_file in folder.glob("*/valkey/pid"):
            Valkey(pid_file.parent, account).stop()
        shutil.rmtree(folder, ignore_errors=True)
