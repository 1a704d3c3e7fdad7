"""A shop whose models are golden ones, under names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.settings import Settings
from tests.turi_recommender.golden import unpack_model


def make_shop(root: Path, models: Mapping[str, str]) -> Path:
    """Make a directory of models, and return it.

    Parameters
    ----------
    root : Path
        Where.
    models : mapping of str to str
        Names in the shop, and the golden models that bear them there.
    """
    for name, golden in models.items():
        unpack_model(golden, root / name).rename(root / f"{name}.model")
    return root


def settings_of(shop: Path, **roles: str) -> Settings:
    """Return settings of a service for a shop, without defaults of side data.

    Parameters
    ----------
    shop : Path
        Of `make_shop`.
    **roles : str
        Settings that name a model, such as `ranking_model`, and its name in the shop.
    """
    paths: dict[str, Any] = {role: str(shop / f"{name}.model") for role, name in roles.items()}
    return Settings(models_dir=shop, side_data_defaults={}, **paths)
