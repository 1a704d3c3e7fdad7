"""The on-disk format of Turi Create recommenders: bytes to arrays, nothing more."""

from app.models.format.column import Column, ColumnMode
from app.models.format.factors import LINEAR, MACHINE, MATRIX, FactorModel
from app.models.format.interactions import Interactions
from app.models.format.neighbours import NeighbourModel
from app.models.format.popularity import PopularityModel
from app.models.format.recommender import SavedModel, read_model
from app.models.format.rows import Rows
from app.models.format.side_table import SideTable
from app.models.format.value_list import GenericValues, IntegerValues, StringValues, ValueList
from app.models.format.values import ValueType

__all__ = [
    "LINEAR",
    "MACHINE",
    "MATRIX",
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
