"""What leaves the process about a request: spans without anything that could name a visitor.

Spans carry the route's template, never a path, a query or a header.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Status

# A list of what is kept, so that an attribute that a later version of the framework adds stays out.
_KEPT = {
    "http.request.method", "http.route", "http.response.status_code", "url.scheme",
    "network.protocol.version", "server.address", "server.port", "error.type",
    "code.function.name",
}  # fmt: skip


class Exporter(OTLPSpanExporter):
    """Sends reduced spans to the collector; parameters as those of its base."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch of spans (OpenTelemetry)."""
        return super().export([_reduced(span) for span in spans])


def _reduced(span: ReadableSpan) -> ReadableSpan:
    """Return a span without events, descriptions, and attributes that are not kept."""
    attributes = span.attributes or {}
    return ReadableSpan(
        span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: attributes[name] for name in attributes if name in _KEPT},
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
