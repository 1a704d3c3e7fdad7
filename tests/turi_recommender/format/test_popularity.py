from __future__ import annotations

import struct

import pytest

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.popularity import read_popularity_model


def test_predictions_and_the_one_for_unseen_items() -> None:
    data = encode.u64(0) + encode.array("d", [3.0, 1.5]) + struct.pack("<d?", 2.5, False)
    model = read_popularity_model(reader(data))
    assert model.predictions.tolist() == [3.0, 1.5]
    assert model.unseen == 2.5


def test_another_version_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="popularity version 0, found 1"):
        read_popularity_model(reader(encode.u64(1)))
