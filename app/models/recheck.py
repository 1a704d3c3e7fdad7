"""Files that a start did not hash are hashed while the service answers.

A version that `register` or `sync` hashed before, and whose files have not changed since, is loaded
without being hashed (`turi_recommender.versions.checked`), so that the service is ready sooner.
What the disk has damaged since shows only here. The service then goes on with the model that it
has: what is wrong may be a byte that no answer needs, and without the model nobody gets an answer.
Who runs it has to know: the log, a metric and `/models` say so.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

from turi_recommender.errors import ModelError
from turi_recommender.versions import ModelEntry
from turi_recommender.versions.checked import remove_note
from turi_recommender.versions.manifest import hash_and_check

from ..limits import RECHECK_LOOK_SECONDS, RECHECK_REST, RECHECK_REST_SECONDS, RECHECK_SECONDS
from .aside import run_aside
from .loaded import LoadedModels
from .roles import Role
from .vanished import find_missing

log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The service stops, so nobody wants to know any more."""


class Rechecks:
    """Hash what was loaded without that, one model after the other, in the background.

    Parameters
    ----------
    models : LoadedModels
        What serves; what is found is noted there.
    root : Path
        The directory of models.
    """

    def __init__(self, models: LoadedModels, root: Path) -> None:
        self._models = models
        self._root = root
        self._stopping = threading.Event()

    def close(self) -> None:
        """Stop at once."""
        self._stopping.set()

    async def watch(self) -> None:
        """Look for models that have not been hashed, for ever: versions come while this runs."""
        while True:
            await asyncio.sleep(RECHECK_LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Hash the files of each model that serves and was loaded without that."""
        for role, slot in self._models.slots.items():
            if slot.entry is not None and slot.is_unhashed:
                try:
                    await self._recheck(role, slot.entry)
                except _StoppedError:
                    return
                except Exception:  # the other role's model is to be hashed, too
                    log.exception("cannot hash the files of model %s", slot.entry.name)
                    self._models.recheck(role, slot.entry, "")

    async def _recheck(self, role: Role, entry: ModelEntry) -> None:
        damaged: str = await run_aside(self._find_damage, entry, seconds=RECHECK_SECONDS)
        self._models.recheck(role, entry, damaged)
        if damaged:
            log.error(
                "%s: %s version %s is damaged on the disk, and serves on from what was loaded: %s",
                *(role, entry.name, entry.version, damaged),
            )
        else:
            log.info(
                "%s: the files of %s version %s were hashed again, and are as the manifest says",
                *(role, entry.name, entry.version),
            )

    def _find_damage(self, entry: ModelEntry) -> str:
        """Return what is wrong with the files of a model; nothing if nothing is.

        What is not there any more is not damaged: that is noticed elsewhere (`vanished`).
        """
        for folder in entry.unhashed:
            try:
                hash_and_check(folder, self._pause)
            except ModelError as error:
                if find_missing(self._root, entry):
                    return ""
                remove_note(folder)  # where that can be written: the next start hashes everything
                return str(error)
        return ""

    def _pause(self, seconds: float) -> None:
        """Rest after a piece of work, so that requests have the processor and the disk."""
        if self._stopping.wait(min(RECHECK_REST * seconds, RECHECK_REST_SECONDS)):
            raise _StoppedError
