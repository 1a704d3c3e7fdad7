"""The on-disk format of Turi Create recommenders: bytes to arrays, nothing more."""

from turi_recommender.format.column import MAX_INDICES, Column, ColumnMode
from turi_recommender.format.factors import LINEAR, MACHINE, MATRIX, FactorModel
from turi_recommender.format.interactions import Interactions
from turi_recommender.format.neighbours import NeighbourModel
from turi_recommender.format.popularity import PopularityModel
from turi_recommender.format.recommender import SavedModel, read_model
from turi_recommender.format.rows import Rows
from turi_recommender.format.side_table import SideTable
from turi_recommender.format.value_list import GenericValues, IntegerValues, StringValues, ValueList
from turi_recommender.format.values import ValueType

__all__ = [
    "LINEAR",
    "MACHINE",
    "MATRIX",
    "MAX_INDICES",
    "Column",
    "ColumnMode",
    "FactorModel",
    "GenericValues",
    "IntegerValues",
    "Interactions",
    "NeighbourModel",
    "PopularityModel",
    "Rows",
    "SavedModel",
    "SideTable",
    "StringValues",
    "ValueList",
    "ValueType",
    "read_model",
]
