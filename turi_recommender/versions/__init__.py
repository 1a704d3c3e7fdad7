"""Names and versions of models: where they are, their manifests, and how they get there."""

from turi_recommender.versions.locations import ModelEntry, ModelLocation, Registry
from turi_recommender.versions.manifest import MANIFEST, check_manifest, write_manifest
from turi_recommender.versions.names import is_model_name, is_name, is_version
from turi_recommender.versions.register import register
from turi_recommender.versions.sync import sync

__all__ = [
    "MANIFEST",
    "ModelEntry",
    "ModelLocation",
    "Registry",
    "check_manifest",
    "is_model_name",
    "is_name",
    "is_version",
    "register",
    "sync",
    "write_manifest",
]
