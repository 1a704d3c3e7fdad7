"""Coverage-guided fuzzing of the model reader: ``python -m reliability.fuzz_models``.

Atheris changes the files of small recorded models, and keeps the changes that reach code which
nothing before them reached. What must hold is what `reliability.damage` asks for. Needs the
dependency group ``fuzz`` (``scripts/reliability fuzz_models`` sets it up): wheels for CPython
3.11 - 3.13 on Linux.
"""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from reliability import damage, structured, variants
from reliability.report import ROOT, Report, command_line

# Small ones, of every class and kind of column.
_MODELS = (
    "similarity_pearson",
    "similarity_jaccard_strings",
    "content_items_only",
    "ranking_everything_strings",
    "ranking_three_factors",
    "factorization_nmf",
    "popularity_target",
)
_FILES = 4
_MOST_BYTES = 200_000
_MEMORY_MIB = 512  # that one input may take
_ROUND_SECONDS = 15  # then another process: atheris's own hooks leak some hundred kB an input
_SECONDS_EACH = 20


def _seeds(folder: Path, corpus: Path) -> None:
    """Write each file of each model as an input: a byte that says which it is, then its bytes.

    So are those with a meaning that no model has, which random changes would not find.
    """
    for number, model in enumerate(_chosen(folder)):
        for place, file in enumerate(damage.needed_files(model)):
            name = f"{number}-{place}"
            (corpus / name).write_bytes(bytes([number * _FILES + place]) + file.read_bytes())
        for kind, mutate in structured.MUTATIONS.items():
            copy = variants.copy(model, folder / "structured")
            whole = [file.read_bytes() for file in damage.needed_files(copy)]
            mutate(random.Random(number), copy)
            for place, file in enumerate(damage.needed_files(model)):
                changed = copy / file.name
                if changed.is_file() and not changed.is_symlink():
                    data = changed.read_bytes()
                    if data != whole[place] and len(data) < _MOST_BYTES:
                        name = f"{number}-{place}-{kind.replace(' ', '-')}"
                        (corpus / name).write_bytes(bytes([number * _FILES + place]) + data)


def _chosen(folder: Path) -> list[Path]:
    return [folder / name / "model" for name in _MODELS]


def _fuzz(folder: Path, options: list[str]) -> None:
    """Fuzz in this process; it ends when atheris says so."""
    import atheris  # noqa: PLC0415 - only here, in an environment of its own

    for name in [
        name for name in sys.modules if name.split(".")[0] in ("turi_recommender", "reliability")
    ]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["turi_recommender"]):
        from reliability import damage  # noqa: PLC0415 - again, with what it imports

    originals = _chosen(folder)
    scratch = folder / "scratch"
    copies = [variants.copy(path, scratch / str(n)) for n, path in enumerate(originals)]
    victims = [damage.needed_files(path) for path in copies]
    whole = [[file.read_bytes() for file in files] for files in victims]

    def one(data: bytes) -> None:
        if not data:
            return
        number, place = divmod(data[0] % (_FILES * len(victims)), _FILES)
        victim = victims[number][place]
        victim.write_bytes(data[1:])
        before = _peak()
        damage.use(copies[number])
        if _peak() - before > _MEMORY_MIB:
            raise MemoryError(f"{_peak() - before} MiB for one input")
        victim.unlink()
        victim.write_bytes(whole[number][place])

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def _peak() -> int:
    """Return the highest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run(seconds: int = 60, seed: int = 1) -> Report:
    """Fuzz the reader of models.

    Parameters
    ----------
    seconds : int
        How long to fuzz, in rounds of 15 seconds.
    seed : int
        Of the first round; the others follow.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        damage.whole_models(folder)
        corpus, found = folder / "corpus", folder / "found"
        corpus.mkdir()
        found.mkdir()
        _seeds(folder, corpus)
        seeds = len(os.listdir(corpus))  # noqa: PTH208 - only counted
        tried = added = slowest = failures = 0
        output = ""
        rounds = [_ROUND_SECONDS] * (seconds // _ROUND_SECONDS) + [seconds % _ROUND_SECONDS]
        for number, length in enumerate(filter(None, rounds)):
            options = [
                f"-max_total_time={length}",
                f"-seed={seed + number}",
                "-rss_limit_mb=0",
                f"-timeout={_SECONDS_EACH}",
                f"-max_len={_MOST_BYTES}",
                "-len_control=0",
                "-print_final_stats=1",
                f"-artifact_prefix={found}/",
                str(corpus),
            ]
            command = [sys.executable, "-m", "reliability.fuzz_models", "--worker", str(folder)]
            done = subprocess.run(
                [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
            )
            tried += _statistic(done.stderr, "number_of_executed_units")
            added += _statistic(done.stderr, "new_units_added")
            slowest = max(slowest, _statistic(done.stderr, "slowest_unit_time_sec"))
            if done.returncode:
                failures += 1
                output = done.stderr[-3000:]
        bad = sorted(path.name for path in found.iterdir())
        if bad:
            keep = Path(tempfile.mkdtemp(prefix="fuzz-models-"))
            found.rename(keep / "found")
            bad.append(f"kept in {keep}")
    report = Report("fuzz_models")
    report.figures = {
        "seconds": seconds,
        "inputs tried": tried,
        "inputs of new coverage": added,
        "seeds": seeds,
        "slowest s": slowest,
        "crashes, hangs and excesses": bad,
    }
    if failures:
        report.figures["output"] = output
    report.promise("every input is refused with a typed error, or answers", failures == 0)
    report.promise("it found its way (the control)", added > 0 and tried > seeds)
    return report


def _statistic(text: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s+(\d+)", text)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _fuzz(Path(sys.argv[2]), sys.argv[3:])
    else:
        command_line(run, __doc__)
