"""Structured logs: one line a record, JSON in production, readable elsewhere, secrets taken out of both."""

from __future__ import annotations

import logging.config
import os
from typing import Any

import structlog

from core.redaction import redact_record

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def logging_settings(level: str, *, json: bool) -> dict[str, Any]:
    """A dictConfig for everything in the process, the libraries' records included."""
    shown: list[Any] = (
        [structlog.processors.dict_tracebacks] if json else [structlog.processors.format_exc_info]
    )
    last = structlog.processors.JSONRenderer() if json else _readable
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown, redact_record, last]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": processors,
    }
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


# Each message and each beat would be a line; their failures still are.
_QUIETER = {
    "celery.worker.strategy": "WARNING",
    "celery.worker.request": "WARNING",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "django.server": "WARNING",
    "django.request": "ERROR",
    "django.security.DisallowedHost": "CRITICAL",  # any scanner can cause it, and is answered 400
    "httpx": "WARNING",
}


def configure() -> None:
    """Set logging up without Django's settings, for beat; the environment decides as it does there."""
    production = os.environ.get("TOCSIN_ENV", "production") == "production"
    logging.config.dictConfig(logging_settings(os.environ.get("LOG_LEVEL", "INFO"), json=production))


def _readable(_logger: Any, _method: str, record: Any) -> str:
    level, name, text = record.pop("level", "info"), record.pop("logger", ""), record.pop("event", "")
    trouble = record.pop("exception", "")
    record.pop("timestamp", None)
    extra = " ".join(f"{k}={v}" for k, v in record.items())
    line = " ".join(part for part in (level.upper(), f"{name}:", str(text), extra) if part)
    return f"{line}\n{trouble}" if trouble else line


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
