"""Event logs of any shop: a file of events, in the shop's own words, becomes one table."""

from __future__ import annotations

from training.logs.checks import require_learnable
from training.logs.errors import LogError
from training.logs.log import Log
from training.logs.options import DERIVED, LogOptions
from training.logs.reading import read_log

__all__ = ["DERIVED", "Log", "LogError", "LogOptions", "read_log", "require_learnable"]
