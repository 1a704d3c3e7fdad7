"""An event log as the trainer sees it, whatever the file looked like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import pandas as pd


@dataclass(frozen=True)
class Log:
    """An event log.

    Attributes
    ----------
    events : pandas.DataFrame
        One row per event, in the order of the file: user and item (int64, or str), event (str; ""
        where the log has none), time (datetime64[ns], UTC, without a zone), weight (float64),
        and each context column of the log by its own name (int64, float64 or str).
    user_name, item_name : str
        The log's own names of the two columns, which models bear, too.
    digest : str
        SHA-256 of the file's bytes, in hexadecimal digits.
    notes : tuple of str
        What was assumed where no option says it; a sentence each, for whoever trains.
    """

    events: pd.DataFrame
    user_name: str
    item_name: str
    digest: str
    notes: Tuple[str, ...] = ()
