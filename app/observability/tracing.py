"""Spans of requests for a collector, where one is configured: FastAPI's own OpenTelemetry.

A request brings its trace context in ``traceparent`` (W3C Trace Context), and its span continues
it. What a span may carry is in `exporter`.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from fastapi.telemetry import TelemetryConfig

from turi_recommender import __version__

from ..settings import Settings

# FastAPI answers `traceparent` itself; metrics have their own page, logs their own stream.
_OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
_SECONDS = 3  # that the collector has for a batch; the end of the process waits for the last one
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class Tracing:
    """Where spans go.

    Parameters
    ----------
    settings : Settings
        The collector's address; without one nothing is traced.
    """

    def __init__(self, settings: Settings) -> None:
        self._provider = _make_provider(settings) if settings.otlp_endpoint else None

    @property
    def is_on(self) -> bool:
        """Whether requests are traced."""
        return self._provider is not None

    @property
    def config(self) -> TelemetryConfig:
        """The configuration for FastAPI."""
        if self._provider is None:
            return _OFF
        return {**_OFF, "tracing": True, "tracer_provider": self._provider}

    def close(self) -> None:
        """Send the spans that wait. This may block until the collector answers."""
        if self._provider is not None:
            self._provider.shutdown()


def _make_provider(settings: Settings) -> Any:
    # These imports add half as much again to those of the whole service: only where needed.
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from .exporter import Exporter  # noqa: PLC0415

    for name in ("urllib3", "requests"):  # they would log each call, with its address
        logging.getLogger(name).setLevel(logging.WARNING)
    about = Resource.create({"service.name": "turi-recommender", "service.version": __version__})
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    address = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
    exporter = Exporter(endpoint=address, timeout=_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def trace_id(traceparent: bytes) -> str | None:
    """Return the trace id of a ``traceparent`` header, None if it is not one.

    Source: W3C Trace Context, section 3.2.
    """
    if traceparent == b"":
        return None
    found = _TRACE.fullmatch(traceparent)
    if found is None or found[1].strip(b"0") == b"" or traceparent.startswith(b"ff"):
        return None
    return found[1].decode()
