"""New versions of the models, taken up while the old ones answer.

A version is loaded beside the one that serves, in a worker thread, checked, and swapped in by one
assignment; requests in flight finish on the model they began with. A version that fails a check is
refused with its reason, and the old one serves on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from turi_recommender.errors import ModelError, ModelNotFoundError, RecommenderError
from turi_recommender.versions import ModelEntry, Registry

from ..errors import OverloadedError, RefusedVersionError
from ..limits import LOAD_SECONDS, WAITING_SWAPS
from ..settings import Settings
from .arrivals import Arrivals
from .aside import run_aside
from .current import caller
from .loaded import LoadedModels
from .pace import Pace, measure_pace
from .retired import tell_retired
from .roles import Role, assignments
from .rounds import Rounds
from .signature import Signature, signature_of
from .successor import check_fitness, check_successor
from .vanished import find_missing, is_of_registry

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class HotSwap:
    """Watch the registry and swap versions.

    Parameters
    ----------
    models : LoadedModels
        Where versions are swapped.
    settings : Settings
        Where models are and which play which role.
    report : callable
        Called with (model name, "loaded" or "refused") after each attempt.
    """

    def __init__(
        self,
        models: LoadedModels,
        settings: Settings,
        report: Callable[[str, str], None] = lambda _name, _outcome: None,
    ) -> None:
        self._models = models
        self._poll_seconds = settings.models_poll_seconds
        self._registry = Registry(settings.models_dir, trust_notes=True)
        self._report = report
        self._one_at_a_time = asyncio.Lock()
        self._asked_for = 0  # versions that wait for their turn
        self._reloads = {role: Rounds(partial(self._reload, role)) for role in models.slots}
        self._seen: dict[Path, Signature] = {}
        self._refused: dict[Path, Signature] = {}
        self._assignments = {each.role: each for each in assignments(settings)}
        empty = {
            role: self._assignments[role].reference
            for role, slot in models.slots.items()
            if slot.entry is None
        }
        self._arrivals = Arrivals(self._registry, empty)

    async def watch(self) -> None:
        """Look for new versions at the configured interval, for ever."""
        interval = self._poll_seconds
        while interval > 0:
            await asyncio.sleep(interval)
            try:
                await self.look()
            except Exception:
                log.exception("looking for new model versions failed; trying again later")

    async def look(self) -> None:
        """Take up each role's highest version, if it is new and has stopped changing.

        If the version that serves was retired, it is the highest one that is not.
        """
        for role in self._models.slots:
            slot = self._models.slots[role]
            entry, missing = slot.entry, ""
            if entry is None:
                await self._look_for_arrival(role)
                continue
            try:
                missing = await self._note_missing(role, entry)
                await self._note_retired(role, entry)
                if entry.version is not None and slot.pin is None:
                    await self._follow(role, entry)
            except ModelNotFoundError as error:
                if not missing:  # which has been said
                    log.error("cannot look for versions of model %s: %s", entry.name, error)
            except Exception:  # the other role's model may be in order
                log.exception("cannot look for versions of model %s", entry.name)

    async def _look_for_arrival(self, role: Role) -> None:
        """Note what has come for a role without a model; the log says it when that changes."""
        try:
            arrived: str = await self._aside(self._arrivals.of, role)
        except Exception:  # the other role's model may be in order
            log.exception("cannot look for a model for the role %s", role)
            return
        slot = self._models.slots[role]
        if slot.entry is None and slot.arrived != arrived:
            self._models.arrive(role, arrived)
            if arrived:
                log.warning("%s: %s; a restart is needed to load it", role, arrived)

    async def _note_missing(self, role: Role, entry: ModelEntry) -> str:
        """Return what of a serving model is gone; the log says it when that changes."""
        missing: str = await self._aside(find_missing, self._registry.root, entry)
        slot = self._models.slots[role]
        if slot.entry is entry and slot.missing != missing:
            self._models.miss(role, missing)
            if missing:
                log.warning("%s: %s; %s", role, missing, _serves_on(entry))
            else:
                log.info("%s: the folders of model %s are there again", role, entry.name)
        return missing

    async def _note_retired(self, role: Role, entry: ModelEntry) -> None:
        """Note whether a serving version was retired; the log says it when that changes."""
        retired: str = await self._aside(tell_retired, entry)
        slot = self._models.slots[role]
        if slot.entry is not entry or slot.retired == retired:
            return
        self._models.retire(role, retired)
        if not retired:
            log.info("%s: %s version %s is not retired any more", role, entry.name, entry.version)
            return
        until = f"pinned by {slot.pin}" if slot.pin else "until another one takes its place"
        log.warning(
            "%s: %s version %s was %s; it serves on, %s",
            *(role, entry.name, entry.version, retired, until),
        )

    async def _follow(self, role: Role, entry: ModelEntry) -> None:
        """Take up the highest version of a model that passes, if it is to be preferred."""
        for version in await self._aside(self._newer, entry):
            try:
                await self.take(role, version, following=True)
            except RecommenderError:
                continue  # refused and reported; perhaps the next lower one is good
            return

    async def _aside(self, work: Callable[..., Result], *args: object) -> Result:
        try:
            return await run_aside(work, *args, seconds=LOAD_SECONDS)
        except TimeoutError as error:
            reason = f"the files could not be read within {LOAD_SECONDS:g} seconds"
            raise RefusedVersionError(reason) from error

    def _newer(self, entry: ModelEntry) -> list[str]:
        """Return versions to be preferred to the serving one, highest first, and worth a try.

        These are the ones above it, or all others if it was retired; of both, those not retired.
        """
        found = []
        above = int(entry.version or 0) if entry.retirement() is None else -1
        for version in reversed(self._registry.offered(entry.name)):
            if int(version) <= above:
                break
            folder = self._registry.root / entry.name / version
            signature = signature_of(folder)
            is_settled = self._seen.get(folder) == signature
            self._seen[folder] = signature
            if is_settled and self._refused.get(folder) != signature:
                found.append(version)
        return found

    async def _role_of(self, name: str) -> Role:
        """Return the role that a model of this name plays.

        Raises
        ------
        ModelNotFoundError
            If none does; a model that was absent at the start needs a restart.
        """
        for role, slot in self._models.slots.items():
            if slot.entry is not None and slot.entry.name == name:
                return role
        for role, meant in self._arrivals.names.items():
            if meant == name:
                await self._look_for_arrival(role)
                slot = self._models.slots[role]
                advice = "" if slot.arrived else "; once it is there, a restart is needed"
                raise ModelNotFoundError(f"no model {name!r} is serving: {slot.why_absent}{advice}")
        raise ModelNotFoundError(f"no model {name!r} is serving")

    async def reload(self, name: str) -> ModelEntry:
        """Take up the highest version of a model that passes, and follow new ones again.

        What is not above the serving version is taken only if that version is not there any more or
        was retired, or is the highest itself.

        Who asks while a model is being loaded shares the next load with all others who do.

        Raises
        ------
        ModelNotFoundError
            If there is no such model.
        ModelError
            If a setting pins the version, or all that could be taken are refused. Then the version
            that serves stays, and stays pinned if it was.
        """
        return await self._reloads[await self._role_of(name)].ask()

    async def _reload(self, role: Role) -> ModelEntry:
        await self._versions(role)
        if self._models.slots[role].pin == "setting":
            raise RefusedVersionError(self._tell_setting(role))
        name = self._models.need(role).name
        offered: list[str] = await self._aside(self._registry.offered, name)
        if len(offered) == 0:
            stays = self._tell_what_stays(role)
            raise RefusedVersionError(f"every version of model {name!r} is retired; {stays}")
        first: ModelError | None = None
        for version in reversed(offered):
            if first is not None and version == self._models.need(role).version:
                break
            try:
                return await self.take(role, version, pin=False)
            except ModelError as error:
                first = first or error
        message = f"{first}; {self._tell_what_stays(role)}"
        if isinstance(first, ModelNotFoundError):
            raise ModelNotFoundError(message) from first
        raise RefusedVersionError(message) from first

    def _tell_setting(self, role: Role) -> str:
        assignment, entry = self._assignments[role], self._models.need(role)
        return (
            f"{assignment.variable}={assignment.reference} pins model {entry.name!r}; version "
            f"{entry.version} serves on. Change the setting to follow new versions, or `activate` "
            "another one until the process ends"
        )

    def _tell_what_stays(self, role: Role) -> str:
        slot, entry = self._models.slots[role], self._models.need(role)
        pinned = f", and the model is still pinned to it by `{slot.pin}`" if slot.pin else ""
        return f"version {entry.version} serves on{pinned}"

    async def _versions(self, role: Role) -> list[str]:
        """Return the versions of a role's model, of which there is one at least."""
        entry, root = self._models.need(role), self._registry.root
        try:
            versions: list[str] = await self._aside(self._registry.versions, entry.name)
        except ModelNotFoundError as error:
            missing = await self._note_missing(role, entry) or str(error)
            raise ModelNotFoundError(f"{missing}; {_serves_on(entry)}") from error
        if len(versions) > 0:
            return versions
        if is_of_registry(root, entry):
            missing = await self._note_missing(role, entry)
            missing = missing or f"no version of model {entry.name!r} is left in {root}"
            raise ModelNotFoundError(f"{missing}; {_serves_on(entry)}")
        raise ModelNotFoundError(
            f"model {entry.name!r} was loaded from a path without versions, so it cannot be "
            f"changed while it serves: put versions into {root / entry.name}/<version>/, or restart"
        )

    async def activate(self, name: str, version: str) -> ModelEntry:
        """Swap to this version of a model and stay with it: a roll-back, or a pin.

        Parameters
        ----------
        name : str
            The model's name.
        version : str
            A version of it.

        Raises
        ------
        ModelNotFoundError
            If there is no such model or version.
        ModelError
            If the version is refused.
        """
        role = await self._role_of(name)
        await self._versions(role)
        return await self.take(role, version, pin=True)

    async def take(
        self, role: Role, version: str, *, following: bool = False, pin: bool | None = None
    ) -> ModelEntry:
        """Load a version, check it, and let it serve.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role that it is to play.
        version : str
            A version of the model that plays the role now.
        following : bool
            Whether this is because another version was found, not because somebody asked for it:
            then a pin, or a higher version, that came meanwhile holds.
        pin : bool, optional
            Whether no other version is followed from then on; if absent, that stays as it is.

        Raises
        ------
        ModelNotFoundError
            If there is no such version.
        ModelError
            If it cannot be read, or does not pass its checks.
        OverloadedError
            If too many versions wait for their turn.
        """
        if self._asked_for >= WAITING_SWAPS:
            raise OverloadedError
        self._asked_for += 1
        try:
            await self._one_at_a_time.acquire()
        finally:
            self._asked_for -= 1
        # Who asked may give up, but a thread that loads a model cannot: the next one waits for it,
        # or there would soon be many models in memory.
        taking = asyncio.ensure_future(self._take(role, version, following=following, pin=pin))
        taking.add_done_callback(self._end)
        return await asyncio.shield(taking)

    def _end(self, taking: asyncio.Future[ModelEntry]) -> None:
        self._one_at_a_time.release()
        if not taking.cancelled():
            taking.exception()  # which was reported, even if nobody waits for it any more

    async def _take(
        self, role: Role, version: str, *, following: bool, pin: bool | None
    ) -> ModelEntry:
        old = self._models.need(role)
        slot = self._models.slots[role]
        is_better = int(version) > int(old.version or 0) or slot.retired != ""
        if following and (slot.pin is not None or not is_better):
            return old
        folder = self._registry.root / old.name / version
        signature: Signature = ()
        try:
            signature = await self._aside(signature_of, folder)
            new, pace = await self._aside(self._load, role, old, version)
            unfit: str = await self._aside(self._tell_unfit, role, new)
            retired: str = await self._aside(tell_retired, new)
        except ModelNotFoundError:
            raise
        except RecommenderError as error:
            self._refused[folder] = signature
            self._models.refuse(role, version, str(error))
            self._report(old.name, "refused")
            log.error("model %s version %s refused: %s", old.name, version, error)
            raise
        self._models.swap(role, new, pace, unfit, retired)
        if pin is not None:
            self._models.pin(role, pin)
        self._report(old.name, "loaded")
        log.info(
            "model %s: version %s serves now (before: %s)%s",
            *(new.name, version, old.version, self._tell_why(role, pin)),
        )
        untold = self._models.visits.untold_of(new.model)
        if untold:
            log.warning(
                "%s: %s version %s is not told of %s before the service is started again: requests "
                "are documented by the columns that were there at the start",
                *(role, new.name, version, ", ".join(untold)),
            )
        return new

    def _tell_why(self, role: Role, pin: bool | None) -> str:
        """Return what the log says of a swap that somebody asked for."""
        if pin is None:
            return ""
        who = f", asked for by {caller()}" if caller() else ""
        if self._models.slots[role].pin is not None:
            return f"; pinned, new versions are not followed{who}"
        return f"; new versions are followed{who}"

    def _load(self, role: Role, old: ModelEntry, version: str) -> tuple[ModelEntry, Pace]:
        new = self._load_version(old.name, version)
        try:
            check_successor(role, old.model, new.model, self._models.defaults)
            return new, measure_pace(new.model, self._models.defaults)
        except RefusedVersionError:
            raise
        except Exception as error:  # a model that loads, and cannot be asked
            raise RefusedVersionError(f"a sample query fails: {error!r}") from error

    def _tell_unfit(self, role: Role, new: ModelEntry) -> str:
        """Return why a version does not suit its role, as the one before it did not."""
        if not self._models.slots[role].unfit:
            return ""
        try:
            check_fitness(role, new.model, self._models.defaults)
        except RefusedVersionError as error:
            return str(error)
        return ""

    def _load_version(self, name: str, version: str) -> ModelEntry:
        """Load a version that is there; one that cannot be told from another is refused."""
        try:
            return self._registry.load(f"{name}:{version}")
        except ModelNotFoundError as error:
            if version not in self._registry.versions(name):
                raise
            raise RefusedVersionError(str(error)) from error


def _serves_on(entry: ModelEntry) -> str:
    version = f"version {entry.version}" if entry.version is not None else f"model {entry.name!r}"
    return f"{version}, which was loaded before, serves on until the process ends"
