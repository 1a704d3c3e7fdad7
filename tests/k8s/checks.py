"""All checks, in the order in which they run."""

from . import check_network, check_objects, check_pods, check_traffic
from .cluster import CHECKS, Cluster, find_flaws, quantity

__all__ = [
    "CHECKS",
    "Cluster",
    "check_network",
    "check_objects",
    "check_pods",
    "check_traffic",
    "find_flaws",
    "quantity",
]
