"""What the command line can do: serve, make keys, register and follow versions, compare answers.

What is done about the versions of a registry is in `version_commands`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from turi_recommender import __version__
from turi_recommender.errors import (
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    RecommenderError,
    RegistrationError,
)
from turi_recommender.versions import Registry, Training, is_name, register, sync
from turi_recommender.versions.record import read_json

from . import probe
from .addresses import check_address
from .arguments import seconds, some_path, version_number, whole_number
from .errors import ConfigurationError
from .gate.command import add_gate_command
from .gate.errors import RefusedCandidateError
from .limits import COMPARED_AT_ONCE, SWITCH_SECONDS
from .models.roles import assignments
from .observability.output import ensure_streams, settle_stdout
from .settings import Settings, load_settings, variable_names
from .version_commands import add_version_commands, refuse_samples

FAILED = 2
REFUSED = 3  # the work was done, and a candidate refused
_MAX_KEY = 4096  # characters
_MAX_FIGURES_BYTES = 1 << 18

_SERVE_HELP = """\
On SIGTERM or Ctrl-C it goes on for RECOMMENDER_DRAIN_SECONDS while its readiness probe fails, and
ends with status 0. If it cannot start, one line on standard error says why, and the status is 2.

  RECOMMENDER_MODELS_DIR=models RECOMMENDER_PORT=8080 turi-recommender serve
"""
_KEY_HELP = """\
It prints two lines. The first is the key, for the caller, who sends it as Authorization: Bearer or
as X-API-Key. The second is its digest, for the service: in RECOMMENDER_API_KEYS, or on a line of a
key file (RECOMMENDER_API_KEY_FILES). A key file takes either line as it is. The digest is no
secret.

With --bare it prints the key alone, for a file that the caller reads; --from-stdin then prints its
digest.

  turi-recommender key
  turi-recommender key --bare > key.txt && turi-recommender key --from-stdin < key.txt
  printf %s "$OLD_KEY" | turi-recommender key --from-stdin
"""
_REGISTER = """\
Only the files of the saved model are copied. The version gets a manifest with their digests, and
appears when it is complete. Its directory is printed. If it cannot be registered, or is stopped,
nothing is left behind, and the status is 2. The file of --figures has what the manifest says under
"training"; without it, the version is shown as not evaluated.

  turi-recommender register recommendation_s.model --name similarity_model --models-dir models
"""
_SYNC_HELP = """\
The versions that RECOMMENDER_SIMILARITY_MODEL and RECOMMENDER_RANKING_MODEL ask for are copied into
RECOMMENDER_MODELS_DIR, where a running service finds them. A damaged version is left out. Once they
are there, the versions before them follow, up to --keep of a name, to roll back to. Of the old
ones, --keep stay, and those that a setting names or a process of this machine has loaded.

The status is 0, also after SIGTERM or Ctrl-C, and 2 if a version cannot be copied; with --every, it
goes on, and the log says why.

  RECOMMENDER_MODELS_DIR=models turi-recommender sync /mnt/share --every 60
"""
_COMPARE_HELP = """\
Every payload is posted to both. The status is 0 if all answers are there and none differs that
should not, else 1; it is 2 if the comparison cannot be made, or is stopped. An answer of more than
32 MiB, or one that takes longer than --timeout, counts as missing. Neither keys nor ids are
printed.

  turi-recommender compare --old http://old.example/score --old-key-env OLD_KEY \\
    --new http://127.0.0.1:8000/score payloads.jsonl
"""
_PROBE = """\
For the health check of a container. The status is 0 if the service at RECOMMENDER_HOST and
RECOMMENDER_PORT is ready, else 1, with one line that says why not.
"""

log = logging.getLogger(__name__)


def run(arguments: list[str] | None = None) -> None:
    """Run a command; if it fails, print one line with the reason and exit with status 2, or 3."""
    has_output = sys.stdout is not None
    ensure_streams()
    args = _parse(arguments)
    try:
        if args.prints and not has_output:
            raise OSError("standard output is closed")
        args.run(args)
        if args.prints:
            sys.stdout.flush()
    except RefusedCandidateError as error:
        _fail(args.verb, str(error), REFUSED)
    except RecommenderError as error:
        _fail(args.verb, str(error))
    except KeyboardInterrupt:
        _fail(args.verb, "stopped by SIGINT")
    except OSError as error:
        reason = error.strerror or str(error)
        _fail(args.verb, reason if error.filename is None else f"{error.filename}: {reason}")
    finally:
        settle_stdout()


def _fail(verb: str, reason: str, status: int = FAILED) -> NoReturn:
    print(f"cannot {verb}: {reason}", file=sys.stderr)
    sys.exit(status)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="turi-recommender",
        description="Serve Turi Create recommenders over HTTP.",
        epilog="Settings are environment variables with the prefix RECOMMENDER_; the README lists "
        "them. Without a command it serves. COMMAND --help says more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"turi-recommender {__version__}")
    parser.set_defaults(run=_serve, verb="start", prints=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def add(
        name: str, run: Callable[[argparse.Namespace], None], verb: str, summary: str, more: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=run, verb=verb, prints=False)
        return command

    add("serve", _serve, "start", "load the models and serve them", _SERVE_HELP)
    keys = add("key", _make_key, "make a key", "make an API key and its digest", _KEY_HELP)
    keys.set_defaults(prints=True)
    what = keys.add_mutually_exclusive_group()
    what.add_argument("--bare", action="store_true", help="print nothing but the key")
    what.add_argument(
        "--from-stdin",
        action="store_true",
        help="read a key that callers have already, and print its digest",
    )
    registering = add(
        "register",
        _register,
        "register",
        "copy a model into a registry, whole or not at all",
        _REGISTER,
    )
    registering.set_defaults(prints=True)
    registering.add_argument("source", type=some_path, help="a model directory")
    registering.add_argument("--name", required=True, help="registry name")
    registering.add_argument(
        "--version", type=version_number, help="version (default: highest + 1)"
    )
    registering.add_argument(
        "--models-dir", type=some_path, help="the registry (default: RECOMMENDER_MODELS_DIR)"
    )
    registering.add_argument(
        "--figures",
        type=some_path,
        metavar="FILE",
        help="JSON that says how it was trained and what it is worth, for the manifest",
    )
    registering.add_argument(
        "--require-figures", action="store_true", help="refuse a model that nobody has evaluated"
    )
    syncing = add(
        "sync", _sync, "sync", "copy wanted versions from another registry, checked", _SYNC_HELP
    )
    syncing.add_argument("source", type=some_path, help="a registry, such as a network share")
    syncing.add_argument("--every", type=seconds, metavar="SECONDS", help="go on, at this interval")
    syncing.add_argument(
        "--keep", type=whole_number, default=2, help="versions of a name (default: 2)"
    )
    add_version_commands(add)
    add_gate_command(add)
    comparing = add(
        "compare",
        _compare,
        "compare",
        "ask an old and a new /score the same, and compare their answers",
        _COMPARE_HELP,
    )
    comparing.set_defaults(prints=True)
    comparing.add_argument("payloads", type=some_path, help="a file with one JSON payload per line")
    for name in ("old", "new"):
        comparing.add_argument(
            f"--{name}",
            required=True,
            metavar="URL",
            help="its address; /score is added where it does not end so",
        )
        comparing.add_argument(
            f"--{name}-key-env", metavar="NAME", help="environment variable that holds its key"
        )
    comparing.add_argument(
        "--at-once",
        type=int,
        default=4,
        help=f"payloads under way at a time (default: 4; at most {COMPARED_AT_ONCE})",
    )
    comparing.add_argument(
        "--timeout", type=float, default=30, metavar="SECONDS", help="for an answer (default: 30)"
    )
    add(
        "probe",
        lambda _: probe.main(),
        "probe",
        "ask this machine's service if it is ready",
        _PROBE,
    )
    return parser.parse_args(arguments)


def _serve(_: argparse.Namespace) -> None:
    """Load everything, then listen."""
    _end_with(_stop)  # until the server listens; see _sync
    import uvicorn  # noqa: PLC0415 - the other commands do not need the framework

    from .http.server import Server, server_options  # noqa: PLC0415
    from .main import create_app  # noqa: PLC0415
    from .observability.logs import configure_logs  # noqa: PLC0415

    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.logs_json)
    _check_models_dir(settings)
    app = create_app(settings)
    check_address(settings.host, settings.port)
    config = uvicorn.Config(app, **server_options(settings))
    server = Server(config, app.lifecycle, settings.drain_seconds)
    gc.freeze()  # what is here now stays: no collection needs to look at it again
    gc.enable()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        server.run()
    except SystemExit as leaving:
        if leaving.code and not server.started:
            sys.exit(FAILED)  # such as an address that was taken in between: the log says it
        raise
    if not server.started:
        sys.exit(FAILED)


def _check_models_dir(settings: Settings) -> None:
    """Stop if the models' directory is there and cannot be read; what is missing says so itself."""
    try:
        os.scandir(settings.models_dir).close()
    except FileNotFoundError:
        return
    except OSError as error:
        variable = variable_names()["models_dir"]
        raise ConfigurationError(f"{variable}: {settings.models_dir}: {error.strerror}") from None


def _make_key(args: argparse.Namespace) -> None:
    from .security.entries import EntryError, check_characters  # noqa: PLC0415
    from .security.keys import described_digest, new_key  # noqa: PLC0415

    if not args.from_stdin:
        key, digest = new_key()
        print(key if args.bare else f"key:    {key}\ndigest: {digest}")
        return
    if sys.stdin is None:
        raise OSError("standard input is closed")
    given = sys.stdin.buffer.read(_MAX_KEY + 1)
    if len(given) > _MAX_KEY:
        raise ConfigurationError(f"a key must have no more than {_MAX_KEY} characters")
    key = given.decode("latin-1").strip()
    try:
        check_characters(key)
    except EntryError as error:
        raise ConfigurationError(str(error)) from None
    print(f"digest: {described_digest(key)}")


def _register(args: argparse.Namespace) -> None:
    root = args.models_dir or load_settings().models_dir
    refuse_samples(root, "--models-dir, or RECOMMENDER_MODELS_DIR")
    _end_with(_give_up)  # what is half copied is removed on the way out
    training = None
    if args.figures is not None:
        training = _read_figures(args.figures)
    print(register(args.source, root, args.name, args.version, training, args.require_figures))


def _read_figures(path: Path) -> Training:
    """Read the file of --figures; say of a mistake what it is, not at which byte of the file."""
    try:
        return Training.from_json(read_json(path, _MAX_FIGURES_BYTES), path)
    except ModelFormatError as error:
        said = f"--figures {path}: expected {error.expected}, found {error.found}"
        raise RegistrationError(said) from error


def _sync(args: argparse.Namespace) -> None:
    from .observability.logs import configure_logs  # noqa: PLC0415

    settings = load_settings()
    refuse_samples(settings.models_dir, "set RECOMMENDER_MODELS_DIR")
    configure_logs(settings.log_level, as_json=settings.logs_json)
    gc.enable()  # this may run for long
    _end_with(_stop)  # the first process of a container has no default for it
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
    try:
        os.scandir(source).close()
    except OSError as error:
        raise ModelNotFoundError(f"{source}: {error.strerror}") from error
    target = Registry(settings.models_dir)
    wanted = assignments(settings)
    named = [each.reference for each in wanted]
    there, absent = [], []
    for each in wanted:
        try:
            _look_for(Registry(source), each.reference)
            there.append(each.reference)
        except ModelNotFoundError as error:
            if not each.may_be_absent:
                sync(Registry(source), target, (), keep, named)  # what was retired is so here, too
                raise
            absent.append(error)
    # All at once: what the start needs is copied before what a roll-back needs.
    sync(Registry(source), target, there, keep, named)
    if len(there) == 0:
        raise absent[0]


def _look_for(source: Registry, reference: str) -> None:
    """Raise a `ModelNotFoundError` if there is nothing that a reference can mean."""
    if not is_name(reference) or len(source.offered(reference)) == 0:
        source.find(reference)


def _compare(args: argparse.Namespace) -> None:
    """Exit with status 1 if something differs that should not."""
    from .compare import Endpoint, compare  # noqa: PLC0415

    is_possible = 1 <= args.at_once <= COMPARED_AT_ONCE
    if not is_possible or not 0 < args.timeout <= threading.TIMEOUT_MAX:
        raise ConfigurationError(
            f"--at-once must be 1 or more, up to {COMPARED_AT_ONCE}, and --timeout above 0, and "
            "not infinite"
        )
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
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f"the environment variable {variable} holds characters that no header can have"
        )
    return key


def _end_with(handler: Callable[[int, object], NoReturn]) -> None:
    """End a command in one way, whether it is told to by SIGTERM or by Ctrl-C."""
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as it is in the background
        signal.signal(signal.SIGINT, handler)


def _give_up(number: int, _frame: object) -> NoReturn:
    _fail("register", f"stopped by {signal.Signals(number).name}")


def _stop(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)
