"""Names and versions of models: where they are, their manifests, and how they get there."""

from turi_recommender.versions.locations import ModelEntry, ModelLocation, Registry, is_name
from turi_recommender.versions.manifest import MANIFEST, check_manifest, write_manifest
from turi_recommender.versions.register import register
from turi_recommender.versions.sync import sync

__all__ = [
    "MANIFEST",
    "ModelEntry",
    "ModelLocation",
    "Registry",
    "check_manifest",
    "is_name",
    "register",
    "sync",
    "write_manifest",
]
