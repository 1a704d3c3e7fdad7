"""Whether there is anything to learn from a log at all."""

from __future__ import annotations

from typing import Optional

import pandas as pd

from training.logs.errors import LogError, column_name, shown


def require_learnable(
    users: pd.Series,
    items: pd.Series,
    user_name: str,
    item_name: str,
    first_row: Optional[int] = None,
) -> None:
    """Refuse events from which nobody could learn what goes together.

    Parameters
    ----------
    users, items : pandas.Series
        Of each event.
    user_name, item_name : str
        Names of the two columns.
    first_row : int, optional
        Line of the first event, if the events are a whole log.

    Raises
    ------
    LogError
        If there is one user only, no user has two items, or no item has two users.
    """
    place = "" if first_row is None else ", from row {} on".format(first_row)
    user, item = column_name(user_name), column_name(item_name)
    pairs = pd.DataFrame({"user": users, "item": items}).drop_duplicates()
    one_user, one_item = shown(pairs["user"].tolist()[0]), shown(pairs["item"].tolist()[0])
    if pairs["user"].nunique() == 1:
        raise LogError("column {}{}: {} is the only user".format(user, place, one_user))
    if not pairs["user"].duplicated().any():
        what = "column {}{}: {} has one item only ({}), as has every user: nothing goes together"
        raise LogError(what.format(user, place, one_user, one_item))
    if not pairs["item"].duplicated().any():
        what = "column {}{}: {} has one user only ({}), as has every item: no users are alike"
        raise LogError(what.format(item, place, one_item, one_user))
