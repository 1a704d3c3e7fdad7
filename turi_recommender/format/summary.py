"""What a saved model says of itself: its data, the options of its training, and the results.

Only fields that are known by name are kept, and of each only what is short, so that what stays in
memory is bounded whatever the file says. None of them matters to scoring: one that is missing or of
another type does not make a model unreadable, and is None.

Source: docs/format.md, section 3.2; docs/queries.md, section 7.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from turi_recommender.format.pairs import PairList
from turi_recommender.format.value_list import ValueList

LONGEST_TEXT = 200  # characters; the rest of a text is left out
MOST_NAMES = 100  # of a list; the others are left out, and `num_features` tells how many there are
_NOT_SET = -sys.float_info.max  # of `unobserved_rating_value`

Read = Callable[[Any], Any]


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and value != _NOT_SET else None


def _flag(value: Any) -> bool | None:
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def short_text(value: Any) -> str | None:
    """Return the beginning of a text; None for anything else."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else None


def _names(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, ValueList):
        return None
    # One by one: each of them may be as long as the file.
    names = [short_text(value.take([at])[0]) for at in range(min(len(value), MOST_NAMES))]
    known = tuple(name for name in names if name is not None)
    return known if len(known) == len(names) else None


_ALL: Mapping[str, Read] = {
    "num_users": _integer,
    "num_items": _integer,
    "num_observations": _integer,
    "num_features": _integer,
    "num_user_side_features": _integer,
    "num_item_side_features": _integer,
    "user_id": short_text,
    "item_id": short_text,
    "target": short_text,
    "observation_data_column_names": _names,
    "user_side_data_column_names": _names,
    "user_side_data_column_types": _names,
    "item_side_data_column_names": _names,
    "item_side_data_column_types": _names,
    "training_time": _number,
    "data_load_time": _number,
    "training_rmse": _number,
}
_SIMILARITY: Mapping[str, Read] = {
    "similarity_type": short_text,
    "max_item_neighborhood_size": _integer,
    "threshold": _number,
    "seed_item_set_size": _integer,
    "training_method": short_text,
    "degree_approximation_threshold": _integer,
    "nearest_neighbors_interaction_proportion_threshold": _number,
    "sparse_density_estimation_sample_size": _integer,
    "max_data_passes": _integer,
    "target_memory_usage": _integer,
}
_FACTORIZATION: Mapping[str, Read] = {
    "num_factors": _integer,
    "regularization": _number,
    "regularization_type": short_text,
    "linear_regularization": _number,
    "solver": short_text,
    "max_iterations": _integer,
    "side_data_factorization": _flag,
    "nmf": _flag,
    "binary_target": _flag,
    "random_seed": _integer,
    "sgd_step_size": _number,
    "sgd_convergence_interval": _integer,
    "sgd_convergence_threshold": _number,
    "sgd_max_trial_iterations": _integer,
    "sgd_sampling_block_size": _integer,
    "sgd_step_adjustment_interval": _integer,
    "sgd_trial_sample_minimum_size": _integer,
    "sgd_trial_sample_proportion": _number,
    "step_size_decrease_rate": _number,
    "init_random_sigma": _number,
    "adagrad_momentum_weighting": _number,
    "num_tempering_iterations": _integer,
    "tempering_regularization_start_value": _number,
    "additional_iterations_if_unhealthy": _integer,
    "track_exact_loss": _flag,
}
_RANKING: Mapping[str, Read] = {
    "ranking_regularization": _number,
    "unobserved_rating_value": _number,
    "num_sampled_negative_examples": _integer,
    "ials_confidence_scaling_type": short_text,
    "ials_confidence_scaling_factor": _number,
}
_OF_KIND: Mapping[str, Mapping[str, Read]] = {
    "item_similarity": {**_ALL, **_SIMILARITY},
    "item_content_recommender": {**_ALL, **_SIMILARITY},
    "factorization_recommender": {**_ALL, **_FACTORIZATION},
    "ranking_factorization_recommender": {**_ALL, **_FACTORIZATION, **_RANKING},
    "popularity": {**_ALL, "random_seed": _integer},
}
# Of `training_stats`, under names that do not hide fields of the model itself.
_TRAINING: Mapping[str, tuple[str, Read]] = {
    "num_iterations": ("num_iterations", _integer),
    "num_healthy_iterations": ("num_healthy_iterations", _integer),
    "initial_objective_value": ("initial_objective_value", _number),
    "final_objective_value": ("final_objective_value", _number),
    "initial_training_loss": ("initial_training_loss", _number),
    "final_training_loss": ("final_training_loss", _number),
    "training_loss_type": ("training_loss_type", short_text),
    "training_stability_score": ("training_stability_score", _number),
    "sgd_step_size_used": ("sgd_step_size", _number),
}


def named(value: Any) -> Mapping[str, Any]:
    """Return the entries of a map or of a DICT with string keys; nothing for anything else."""
    if isinstance(value, PairList) and isinstance(value.keys, list):
        return value.as_dict()
    return value if isinstance(value, dict) else {}


def read_summary(kind: str, state: Mapping[str, Any], solver_used: str | None) -> Mapping[str, Any]:
    """Choose what a model says of itself from its state.

    Parameters
    ----------
    kind : str
        Turi Create's class name.
    state : mapping
        The state, read.
    solver_used : str or None
        The solver that training used, of a factorization model.

    Returns
    -------
    mapping
        A read-only one. Which names it has depends on the class alone.
    """
    summary = {name: read(state.get(name)) for name, read in _OF_KIND[kind].items()}
    if "solver" in summary:
        stats = named(state.get("training_stats"))
        summary["solver_used"] = solver_used
        for name, (saved_as, read) in _TRAINING.items():
            summary[name] = read(stats.get(saved_as))
    return MappingProxyType(summary)
