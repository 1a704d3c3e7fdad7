"""What the command line can do: serve, make keys, register and follow versions, compare answers."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from turi_recommender.errors import ModelError, ModelNotFoundError, RecommenderError
from turi_recommender.versions import Registry, register, sync

from . import probe
from .errors import ConfigurationError
from .models.roles import assignments
from .settings import SAMPLE_MODELS, Settings, load_settings

FAILED = 2

log = logging.getLogger(__name__)


def run(arguments: list[str] | None = None) -> None:
    """Run a command; if it fails, print one line with the reason and exit with status 2."""
    args = _parse(arguments)
    try:
        args.run(args)
    except RecommenderError as error:
        print(f"cannot {args.verb}: {error}", file=sys.stderr)
        sys.exit(FAILED)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="turi-recommender",
        description="Serve Turi Create recommenders over HTTP. Settings come from the environment.",
    )
    parser.set_defaults(run=_serve, verb="start")
    commands = parser.add_subparsers(metavar="COMMAND")
    serving = commands.add_parser("serve", help="serve (what happens without a command, too)")
    serving.set_defaults(run=_serve, verb="start")
    keys = commands.add_parser("key", help="make an API key, and the digest that settings want")
    keys.set_defaults(run=_make_key, verb="make a key")
    registering = commands.add_parser("register", help="copy a model into a registry, whole or not")
    registering.set_defaults(run=_register, verb="register")
    registering.add_argument("source", type=Path, help="a model directory")
    registering.add_argument("--name", required=True, help="registry name")
    registering.add_argument("--version", type=int, help="version (default: highest + 1)")
    registering.add_argument("--models-dir", type=Path, help="the registry (default: MODELS_DIR)")
    syncing = commands.add_parser(
        "sync", help="copy the wanted versions from another registry into MODELS_DIR, checked"
    )
    syncing.set_defaults(run=_sync, verb="sync")
    syncing.add_argument("source", type=Path, help="a registry, such as a network share")
    syncing.add_argument("--every", type=float, metavar="SECONDS", help="go on, at this interval")
    syncing.add_argument(
        "--keep", type=int, default=2, help="versions of a name that stay (default: 2)"
    )
    comparing = commands.add_parser(
        "compare", help="ask an old and a new /score the same, and compare their answers"
    )
    comparing.set_defaults(run=_compare, verb="compare")
    comparing.add_argument("payloads", type=Path, help="a file with one JSON payload a line")
    for name in ("old", "new"):
        comparing.add_argument(f"--{name}", required=True, metavar="URL", help="its address")
        comparing.add_argument(
            f"--{name}-key-env", metavar="NAME", help="environment variable that holds its key"
        )
    comparing.add_argument(
        "--at-once", type=int, default=4, help="payloads under way at a time (default: 4)"
    )
    comparing.add_argument(
        "--timeout", type=float, default=30, metavar="SECONDS", help="for an answer (default: 30)"
    )
    probing = commands.add_parser("probe", help="ask the service of this machine if it is ready")
    probing.set_defaults(run=lambda _: probe.main(), verb="probe")
    return parser.parse_args(arguments)


def _serve(_: argparse.Namespace) -> None:
    """Load everything, then listen."""
    signal.signal(signal.SIGTERM, _stop)  # until the server listens; see _sync
    import uvicorn  # noqa: PLC0415 - the other commands do not need the framework

    from .http.server import Server, server_options  # noqa: PLC0415
    from .main import create_app  # noqa: PLC0415
    from .observability.logs import configure_logs  # noqa: PLC0415

    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.logs_json)
    app = create_app(settings)
    config = uvicorn.Config(app, **server_options(settings))
    server = Server(config, app.lifecycle, settings.drain_seconds)
    gc.freeze()  # what is here now stays: no collection needs to look at it again
    gc.enable()
    server.run()
    if not server.started:
        sys.exit(FAILED)  # the log says that the address is taken


def _refuse_samples(root: Path) -> None:
    """Keep the sample models, which are part of the program, as they are."""
    if root.resolve() == SAMPLE_MODELS.resolve():
        raise ConfigurationError("say where: --models-dir, or RECOMMENDER_MODELS_DIR")


def _make_key(_: argparse.Namespace) -> None:
    from .security.keys import new_key  # noqa: PLC0415

    key, digest = new_key()
    print(f"key:    {key}\ndigest: {digest}")


def _register(args: argparse.Namespace) -> None:
    root = args.models_dir or load_settings().models_dir
    _refuse_samples(root)
    print(register(args.source, root, args.name, args.version))


def _sync(args: argparse.Namespace) -> None:
    from .observability.logs import configure_logs  # noqa: PLC0415

    settings = load_settings()
    _refuse_samples(settings.models_dir)
    configure_logs(settings.log_level, as_json=settings.logs_json)
    gc.enable()  # this may run for long
    signal.signal(signal.SIGTERM, _stop)  # the first process of a container has no default for it
    while True:
        try:
            _sync_once(settings, args.source, args.keep)
        except ModelError as error:
            if not args.every:
                raise
            log.error("cannot sync: %s; trying again in %g s", error, args.every)
        if not args.every:
            return
        time.sleep(args.every)


def _sync_once(settings: Settings, source: Path, keep: int) -> None:
    """Copy what is new; models that may be absent can be missing, but not all of them."""
    target = Registry(settings.models_dir)
    wanted = assignments(settings)
    absent = []
    for each in wanted:
        try:
            copied = sync(Registry(source), target, [each.reference], keep)
        except ModelNotFoundError as error:
            if not each.may_be_absent:
                raise
            absent.append(error)
        else:
            for folder in copied:
                log.info("copied %s", folder)
    if len(absent) == len(wanted):
        raise absent[0]


def _compare(args: argparse.Namespace) -> None:
    """Exit with status 1 if something differs that should not."""
    from .compare import Endpoint, compare  # noqa: PLC0415

    if args.at_once < 1 or not args.timeout > 0:
        raise ConfigurationError("--at-once must be 1 or more, and --timeout above 0")
    old = Endpoint(args.old, _key_of(args.old_key_env))
    new = Endpoint(args.new, _key_of(args.new_key_env))
    running = compare(old, new, args.payloads, at_once=args.at_once, seconds=args.timeout)
    comparison = asyncio.run(running)
    print(comparison.report())
    if not comparison.is_good:
        sys.exit(1)


def _key_of(variable: str | None) -> str | None:
    """Return the key that an environment variable holds, None if none is named."""
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ConfigurationError(f"the environment variable {variable} holds no key")
    return key


def _stop(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)
