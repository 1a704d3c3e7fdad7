"""Commands about versions that are in a registry: which there are, and which must not serve."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from turi_recommender.errors import ModelError
from turi_recommender.versions import Registry, reinstate, retire

from .arguments import name_and_version, some_path
from .errors import ConfigurationError
from .models.roles import assignments
from .settings import SAMPLE_MODELS, load_settings

Add = Callable[[str, Callable[[argparse.Namespace], None], str, str, str], argparse.ArgumentParser]

_VERSIONS = """\
Nothing is loaded: all of it is in the manifests. SERVES names the roles for which a service that
starts now tries a version first: by the settings RECOMMENDER_..._MODEL, and leaving out the retired
ones. It goes on to the next lower version if that one cannot be read or does not suit its role.

RECALL@10 is the mean over VISITORS, all kinds of them. AGAINST JACCARD is the ratio to a plain item
similarity, its 95 % interval, and of how many visitors it is: those whom the role is for. Each
version was measured on the test part of its own log, so that figures of different versions are of
different visitors and days.

  turi-recommender versions --models-dir models similarity_model
"""
_RETIRE = """\
A retired version is not chosen any more, neither by a service that starts nor by one that runs:
the latter goes back to the highest version that is not retired. This holds until --undo. Nothing is
deleted, and whoever names the version still gets it. If all versions are retired, services that run
keep the one they have, and none starts with that model.

  turi-recommender retire similarity_model:7 --reason "half of the visitors are missing"
"""


def add_version_commands(add: Add) -> None:
    """Add the commands to a parser.

    Parameters
    ----------
    add : callable
        Makes the parser of a command: of its name, what it runs, the verb for errors, a summary,
        and what else there is to say.
    """
    showing = add(
        "versions",
        _show,
        "list versions",
        "list the versions of a registry, what they are worth, and which serve",
        _VERSIONS,
    )
    showing.set_defaults(prints=True)
    showing.add_argument("name", nargs="?", metavar="NAME", help="the only model to list")
    showing.add_argument("--json", action="store_true", help="for programs")
    retiring = add(
        "retire", _retire, "retire", "withdraw a version, so that it is not chosen again", _RETIRE
    )
    retiring.set_defaults(prints=True)
    retiring.add_argument("version", type=name_and_version, metavar="NAME:VERSION")
    what = retiring.add_mutually_exclusive_group(required=True)
    what.add_argument("--reason", help="why, in one line")
    what.add_argument("--undo", action="store_true", help="take it back")
    for command in (showing, retiring):
        command.add_argument(
            "--models-dir", type=some_path, help="the registry (default: RECOMMENDER_MODELS_DIR)"
        )


def refuse_samples(root: Path, ways: str) -> None:
    """Keep the sample models, which are part of the program, as they are.

    Parameters
    ----------
    root : Path
        The directory that a command is about to write to.
    ways : str
        How that command can be told another one.

    Raises
    ------
    ConfigurationError
        If it is the samples' directory.
    """
    if os.path.realpath(root) == os.path.realpath(SAMPLE_MODELS):
        raise ConfigurationError(f"say where: {ways}")


def _show(args: argparse.Namespace) -> None:
    from .overview import look_over  # noqa: PLC0415 - a service that starts does not need it

    settings = load_settings()
    registry = Registry(args.models_dir or settings.models_dir)
    overview = look_over(registry, assignments(settings), args.name)
    print(json.dumps(overview.as_json(), indent=1) if args.json else overview.as_table())


def _retire(args: argparse.Namespace) -> None:
    root = args.models_dir or load_settings().models_dir
    refuse_samples(root, "--models-dir, or RECOMMENDER_MODELS_DIR")
    name, version = args.version
    if args.undo:
        reinstate(root, name, version)
        done = "not retired any more"
    else:
        done = str(retire(root, name, version, args.reason))
    print(f"{name}:{version} is {done}; {_tell_next(Registry(root), name)}")


def _tell_next(registry: Registry, name: str) -> str:
    """Return which version of a name is chosen from now on."""
    try:
        offered = registry.offered(name)
    except ModelError as error:
        return str(error)
    if len(offered) == 0:
        return "no other version is left: services that run keep theirs, and none starts with it"
    return f"the highest version that is not retired is {offered[-1]}"
