"""Models that differ from a given one in a known way: other numbers, or damage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel, NeighbourModel, read_model


def copy(source: Path, target: Path) -> Path:
    """Copy a model directory.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    """
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(source, target))


def halved(source: Path, target: Path) -> Path:
    """Copy a model with all similarities, or all linear weights, half as large.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    """
    details = read_model(source).details
    if isinstance(details, NeighbourModel):
        table = np.array(details.neighbours)
        table["value"] //= 2
        return overwritten(source, target, details.neighbours, table)
    assert isinstance(details, FactorModel)
    return overwritten(source, target, details.weights, np.array(details.weights) / 2)


def overwritten(
    source: Path, target: Path, view: NDArray[Any], values: NDArray[Any] | float
) -> Path:
    """Copy a model with other numbers in the place of one of its arrays.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    view : array
        An array of the model read from `source`.
    values : array or float
        What takes its place, in the type and shape of `view`.
    """
    place = place_of(source, view)
    copy(source, target)
    changed = np.empty(view.shape, view.dtype)
    changed[...] = values
    with (target / "objects.bin").open("r+b") as file:
        file.seek(place)
        file.write(changed.tobytes())
    return target


def place_of(source: Path, view: NDArray[Any]) -> int:
    """Find a contiguous array of a model in ``objects.bin``.

    Parameters
    ----------
    source : Path
        A saved model.
    view : array
        Its bytes stand in the file as they are.

    Returns
    -------
    int
        The position in bytes.

    Raises
    ------
    ValueError
        If the bytes do not stand in the file exactly once.
    """
    raw = view.tobytes()
    data = (source / "objects.bin").read_bytes()
    place = data.find(raw)
    if place < 0 or data.find(raw, place + 1) >= 0:
        raise ValueError("the array does not stand in the file, or more than once")
    return place


def truncated(source: Path, target: Path) -> Path:
    """Copy a model whose largest file ends in the middle.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    """
    copy(source, target)
    objects = target / "objects.bin"
    objects.write_bytes(objects.read_bytes()[: objects.stat().st_size // 2])
    return target


def foreign(source: Path, target: Path) -> Path:
    """Copy a model whose largest file is something else.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    """
    copy(source, target)
    objects = target / "objects.bin"
    objects.write_bytes(b"\x80\x04pickle" + objects.read_bytes()[8:])
    return target


def renamed_column(source: Path, target: Path, old: str, new: str) -> Path:
    """Copy a model with another name of the same length for a column.

    Parameters
    ----------
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy; an existing one is replaced.
    old : str
        The name of a column.
    new : str
        As long as `old`.

    Raises
    ------
    ValueError
        If the names differ in length.
    """
    if len(old) != len(new):
        raise ValueError("names of different lengths")
    copy(source, target)
    objects = target / "objects.bin"
    objects.write_bytes(objects.read_bytes().replace(old.encode(), new.encode()))
    return target
