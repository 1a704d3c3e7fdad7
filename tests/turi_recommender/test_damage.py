"""Damaged, truncated, foreign and unsupported directories: one typed error, never anything else.

A mutated file is either refused with `ModelFormatError`, or loads and answers with items of the
catalogue. It never crashes, hangs or asks for memory that the file cannot justify.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from turi_recommender import Recommender, load_model
from turi_recommender.errors import ModelFormatError, RecommenderError

pytestmark = pytest.mark.slow

CASES = [
    "similarity_pearson",
    "similarity_jaccard_strings",
    "ranking_everything",
    "ranking_plain",
    "popularity_target",
]
GIBIBYTE = 1 << 30


@pytest.fixture(scope="module", params=CASES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_model(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module", autouse=True)
def _bounded_memory() -> Iterator[None]:
    """Let an absurd allocation fail at once instead of taking the machine with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GIBIBYTE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def use(path: Path) -> bool:
    """Load and ask; True if the model still answered."""
    try:
        ask(load_model(path))
    except RecommenderError as error:
        refused = error
    else:
        return True
    assert isinstance(refused, ModelFormatError), refused
    assert refused.path.is_relative_to(path)
    assert refused.expected
    assert refused.found
    return False


def ask(model: Recommender) -> None:
    """Ask for a bit of everything; answers stay within the catalogue."""
    users = model.users.ids(range(min(3, model.num_users)))
    items = model.items.ids(range(min(3, model.num_items)))
    for k in (1, 10, 50):
        answers = model.recommend([*users, *users[:1]], k=k).rankings
        assert all(len(answer.items) <= min(k, model.num_items) for answer in answers)
    model.similar_items(items, k=5)


def copy_of(whole: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(whole, target)


def needed_files(whole: Path) -> list[Path]:
    """Return the files that are read; the others hold tables that scoring does not need."""
    table = (whole / "dir_archive.ini").read_text().split()[-1].partition("=")[2]
    names = ["dir_archive.ini", "objects.bin", f"{table}.sidx", f"{table}.0000"]
    return [whole / name for name in names]


def test_the_whole_model_answers(whole: Path) -> None:
    """The control."""
    assert use(whole)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_truncated_files(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = copy_of(whole, tmp_path / "model")
    victim = path / data.draw(st.sampled_from(needed_files(whole))).name
    raw = victim.read_bytes()
    victim.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    if use(path):
        # Some ini keys and the end of an index are not needed.
        assert victim.suffix in {".ini", ".sidx"}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_flipped_bytes(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = copy_of(whole, tmp_path / "model")
    victim = path / data.draw(st.sampled_from(needed_files(whole)[1:])).name
    raw = bytearray(victim.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, raw[place] ^ 0x10]))
    victim.write_bytes(bytes(raw))
    use(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_overwritten_words(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Counts, lengths and offsets become huge, negative or off by one."""
    path = copy_of(whole, tmp_path / "model")
    victim = path / data.draw(st.sampled_from(needed_files(whole)[1:])).name
    raw = bytearray(victim.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 8))
    old = int.from_bytes(raw[place : place + 8], "little")
    word = data.draw(
        st.sampled_from([0, 1, old + 1, old - 1, 2**31, 2**32, 2**40, 2**63, 2**64 - 1])
    )
    raw[place : place + 8] = (word % 2**64).to_bytes(8, "little")
    victim.write_bytes(bytes(raw))
    use(path)


def test_missing_files(whole: Path, tmp_path: Path) -> None:
    for file in needed_files(whole):
        path = copy_of(whole, tmp_path / "model")
        (path / file.name).unlink()
        with pytest.raises(ModelFormatError) as caught:
            load_model(path)
        assert caught.value.path == path / file.name


def test_tables_that_scoring_does_not_need_may_be_missing(whole: Path, tmp_path: Path) -> None:
    needed = {file.name for file in needed_files(whole)}
    path = copy_of(whole, tmp_path / "model")
    for file in path.iterdir():
        if file.name not in needed:
            file.unlink()
    assert use(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("contents=model", "contents=sframe", "[metadata] contents = model"),
        ("version=1", "version=2", "[archive] version = 1"),
        ("num_prefixes=", "num_prefixes=1", "num_prefixes"),
        (
            "0001=objects.bin",
            "0001=../../objects.bin",
            "prefix 0001 = the name of a file beside it",
        ),
        ("0001=objects.bin", "0001=/etc/passwd", "prefix 0001 = the name of a file beside it"),
        ("[prefixes]", "prefixes", "an INI file"),
    ],
)
def test_foreign_directories(
    whole: Path, tmp_path: Path, old: str, new: str, expected: str
) -> None:
    path = copy_of(whole, tmp_path / "model")
    index = path / "dir_archive.ini"
    assert old in index.read_text()
    index.write_text(index.read_text().replace(old, new))
    with pytest.raises(ModelFormatError) as caught:
        load_model(path)
    assert caught.value.path == index
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    ("start", "expected", "found"),
    [
        (
            b"GLMODELX",
            "a model of Turi Create 5.7 or newer",
            "one of GraphLab Create (load it, and save it again, with Turi Create 4 or 5 on "
            "Python 2)",
        ),
        (b"TCMODEL1", "the mark TCMODEL0", "b'TCMODEL1'"),
        (b"\x80\x04pickle", "the mark TCMODEL0", "b'\\x80\\x04pickle'"),
    ],
)
def test_foreign_objects(
    whole: Path, tmp_path: Path, start: bytes, expected: str, found: str
) -> None:
    path = copy_of(whole, tmp_path / "model")
    objects = path / "objects.bin"
    objects.write_bytes(start + objects.read_bytes()[8:])
    with pytest.raises(ModelFormatError) as caught:
        load_model(path)
    error = caught.value
    assert (error.path, error.offset) == (objects, 0)
    assert (error.expected, error.found) == (expected, found)


def test_other_toolkits_are_named(whole: Path, tmp_path: Path) -> None:
    path = copy_of(whole, tmp_path / "model")
    objects = path / "objects.bin"
    raw = objects.read_bytes()
    place = raw.index(b"\x03\x00\x00\x00", 40)
    length = int.from_bytes(raw[place + 4 : place + 12], "little")
    name = b"x" * length
    objects.write_bytes(raw[: place + 12] + name + raw[place + 12 + length :])
    with pytest.raises(ModelFormatError, match="expected a recommender") as caught:
        load_model(path)
    assert caught.value.found == repr(name.decode())


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError):
        load_model(tmp_path / "nothing")
