"""Unsafe production settings are refused, all at once, and no value is printed."""

from __future__ import annotations

import secrets

import pytest
from pydantic import ValidationError

from config.environment import Environment
from config.production_faults import production_faults, weakness
from config.settings import _database

# Always the same, so that parallel test processes collect the same tests.
RANDOM = "J59FLXIFAVgBDwOAg_yojFAU6SXLUZ2YBVs0aO0zK8dZYF54kJ-hBlVm6gm"
GOOD = {
    "secret_key": secrets.token_urlsafe(60),
    "allowed_hosts": "tocsin.example, .ops.example.org",
    "database_url": "postgresql://tocsin:k3jd8fj2@localhost/tocsin",
    "redis_url": "redis://localhost:6379/0",
}


def test_good_settings_have_no_fault():
    assert production_faults(GOOD) == []
    assert weakness("0123456789abcdef" * 4) == ""


@pytest.mark.parametrize(
    "hosts", ["a, *", "*", ".", "a,.", "*.", ".com", "a, *.com", "*.*", " , ", "tocsin.*"]
)
def test_patterns_of_any_host_are_refused(hosts):
    [fault] = production_faults(GOOD | {"allowed_hosts": hosts})
    assert fault.startswith("ALLOWED_HOSTS")


@pytest.mark.parametrize(
    "key",
    [
        "", "short", "a" * 60, "ab" * 40, "abcdefghi" * 8, "django-insecure-" + RANDOM,
        "changeme" * 8, "change-me-" + RANDOM, "x-changeme-" + RANDOM,
        "your-secret-key-" + RANDOM,
    ],
)  # fmt: skip
def test_keys_that_can_be_guessed_are_refused(key):
    [fault] = production_faults(GOOD | {"secret_key": key})
    assert fault.startswith("SECRET_KEY ")
    assert not key or key not in fault


@pytest.mark.parametrize("token", ["short", "a" * 40, "changeme" * 5, "secret-" + RANDOM])
def test_metrics_tokens_that_can_be_guessed_are_refused(token):
    [fault] = production_faults(GOOD | {"metrics_token": token})
    assert fault.startswith("METRICS_TOKEN ")
    assert token not in fault
    assert production_faults(GOOD | {"metrics_token": secrets.token_urlsafe(32)}) == []


def test_weak_earlier_key_and_any_origin_are_refused():
    given = GOOD | {
        "secret_key_fallbacks": f"{secrets.token_urlsafe(60)}, weak",
        "csrf_trusted_origins": "https://*",
    }
    assert [fault.split()[0] for fault in production_faults(given)] == [
        "SECRET_KEY_FALLBACKS", "CSRF_TRUSTED_ORIGINS",
    ]  # fmt: skip


def test_every_fault_is_named_at_once_and_no_value(tmp_path):
    secret = "hunter2hunter2"
    with pytest.raises(ValidationError) as refusal:
        Environment(
            _env_file=None,
            tocsin_env="production",
            tocsin_open_loopback=True,
            secret_key="k" * 20 + secret,
            allowed_hosts="*",
            database_url=f"mysql://u:{secret}@db.example/x",
            redis_url=f"redis://:{secret}@cache.example/0",
            s3_endpoint_url=f"ftp://key:{secret}@s3.example",
            s3_secret_key=secret,
            port=70_000,
            trusted_proxies="nonsense-proxy",
        )
    message = str(refusal.value)
    for name in (
        "TOCSIN_OPEN_LOOPBACK", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL",
        "PORT", "TRUSTED_PROXIES",
    ):  # fmt: skip
        assert name in message, name
    for value in (secret, "hunter2", "nonsense-proxy", "70000", "db.example"):
        assert value not in message, value


@pytest.mark.parametrize("name", ["base_url", "s3_endpoint_url", "language_model_url"])
def test_address_with_a_user_name_is_refused_without_showing_it(name):
    with pytest.raises(ValidationError, match=f"{name.upper()}: must be an address without") as refusal:
        Environment(
            _env_file=None,
            tocsin_env="local",
            language_model_name="m",
            **{name: "https://me:hunter2@a.example/"},
        )
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://u:p@db1:5432,db2:5433/t?target_session_attrs=read-write",
            {"HOST": "db1,db2", "PORT": "5432,5433", "target_session_attrs": "read-write"},
        ),
        ("postgres://u:p@db1,[::1]:5433/t", {"HOST": "db1,::1", "PORT": ",5433"}),
        (
            "postgresql://u:p@h/t?sslrootcert=%2Fetc%2Fca.pem&options=-c%20search_path%3Dtocsin",
            {"HOST": "h", "PORT": "", "sslrootcert": "/etc/ca.pem", "options": "-c search_path=tocsin"},
        ),
        ("postgresql+psycopg://u:p@%2Fvar%2FRun/t", {"HOST": "/var/Run"}),
        ("postgresql://u:p%40%2B+5%@h:1/t", {"PASSWORD": "p@++5%", "PORT": "1", "USER": "u", "NAME": "t"}),
        ("postgresql://h", {"NAME": "tocsin", "USER": "", "PASSWORD": "", "HOST": "h"}),
    ],
)
def test_database_url_is_read_as_libpq_reads_it(url, expected):
    given = str(Environment(_env_file=None, tocsin_env="local", database_url=url).database_url)
    found = _database(given)
    assert {name: found.get(name, found["OPTIONS"].get(name)) for name in expected} == expected


def test_database_url_with_an_unknown_parameter_is_refused_without_showing_it():
    with pytest.raises(ValidationError, match="DATABASE_URL: must be a PostgreSQL URL") as refusal:
        Environment(_env_file=None, tocsin_env="local", database_url="postgresql://u:hunter2@h/t?hunter3=4")
    assert "hunter" not in str(refusal.value)
