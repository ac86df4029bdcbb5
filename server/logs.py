"""Structured logs: JSON lines on standard output, events named `noun.deed`. Never card data, names, addresses or tokens."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog


def configure(process: str, level: str = "info") -> None:
    """Send everything, the libraries' own logging included, to standard output as one JSON object a line."""
    number = getattr(logging, level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_serialise)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=lambda event, **_: _serialise(event).decode()),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _serialise(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def logger() -> Any:
    """Return the logger; call it where it is used, events are methods' first argument."""
    return structlog.get_logger()
