"""All logs, those of libraries included, in one form on standard output."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog


def configure_logs(level: str, *, as_json: bool) -> None:
    """Send all logs, those of libraries included, to standard output in one form.

    Parameters
    ----------
    level : str
        Least severe events that are logged: "debug", "info", "warning" or "error".
    as_json : bool
        Whether lines are JSON; otherwise they are words for a terminal.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        # Never with the values of variables: keys, tokens and bodies are among them.
        traces = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        last += [
            structlog.processors.ExceptionRenderer(traces),
            structlog.processors.JSONRenderer(),
        ]
    else:
        plain = structlog.dev.plain_traceback
        colors = sys.stdout.isatty()
        last.append(structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain))
    handler = _Handler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("httpx", "httpcore"):  # they would log addresses at each call
        logging.getLogger(name).setLevel(logging.WARNING)


class _Handler(logging.StreamHandler[TextIO]):
    """A handler that goes on when nobody reads the logs any more."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in logging
        """Say what went wrong with a line, unless it is that it cannot be written."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)
