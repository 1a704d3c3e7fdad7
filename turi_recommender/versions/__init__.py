"""Names and versions of models: where they are, their manifests, and how they get there."""

from turi_recommender.versions.locations import ModelEntry, ModelLocation, Registry
from turi_recommender.versions.manifest import (
    MANIFEST,
    check_manifest,
    read_training,
    write_manifest,
)
from turi_recommender.versions.names import is_model_name, is_name, is_version
from turi_recommender.versions.register import register
from turi_recommender.versions.retire import Retirement, reinstate, retire
from turi_recommender.versions.sync import sync
from turi_recommender.versions.training import Comparison, Figures, LogFacts, Training

__all__ = [
    "MANIFEST",
    "Comparison",
    "Figures",
    "LogFacts",
    "ModelEntry",
    "ModelLocation",
    "Registry",
    "Retirement",
    "Training",
    "check_manifest",
    "is_model_name",
    "is_name",
    "is_version",
    "read_training",
    "register",
    "reinstate",
    "retire",
    "sync",
    "write_manifest",
]
