"""All checks, in the order in which they run."""

from . import check_network, check_objects, check_pods, check_traffic, check_training
from .cluster import CHECKS, Cluster, find_flaws, quantity

__all__ = [
    "CHECKS",
    "Cluster",
    "check_network",
    "check_objects",
    "check_pods",
    "check_traffic",
    "check_training",
    "find_flaws",
    "quantity",
]
