"""Structured logs: plain lines for people, JSON for machines; the only module that configures logging.

Every value is escaped, so that text from upstream or from a request can't forge a line. Secrets never come here:
settings hold them as SecretStr, and errors are worded where they are raised.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.catalog.text import one_line


def configure_logs(level: str, style: Literal["text", "json"]) -> None:
    """Set up structlog and the standard library's logging to write to standard error alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _one_line,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False, pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _indented_traceback,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These write a line per request or per wire event at their lower levels.
    for name in ("httpx", "httpcore", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take control characters out of every text of an event."""
    return {key: one_line(value) if isinstance(value, str) else value for key, value in event.items()}


def _indented_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Move a traceback to the right, line by line: a message from outside in it must not look like an event."""
    traceback = event.get("exception")
    if isinstance(traceback, str):
        lines = ((line, len(line) - len(line.lstrip(" "))) for line in traceback.splitlines())
        event["exception"] = "\n".join(f"  {' ' * indent}{one_line(line)}" for line, indent in lines)
    return event
