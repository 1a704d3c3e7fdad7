"""What a proof leaves behind: figures, the promises they keep or break, and an exit status."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "reliability" / "results"


@dataclass
class Report:
    """The outcome of a proof.

    Attributes
    ----------
    name : str
        The command's name.
    figures : dict
        What was measured.
    promises : dict of str to bool
        What was promised, and whether it held.
    """

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    promises: dict[str, bool] = field(default_factory=dict)

    def promise(self, text: str, held: bool) -> None:
        """Add a promise.

        Parameters
        ----------
        text : str
            What was promised.
        held : bool
            Whether it was kept.
        """
        self.promises[text] = held

    @property
    def broken(self) -> list[str]:
        """The promises that did not hold."""
        return [text for text, held in self.promises.items() if not held]

    def conclude(self) -> None:
        """Print and write everything; exit with status 1 if a promise is broken."""
        for name, figure in self.figures.items():
            print(f"{name}: {_text(figure)}")
        for text, held in self.promises.items():
            print(f"{'kept  ' if held else 'BROKEN'}  {text}")
        RESULTS.mkdir(exist_ok=True)
        about = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load before": _load_at_start,
        }
        content = {"about": about, "figures": self.figures, "promises": self.promises}
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(content, indent=1) + "\n")
        if self.broken:
            sys.exit(1)


def command_line(run: Callable[..., Report], description: str | None, **given: Any) -> None:
    """Run a proof with the numbers of the command line, and conclude.

    Parameters
    ----------
    run : callable
        The proof. Each parameter whose default is a number or a truth value becomes an option.
    description : str
        What ``--help`` says.
    **given
        Other arguments of `run`.
    """
    parser = argparse.ArgumentParser(description=description)
    for name, parameter in inspect.signature(run).parameters.items():
        default, option = parameter.default, f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=default)
        elif isinstance(default, int | float):
            parser.add_argument(
                option, type=type(default), default=default, help="default: %(default)s"
            )
    run(**vars(parser.parse_args()), **given).conclude()


def large_models() -> Path | None:
    """Return the directory of models of real size, ``LARGE_MODELS``, if there is one."""
    large = os.environ.get("LARGE_MODELS")
    return Path(large) if large else None


def _text(figure: object) -> str:
    if isinstance(figure, float):
        return f"{figure:,.4g}" if abs(figure) < 1000 else f"{figure:,.0f}"
    if isinstance(figure, int) and not isinstance(figure, bool):
        return f"{figure:,}"
    return str(figure)


_load_at_start = round(os.getloadavg()[0], 2)
