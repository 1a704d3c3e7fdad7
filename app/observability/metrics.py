"""The service's Prometheus metrics.

Metrics carry the route's template, never a path with ids in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Watched(Protocol):
    """The state that the metrics read at each scrape; see `http.lifecycle`."""

    draining: bool
    in_flight: int


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
            "recommender_refused",
            "Requests refused before they were answered",
            ["reason"],
            **options,
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
        self.loaded = Gauge(
            "recommender_model_loaded_timestamp_seconds",
            "When this process took up the versions that serve, in Unix time",
            ["role", "name", "version"],
            **options,
        )
        self.trained = Gauge(
            "recommender_model_trained_timestamp_seconds",
            "When the versions that serve were trained, in Unix time, where their manifests say",
            ["model", "role"],
            **options,
        )
        self.recall = Gauge(
            "recommender_model_recall",
            "recall@10 of the versions that serve, by kind of visitor, where their manifests say",
            ["model", "role", "kind"],
            **options,
        )
        self.swaps = Counter(
            "recommender_model_swaps",
            "Attempts to take up another version",
            ["name", "outcome"],
            **options,
        )
        self.waiting = Gauge(
            "recommender_model_waiting",
            "1 for a role without a model, if something is there that was meant to be one",
            ["role"],
            **options,
        )
        self.damaged = Gauge(
            "recommender_model_damaged",
            "1 for a role whose model serves, though its files are not what its manifest says",
            ["role"],
            **options,
        )
        self.draining = Gauge("recommender_draining", "1 after SIGTERM", **options)

        self._since: dict[tuple[str, str, str], float] = {}
        self._by_model: dict[str, tuple[Histogram, Counter, Counter]] = {}

    def count(self, model: str, seconds: float, users: int = 0, cold: int = 0) -> None:
        """Count one call of a model.

        Parameters
        ----------
        model : str
            Its registry name.
        seconds : float
            Time that the call took.
        users, cold : int
            Users it was asked about, and how many of them the model does not know.
        """
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

    def show_models(self, serving: Iterable[tuple[str, str, str]]) -> None:
        """Show which models serve, and since when.

        Parameters
        ----------
        serving : iterable of (role, name, version)
            All of them; the version is empty where a model has none.
        """
        self._since = {labels: self._since.get(labels, time.time()) for labels in serving}
        self.model.clear()
        self.loaded.clear()
        for labels, since in self._since.items():
            self.model.labels(*labels).set(1)
            self.loaded.labels(*labels).set(since)

    def show_training(
        self, trained: Mapping[tuple[str, str], tuple[float, Mapping[str, float]]]
    ) -> None:
        """Show when the versions that serve were trained, and what they are worth.

        Parameters
        ----------
        trained : mapping of (model, role) to (time, recall)
            Of those whose manifests say: the time in Unix time, and recall@10 by kind of visitor.
        """
        self.trained.clear()
        self.recall.clear()
        for labels, (time_of_training, recall) in trained.items():
            self.trained.labels(*labels).set(time_of_training)
            for kind, value in recall.items():
                self.recall.labels(*labels, kind).set(value)

    def watch(self, lifecycle: Watched) -> None:
        """Show how many requests are being answered, and whether the service drains."""
        self.in_flight.set_function(lambda: lifecycle.in_flight)
        self.draining.set_function(lambda: lifecycle.draining)

    def page(self) -> bytes:
        """Return the metrics as text."""
        return generate_latest(self.registry)
