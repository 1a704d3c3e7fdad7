"""The command line: ``python -m app`` serves; it can also make keys and register models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.auth import new_key
from app.models.errors import RecommenderError
from app.models.manifest import register
from app.observe import configure_logs
from app.settings import load_settings

FAILED = 2


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exit status 2 with one line of reason if that cannot be."""
    args = _parse(arguments)
    try:
        args.run(args)
    except RecommenderError as error:
        print(f"cannot {args.verb}: {error}", file=sys.stderr)
        sys.exit(FAILED)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="turi-recommender", description=__doc__)
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
    return parser.parse_args(arguments)


def _serve(_: argparse.Namespace) -> None:
    """Load everything, then listen."""
    import uvicorn  # noqa: PLC0415 - the other commands do not need the framework

    from app.main import create_app  # noqa: PLC0415
    from app.server import Server, server_options  # noqa: PLC0415

    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.logs_json)
    app = create_app(settings)
    config = uvicorn.Config(app, **server_options(settings))
    server = Server(config, app.shared, settings.drain_seconds)
    server.run()
    if not server.started:
        sys.exit(FAILED)  # the address is taken, says the log


def _make_key(_: argparse.Namespace) -> None:
    key, digest = new_key()
    print(f"key:    {key}\ndigest: {digest}")


def _register(args: argparse.Namespace) -> None:
    root = args.models_dir or load_settings().models_dir
    print(register(args.source, root, args.name, args.version))


if __name__ == "__main__":
    main()
