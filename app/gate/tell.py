"""Say what was decided: in words, as JSON for programs, or as lines of the log."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..settings import Settings
from .decide import Verdict
from .judge import Decision


def name_broken(decision: Decision) -> str:
    """Return a candidate's role and the rules that it breaks.

    Parameters
    ----------
    decision : Decision
        About this candidate.
    """
    broken = ", ".join(each.rule for each in decision.verdicts if not each.passed)
    return f"{decision.candidate.role} (broken: {broken})"


def state(verdict: Verdict) -> str:
    """Return what became of a rule in a word or two."""
    if not verdict.checked:
        return "NOT CHECKED"
    return "kept" if verdict.passed else "BROKEN"


def described(decision: Decision, folder: Path | None, forced: str | None) -> dict[str, Any]:
    """Return what was decided as values of JSON.

    Parameters
    ----------
    decision : Decision
        About one candidate.
    folder : Path or None
        Where it was published, if it was.
    forced : str or None
        Why candidates are published that do not pass, if they are.
    """
    return {
        "role": decision.candidate.role,
        "name": decision.candidate.name,
        "passed": decision.passed,
        "forced": None if decision.passed else forced,
        "published": None if folder is None else str(folder),
        "rules": [
            {
                "rule": each.rule,
                "passed": each.passed,
                "checked": each.checked,
                "words": each.words,
            }
            for each in decision.verdicts
        ],
        "figures": decision.figures.to_json(),
    }


def _complain(why: str) -> None:
    print(f"the report does not show the decision: {why}", file=sys.stderr)


class Form(Protocol):
    """How the gate speaks."""

    def begin(self, settings: Settings) -> None:
        """Prepare the output."""

    def decision(self, decision: Decision, folder: Path | None, forced: str | None) -> None:
        """Say what was decided about a candidate."""

    def kept(self, folder: Path) -> None:
        """Say where the run is kept."""

    def next_step(self, words: str) -> None:
        """Say what is to be set so that what was published is asked."""

    def no_report(self, why: str) -> None:
        """Say why the run's report does not show what was decided."""


class _Text:
    """Lines for people."""

    def begin(self, settings: Settings) -> None:
        pass

    def decision(self, decision: Decision, folder: Path | None, forced: str | None) -> None:
        candidate = decision.candidate
        outcome = "passed" if decision.passed else "refused"
        print(f"{candidate.role} ({candidate.name}): {outcome}")
        for each in decision.verdicts:
            print(f"  {state(each):11} {each.rule}: {each.words}")
        if folder is None:
            print("  not published")
        else:
            print(f"  published as {folder}{'' if decision.passed else f' by force: {forced}'}")

    def kept(self, folder: Path) -> None:
        print(f"kept in {folder}")

    def next_step(self, words: str) -> None:
        print(f"next: {words}")

    def no_report(self, why: str) -> None:
        _complain(why)


class _Json:
    """One line of JSON for each candidate, and nothing else."""

    def begin(self, settings: Settings) -> None:
        pass

    def decision(self, decision: Decision, folder: Path | None, forced: str | None) -> None:
        print(json.dumps(described(decision, folder, forced)))

    def kept(self, folder: Path) -> None:
        pass

    def next_step(self, words: str) -> None:
        pass

    def no_report(self, why: str) -> None:
        _complain(why)


class _Log:
    """Lines of the log, as the service writes them."""

    def begin(self, settings: Settings) -> None:
        from ..observability.logs import configure_logs  # noqa: PLC0415 - only here is it needed

        configure_logs(settings.log_level, as_json=True)

    def decision(self, decision: Decision, folder: Path | None, forced: str | None) -> None:
        broken = {each.rule: each.words for each in decision.verdicts if not each.passed}
        unchecked = {each.rule: each.words for each in decision.verdicts if not each.checked}
        outcome = "passed" if decision.passed else "refused" if folder is None else "forced"
        level = logging.INFO if decision.passed else logging.WARNING
        self._write(
            level,
            "candidate judged",
            role=decision.candidate.role,
            name=decision.candidate.name,
            outcome=outcome,
            broken=broken,
            not_checked=unchecked,
            forced=None if decision.passed else forced,
            published=None if folder is None else str(folder),
            recall=decision.figures.values["all"],
        )

    def kept(self, folder: Path) -> None:
        self._write(logging.INFO, "candidates kept", folder=str(folder))

    def next_step(self, words: str) -> None:
        self._write(logging.INFO, "next step", words=words)

    def no_report(self, why: str) -> None:
        self._write(logging.WARNING, "report not completed", why=why)

    @staticmethod
    def _write(level: int, event: str, **fields: object) -> None:
        import structlog  # noqa: PLC0415

        logger = structlog.wrap_logger(
            logging.getLogger(__name__),
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        logger.log(level, event, **fields)


FORMS: Mapping[str, Form] = {"text": _Text(), "json": _Json(), "log": _Log()}
