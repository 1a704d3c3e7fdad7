"""What every endpoint that asks a model can answer instead, for the documentation."""

from __future__ import annotations

from ..http.encoding import not_gzip
from ..http.problems import responses

REFUSALS = responses(not_gzip(), 401, 403, 408, 413, 415, 422, 431, 503)
