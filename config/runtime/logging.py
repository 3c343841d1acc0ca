"""Structured logs with secrets redacted: JSON in production, readable elsewhere."""

from __future__ import annotations

import logging.config
import os
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from core.log_redaction import TRACEBACK, RecordRedaction, escaped, escaped_json, redact_tracebacks

_TRACEBACK_AS_DATA = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def logging_settings(level: str, *, json: bool, own: Collection[str] = ()) -> dict[str, Any]:
    """Return a dictConfig for all loggers of the process, including the libraries'.

    `own` are secrets of this installation; they are masked by value. Tracebacks contain no local variables.
    """
    redaction = RecordRedaction(own)
    redact_tracebacks(redaction)
    last: list[Any] = (
        [
            _TRACEBACK_AS_DATA,
            redaction.record,
            structlog.processors.JSONRenderer(),
            redaction.json_line,
            escaped_json,
        ]
        if json
        else [structlog.processors.format_exc_info, redaction.record, _readable, redaction.line, escaped]
    )
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": processors,
    }
    logging.captureWarnings(capture=True)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            name: {"level": least, "propagate": True, "handlers": []} for name, least in _QUIETER.items()
        },
    }


_SECRET_SETTINGS = (
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "S3_SECRET_KEY", "METRICS_TOKEN", "SMTP_URL", "LANGUAGE_MODEL_KEY",
)  # fmt: skip
_ADDRESS_SETTINGS = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL")

# Each message and each beat would be a line; failures are still logged.
_QUIETER = {
    "celery.worker.strategy": "WARNING",
    "celery.worker.request": "WARNING",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "django.server": "WARNING",
    "django.request": "ERROR",
    "django.security.DisallowedHost": "CRITICAL",  # any scanner can cause it; the response is 400
    "httpx": "WARNING",
    "httpx2": "WARNING",  # its lines contain URLs, which contain secrets
    "httpcore2": "WARNING",
    "_granian": "WARNING",  # it has no redacting handler of its own
}


def configure() -> None:
    """Configure logging without Django's settings, for beat, from the same environment variables."""
    production = os.environ.get("TOCSIN_ENV", "production") == "production"
    level = os.environ.get("LOG_LEVEL", "INFO")
    logging.config.dictConfig(logging_settings(level, json=production, own=own_secrets(os.environ)))


def own_secrets(values: Mapping[str, str]) -> list[str]:
    """Return the secrets among settings, given by environment name: keys, and passwords in URLs."""
    keys = [word.strip() for name in _SECRET_SETTINGS for word in values.get(name, "").split(",")]
    addresses = [urlsplit(values.get(name, "")).password or "" for name in _ADDRESS_SETTINGS]
    return [value for value in (*keys, *addresses, *map(unquote, addresses)) if value]


def _readable(_logger: Any, _method: str, record: Any) -> str:
    level, name, text = record.pop("level", "info"), record.pop("logger", ""), record.pop("event", "")
    traceback = record.pop("exception", "")
    record.pop("timestamp", None)
    extra = " ".join(f"{k}={v}" for k, v in record.items())
    line = " ".join(part for part in (level.upper(), f"{name}:", str(text), extra) if part)
    return f"{line}{TRACEBACK}{traceback}" if traceback else line


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED[:3],
        *_SHARED[4:],
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
