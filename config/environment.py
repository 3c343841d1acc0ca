"""Typed settings from the environment, validated at start."""

from __future__ import annotations

import os
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from config.installation.connections import database_parameters
from config.paths import DATA_DIR, ROOT, RUNTIME_ENV
from config.production_faults import production_faults, words
from tocsin.redaction.own_rules import OwnRule

LOOPBACK: Final[dict[int, Any]] = {4: IPv4Network("127.0.0.0/8"), 6: IPv6Network("::1/128")}


class Environment(BaseSettings):
    """Settings from the process environment, then `.env`, then the file written by `manage.py up`."""

    model_config = SettingsConfigDict(
        env_file=(RUNTIME_ENV, ROOT / ".env"),
        env_file_encoding="utf-8",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    tocsin_env: Literal["production", "local", "test"] = Field(
        "production", description="`local` is set by `make run`; `production` refuses unsafe settings."
    )
    tocsin_open_loopback: bool = Field(
        False, description="Accept API calls from loopback addresses without a token. Refused in production."
    )
    tocsin_secrets_dir: Path | None = Field(
        None,
        description="Folder with a file for each secret, named like its setting; environment variables "
        "take precedence. Not in `.env`.",
    )
    tocsin_data_dir: Path = Field(DATA_DIR, description="Where embedded servers store their data.")
    secret_key: SecretStr = Field(SecretStr(""), description="Signing key, 50 characters or more.")
    secret_key_fallbacks: SecretStr = Field(
        SecretStr(""),
        description="Earlier signing keys, separated by commas: secrets encrypted with them stay readable.",
    )
    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]", description="Host names served, separated by commas."
    )
    csrf_trusted_origins: str = Field(
        "", description="Origins behind a proxy, separated by commas, such as `https://tocsin.example`."
    )
    base_url: str = Field("http://localhost:8000", description="Public URL of this installation.")
    port: int = Field(8000, ge=1, le=65535, description="The port `manage.py up` listens on.")
    database_url: PostgresDsn | None = Field(
        None,
        description="PostgreSQL 14+, a URL with any parameters of libpq, also with several hosts; unset: an "
        "embedded server is started.",
    )
    redis_url: RedisDsn | None = Field(
        None, description="Redis or Valkey; unset: an embedded Valkey is started."
    )
    s3_endpoint_url: str | None = Field(
        None, description="S3-compatible storage; unset: an embedded one is started."
    )
    s3_access_key: str = Field(
        "", description="Access key of the storage; unset: boto3's default credentials."
    )
    s3_secret_key: SecretStr = Field(SecretStr(""), description="Secret key of the storage.")
    s3_region: str = Field("us-east-1", description="Region of the storage.")
    s3_bucket: str = Field("tocsin-incidents", description="Bucket of incidents' files.")
    s3_public_endpoint_url: str | None = Field(
        None, description="URL of the storage for browsers; unset: S3_ENDPOINT_URL."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server, such as `smtps://user:password@mail.example.com:465` or `smtp://host:587` "
        "(STARTTLS); unset: no mail is sent.",
    )
    mail_from: str = Field("", description="Sender of mails, such as `Tocsin <tocsin@example.com>`.")
    apprise_schemes: str = Field(
        "",
        description="Further Apprise services that channels may use, comma-separated, such as `json,mailto`.",
    )
    plain_connections: bool = Field(
        False,
        description="Allow connections to servers on other machines without verified TLS in production.",
    )
    web_workers: int = Field(
        2, ge=1, le=64, description="Number of web processes; one per CPU core is recommended."
    )
    trusted_proxies: str = Field(
        "",
        description="Proxy addresses or networks, separated by commas; trusted to report client addresses.",
    )
    session_idle_hours: int = Field(
        168, ge=1, le=8760, description="Hours of inactivity after which a session ends."
    )
    session_hours: int = Field(720, ge=1, le=8760, description="Hours after which every session ends.")
    event_limit_per_token: int = Field(
        50_000, ge=1, description="Events per second one token may send before 429."
    )
    event_limit_per_workspace: int = Field(
        100_000, ge=1, description="Events per second one workspace may send before 429."
    )
    api_limit_per_caller: int = Field(
        12_000, ge=10, description="API requests per minute one token, person or local workspace may make."
    )
    live_streams_per_session: int = Field(
        20, ge=1, description="Live streams one session may have in each web process; further pages poll."
    )
    event_retention_days: int = Field(
        7, ge=1, le=365, description="Days events are stored; events of incidents are stored permanently."
    )
    incident_archive_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days after resolution until timeline and events move to object storage; 0: never.",
    )
    quarantine_days: int = Field(
        14, ge=1, le=365, description="Days a webhook that could not be parsed is stored, for replay."
    )
    bundle_retention_days: int = Field(
        30,
        ge=1,
        le=365,
        description="Days a diagnostic bundle is stored; longer while its incident is unresolved.",
    )
    bundle_quota_mb: int = Field(
        5_000, ge=1, description="Megabytes of diagnostic bundles one workspace may store."
    )
    bundles_unredacted: bool = Field(
        False,
        description="Accept bundles collected without redaction: quarantined, admins only, stored 7 days.",
    )
    http_allowed_networks: str = Field(
        "",
        description="Private networks that webhooks and other outgoing requests may reach, such as "
        "`10.0.5.0/24`, separated by commas. Loopback addresses outside production only.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        description="URL of Slack's Web API, such as `https://slack-gov.com/api/` for GovSlack.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token required by `/metrics` in production; unset: `/metrics` is not served.",
    )
    redaction_rules: list[dict[str, Any]] = Field(
        [],
        description="Redaction rules besides the built-in ones, as JSON: name, marks, pattern and the group "
        'to redact, such as `[{"name": "ntfy", "marks": ["ntfy.sh/"], "pattern": "ntfy.sh/([a-z]+)", '
        '"keep": 1}]`.',
    )
    remediation_commands: dict[str, list[str]] = Field(
        {},
        description="Commands that remediation may run, as JSON: name to program and arguments, such as "
        '`{"restart": ["/usr/local/bin/restart", "{component}"]}`.',
    )
    language_model_url: str | None = Field(
        None,
        description="Base URL of an OpenAI-compatible API, such as `https://llm.example.com/v1`, that "
        "writes summaries of incidents from redacted facts; unset: only built-in rules do.",
    )
    language_model_name: str = Field("", max_length=200, description="Name of the model to use.")
    language_model_key: SecretStr = Field(SecretStr(""), description="Its API key.")
    language_model_daily_tokens: int = Field(
        200_000, ge=1, description="Tokens of the language model one workspace may use per day."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Minimum level of logged messages."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read files mounted by a vault agent, an orchestrator or systemd before `.env`."""
        return init_settings, env_settings, _secret_files(settings_cls), dotenv_settings

    @field_validator("tocsin_secrets_dir")
    @classmethod
    def _is_read(cls, value: Path | None) -> Path | None:
        if value and not value.is_dir():
            raise ValueError("must be a folder")
        if value and not os.environ.get("TOCSIN_SECRETS_DIR"):
            raise ValueError("set it in the environment: secret files are read before .env")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_read_by_libpq(cls, value: PostgresDsn | None) -> PostgresDsn | None:
        if value is not None:
            database_parameters(str(value))
        return value

    @field_validator("redaction_rules")
    @classmethod
    def _are_rules(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for rule in value:
            OwnRule(rule)
        return value

    @field_validator("trusted_proxies", "http_allowed_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        try:
            for word in words(value):
                ip_network(word, strict=False)
        except ValueError:
            raise ValueError("must be addresses or networks, separated by commas") from None
        return value

    @field_validator("s3_endpoint_url", "s3_public_endpoint_url", "base_url", "language_model_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and (
            urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname
        ):
            raise ValueError("must be an http:// or https:// address")
        if value is not None and "@" in urlsplit(value).netloc:
            raise ValueError(
                "must be an address without a user name or password; keys have settings of their own"
            )
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report every fault in one error, without values."""
        faults: list[str] = []
        made: Self | None = None
        try:
            made = handler(given)
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, one['loc'])).upper()}: {_rule(one['msg'])}" for one in error.errors()
            ]
        kind = given.get("tocsin_env", "production") if isinstance(given, dict) else "production"
        if kind == "production":
            faults += production_faults(given if isinstance(given, dict) else {})
        if faults or made is None:
            raise ValueError("; ".join(faults))
        return made

    @model_validator(mode="after")
    def _model_has_a_name(self) -> Self:
        if self.language_model_url and not self.language_model_name:
            raise ValueError("LANGUAGE_MODEL_NAME: must name the model where LANGUAGE_MODEL_URL is set")
        return self

    def signing_key(self) -> str:
        """Return SECRET_KEY, or outside production one generated once and stored in the data folder."""
        given = self.secret_key.get_secret_value()
        return given or _stored_key(self.tocsin_data_dir)


def secret_files() -> dict[str, str]:
    """Return setting -> text of the files in TOCSIN_SECRETS_DIR. Raises ValueError if it is no folder."""
    found = _secret_files(Environment)()
    return {name.upper(): value for name, value in found.items() if isinstance(value, str)}


def _secret_files(settings_cls: type[BaseSettings]) -> SecretsSettingsSource:
    return SecretsSettingsSource(settings_cls, secrets_dir=os.environ.get("TOCSIN_SECRETS_DIR") or None)


def _stored_key(folder: Path) -> str:
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_urlsafe(60))
    return path.read_text().strip()


def _rule(message: str) -> str:
    """Return the rule of an error, without the given value."""
    return message.removeprefix("Value error, ").partition(", input")[0]
