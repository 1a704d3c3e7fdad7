"""What answers show of the paths of models: the part below the directory of models.

Whoever may ask for recommendations may read why a model is not loaded, and a page in a browser may
hold such a key. Where the service keeps its files is for the log alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from turi_recommender.versions.names import is_path
from turi_recommender.wording import printable

from ..settings import Settings
from .roles import assignments

_MODELS_DIR = "MODELS_DIR"


class ShownPaths:
    """Shortens paths.

    Parameters
    ----------
    models_dir : Path
        The directory of models.
    others : collection of Path
        Models that are named by their paths.
    """

    def __init__(self, models_dir: Path, others: Collection[Path] = ()) -> None:
        self._models_dir = models_dir
        names = {printable(str(models_dir)): _MODELS_DIR}
        for other in others:
            names.setdefault(printable(str(other)), printable(other.name))
            # A name and a version count as parts of the path (`Registry.find`), and so do siblings.
            names.setdefault(printable(str(other.parent)), "...")
        # What is absolute says where it is; what is not could be a word of the message. The root
        # of a file system stands for nothing.
        found = [name for name in names if Path(name).is_absolute() and Path(name).name]
        found.sort(key=len, reverse=True)
        self._names = names
        # Neither the end of a longer path nor the beginning of a longer name.
        self._pattern = re.compile(
            "|".join(rf"(?<![\w.~/-]){re.escape(name)}(?![^/\s,:;()'\"])/?" for name in found)
            or r"(?!)"
        )

    def path(self, path: Path) -> str:
        """Return a model's path below the directory of models, or its name if it is elsewhere."""
        if path.is_relative_to(self._models_dir):
            return printable(path.relative_to(self._models_dir).as_posix())
        return printable(path.name)

    def text(self, text: str) -> str:
        """Return a message with such paths."""
        return self._pattern.sub(self._short, printable(text))

    def _short(self, found: re.Match[str]) -> str:
        name = found.group()
        if not name.endswith("/"):
            return self._names[name]
        short = self._names[name[:-1]]
        return "" if short in (_MODELS_DIR, "...") else f"{short}/"


def shown_paths(settings: Settings) -> ShownPaths:
    """Return what shortens the paths of the models that the settings name."""
    references = [each.reference for each in assignments(settings)]
    others = [Path(reference) for reference in references if is_path(reference)]
    return ShownPaths(Path(settings.models_dir), others)
