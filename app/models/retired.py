"""Tell whether the version that serves was retired, and why.

A version that is retired is never chosen, but it can serve all the same: because a setting or
`activate` names it, or because it served before and nothing else can take its place.
"""

from __future__ import annotations

from turi_recommender.versions import ModelEntry


def tell_retired(entry: ModelEntry) -> str:
    """Return when and why a version was retired, in words; nothing if it was not."""
    retirement = entry.retirement()
    return "" if retirement is None else str(retirement)
