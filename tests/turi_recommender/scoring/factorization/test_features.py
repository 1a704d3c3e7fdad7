from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.synthetic import USERS, factor_model
from turi_recommender.format import MATRIX, FactorModel, SavedModel, read_model
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.factorization.features import FeatureReader
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Query


def reader(saved: SavedModel) -> tuple[FeatureReader, FactorModel]:
    assert isinstance(saved.details, FactorModel)
    return FeatureReader(saved, saved.details), saved.details


def test_a_feature_is_its_weight_and_factors_times_its_scaled_value() -> None:
    features, model = reader(factor_model(1))
    hour = model.offsets[3]
    others = features.read(Query(0, 0, (Entry(2, 1, 1.0), Entry(3, 0, 13.5)))).others
    period, numeric = others.features
    assert (period.row, numeric.row) == (model.offsets[2] + 1, hour)
    assert period.linear == float(model.weights[period.row])
    assert period.factors.tolist() == period.raw.tolist() == model.factors[period.row].tolist()
    x = 0.25 * (13.5 - 11.5)
    assert numeric.linear == x * float(model.weights[hour])
    assert numeric.raw.tolist() == model.factors[hour].tolist()
    assert numeric.factors.tolist() == (np.float32(x) * model.factors[hour]).tolist()
    assert others.stacked.T.tolist() == [period.factors.tolist(), numeric.factors.tolist()]
    both = np.array([period.factors, numeric.factors], np.float64)
    assert others.total == pytest.approx(both.sum(axis=0))
    assert others.magnitude == pytest.approx(np.abs(both).sum(axis=0))
    assert others.linear == [period.linear, numeric.linear]
    assert others.linear_size == abs(period.linear) + abs(numeric.linear)


def test_a_cold_user_has_no_feature_of_its_own() -> None:
    features, _ = reader(factor_model(1, user_side=True))
    cold = features.read(Query(99, UNKNOWN))
    assert cold.user is None
    assert cold.others.features == ()


def test_side_data_of_the_user_follows_the_context() -> None:
    saved = factor_model(1, user_side=True)
    features, model = reader(saved)
    side = saved.metadata.user_side
    for user in range(USERS):
        rows = [feature.row for feature in features.read(Query(user, user)).others.features]
        word = int(side.words[user]) if side.lengths[user] else None
        assert rows == ([] if word is None else [model.offsets[4] + word])
    with_context = features.read(Query(0, 0, (Entry(2, 1, 1.0),))).others.features
    assert [feature.row for feature in with_context] == [
        model.offsets[2] + 1,
        model.offsets[4] + int(side.words[0]),
    ]


def test_only_users_and_items_of_a_matrix_have_factors() -> None:
    features, model = reader(factor_model(1, mode=MATRIX))
    read = features.read(Query(2, 2, (Entry(2, 1, 1.0),)))
    assert read.user is not None
    assert read.user.raw.tolist() == model.factors[2].tolist()
    assert len(read.others.features[0].raw) == 0
    assert not read.others.stacked.any()


def test_visits_alike_share_their_features() -> None:
    features, _ = reader(factor_model(1))
    context = (Entry(2, 1, 1.0),)
    assert features.read(Query(0, 0, context)).others is features.read(Query(1, 1, context)).others


def test_rows_come_from_the_file_and_not_from_its_map(tmp_path: Path) -> None:
    saved = read_model(unpack_model("ranking_everything", tmp_path))
    features, model = reader(saved)
    user = features.read(Query(3, 3)).user
    assert user is not None
    assert user.raw.tolist() == model.factors[3].tolist()
    assert not np.shares_memory(user.raw, model.factors)
