"""Whether a model has anything to say to users whom it does not know.

Source: docs/queries.md, section 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def differ(scores: NDArray[np.float64]) -> bool:
    """Tell whether scores tell items apart; a single item has none to be told from."""
    return len(scores) < 2 or bool((scores != scores[0]).any())
