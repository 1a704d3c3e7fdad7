"""What is seen from outside: metrics, and one log line a request.

Metrics carry the route's template, never a path with ids in it. A request's line has its id, route,
status and time, and what the routers add with `note`: model, version, users, k, cold users. Keys,
tokens and bodies are in neither.
"""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from pydantic_core import to_json

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_noted: ContextVar[dict[str, Any] | None] = ContextVar("noted", default=None)


def begin_notes() -> dict[str, Any]:
    """Begin the notes of a request, in the current context."""
    notes: dict[str, Any] = {}
    _noted.set(notes)
    return notes


def note(**fields: Any) -> None:
    """Add to the notes of the request that is being answered, if one is."""
    notes = _noted.get()
    if notes is not None:
        notes.update(fields)


class Metrics:
    """The service's Prometheus metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        options: dict[str, Any] = {"registry": self.registry}
        ProcessCollector(registry=self.registry)  # memory, processor time, file descriptors
        self.requests = Counter(
            "recommender_requests", "Requests answered", ["route", "method", "status"], **options
        )
        self.seconds = Histogram(
            "recommender_request_seconds",
            "Time to answer a request",
            ["route"],
            buckets=_SECONDS,
            **options,
        )
        self.in_flight = Gauge("recommender_in_flight", "Requests being answered", **options)
        self.refused = Counter(
            "recommender_refused", "Requests refused before they were read", ["reason"], **options
        )
        self.scoring = Histogram(
            "recommender_scoring_seconds",
            "Time of one call of a model, which can answer several requests",
            ["model"],
            buckets=_SECONDS,
            **options,
        )
        self.users = Counter("recommender_users", "Users asked about", ["model"], **options)
        self.cold = Counter(
            "recommender_cold_users", "Users that the model did not know", ["model"], **options
        )
        self.model = Gauge(
            "recommender_model_info", "Models that serve", ["role", "name", "version"], **options
        )
        self.swaps = Counter(
            "recommender_model_swaps",
            "Attempts to take up another version",
            ["name", "outcome"],
            **options,
        )
        self.draining = Gauge("recommender_draining", "1 after SIGTERM", **options)

        self._by_model: dict[str, tuple[Histogram, Counter, Counter]] = {}

    def count(self, model: str, seconds: float, users: int = 0, cold: int = 0) -> None:
        """Count one call of a model."""
        found = self._by_model.get(model)
        if found is None:
            found = (
                self.scoring.labels(model),
                self.users.labels(model),
                self.cold.labels(model),
            )
            self._by_model[model] = found
        found[0].observe(seconds)
        if users:
            found[1].inc(users)
        if cold:
            found[2].inc(cold)

    def page(self) -> bytes:
        """Return the metrics as text."""
        return generate_latest(self.registry)


class AccessLog:
    """One line a request, written some at a time.

    Parameters
    ----------
    as_json : bool
        JSON, or words for a terminal.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lines: list[bytes] = []

    def add(self, fields: dict[str, Any]) -> bool:
        """Add a line; return whether it is the first that waits to be written."""
        if self._as_json:
            fields["event"] = "request"
            fields["level"] = "info"
            fields["timestamp"] = _timestamp()
            self._lines.append(to_json(fields, inf_nan_mode="null") + b"\n")
        else:
            words = " ".join(f"{name}={value}" for name, value in fields.items())
            self._lines.append(f"{_timestamp()} [info     ] request {words}\n".encode())
        return len(self._lines) == 1

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        if lines:
            try:
                sys.stdout.buffer.write(b"".join(lines))
                sys.stdout.buffer.flush()
            except (OSError, ValueError):  # nobody reads them any more
                return


def _timestamp() -> str:
    now = time.time()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{whole}.{int(now % 1 * 1e6):06d}Z"


def configure_logs(level: str, *, as_json: bool) -> None:
    """Send all logs, those of libraries included, to standard output in one form."""
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
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("httpx", "httpcore"):  # they would log addresses at each call
        logging.getLogger(name).setLevel(logging.WARNING)
