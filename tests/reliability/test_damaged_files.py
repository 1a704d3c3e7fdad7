"""Damaged, truncated, foreign and unsupported directories: one typed error, never anything else.

A mutated file is either refused with `ModelFormatError`, or loads and answers with items of the
catalogue. It never crashes, hangs or asks for memory that the file cannot justify.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reliability import damage, structured
from reliability.report import ROOT
from tests.support.factor_models import FactorDirectory
from tests.turi_recommender import encode
from tests.turi_recommender.golden import unpack_model
from turi_recommender import Recommender, load_model
from turi_recommender.errors import ModelFormatError, ModelNotFoundError, RecommenderError
from turi_recommender.format import read_model

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
    with pytest.raises(ModelNotFoundError):
        load_model(tmp_path / "nothing")
    with pytest.raises(ModelFormatError):
        load_model(tmp_path)


BY_MUTATION = sorted(structured.MUTATIONS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", BY_MUTATION)
def test_the_right_form_and_another_meaning(
    whole: Path, tmp_path: Path, kind: str, seed: int
) -> None:
    """What random changes do not find: it is refused, or every question has an answer."""
    path = copy_of(whole, tmp_path / "model")
    structured.MUTATIONS[kind](random.Random(seed), path)
    damage.use(path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_model("popularity_counts", tmp_path_factory.mktemp("plain"))


def measured(path: Path) -> dict[str, Any]:
    """Load in a process of its own, and hold what that took against the bound."""
    done = subprocess.run(
        [sys.executable, "-m", "reliability.damage", "--measure", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    took: dict[str, Any] = json.loads(done.stdout)
    assert took["seconds"] < took["allowed_seconds"], took
    assert took["bytes"] < took["allowed_bytes"], took
    return took


@pytest.mark.slow
@pytest.mark.parametrize("kind", BY_MUTATION)
def test_loading_takes_no_more_than_the_files_vouch_for(
    plain: Path, tmp_path: Path, kind: str
) -> None:
    path = copy_of(plain, tmp_path / "model")
    structured.MUTATIONS[kind](random.Random(1), path)
    measured(path)


@pytest.mark.slow
def test_many_records_of_one_block_take_nothing(plain: Path, tmp_path: Path) -> None:
    """36 kB of them asked for 1.6 GB."""
    path = copy_of(plain, tmp_path / "model")
    segment = structured.table_files(path)[1]
    structured.write_segment(segment, [structured.zeros(1 << 18)], copies=800)
    assert segment.stat().st_size < 50_000
    took = measured(path)
    assert "blocks that do not overlap" in took["outcome"]
    assert took["bytes"] < 4 << 20


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 200_000])
def test_few_long_ids_and_many_with_one_missing(plain: Path, tmp_path: Path, count: int) -> None:
    path = copy_of(plain, tmp_path / "model")
    users = read_model(path).metadata.user.values.tolist()
    more = ["x" * 4_000_000] if count == 1 else [None, *map(str, range(count))]
    data = (path / "objects.bin").read_bytes()
    old, new = encode.flexible(users), encode.flexible([*users, *more])
    sizes = [
        encode.string("index_size_at_train_time") + encode.variant(n)
        for n in (len(users), len(users) + len(more))
    ]
    assert data.count(old) == 1
    assert sizes[0] in data
    data = data.replace(sizes[0], sizes[1], 1).replace(old, new)
    (path / "objects.bin").write_bytes(data)
    assert measured(path)["outcome"] == "loaded"


@pytest.mark.parametrize("name", ["image_classifier", "x" * 100_000])
def test_models_that_python_code_composes_are_named(plain: Path, tmp_path: Path, name: str) -> None:
    """They have one entry where recommenders have two: "0x1 instead of 0x2" would help nobody."""
    path = copy_of(plain, tmp_path / "model")
    model = encode.variant_map({"model": encode.variant({"version": 1})})
    (path / "objects.bin").write_bytes(b"TCMODEL0" + encode.string(name) + model)
    with pytest.raises(ModelFormatError, match="expected a recommender") as caught:
        load_model(path)
    assert caught.value.found == f"a model {name[:80]!r}"


def test_repeated_ids_are_refused(plain: Path, tmp_path: Path) -> None:
    for column in ("user", "item"):
        path = copy_of(plain, tmp_path / column)
        ids = getattr(read_model(path).metadata, column).values.tolist()
        data = (path / "objects.bin").read_bytes()
        (path / "objects.bin").write_bytes(
            data.replace(encode.flexible(ids), encode.flexible([ids[1], *ids[1:]]))
        )
        with pytest.raises(ModelFormatError, match="different ids in the column"):
            load_model(path)


@pytest.mark.slow
def test_many_empty_sections_take_nothing(plain: Path, tmp_path: Path) -> None:
    """A mebibyte of them took 276 MiB."""
    for count in (8_000, 120_000):
        path = copy_of(plain, tmp_path / "model")
        with (path / "dir_archive.ini").open("a") as file:
            file.write("".join(f"[{number:x}]\n" for number in range(count)))
        assert (measured(path)["outcome"] == "loaded") == (count == 8_000)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1 << 20, 1 << 24])
@pytest.mark.parametrize("one", ["[],", "{},", '{"":0},'])
def test_an_index_of_tiny_values_takes_little(
    plain: Path, tmp_path: Path, one: str, size: int
) -> None:
    path = copy_of(plain, tmp_path / "model")
    index = structured.table_files(path)[0]
    whole = index.read_text().rstrip().removesuffix("}")
    room = (size - len(whole) - 20) // len(one)
    index.write_text(f'{whole}, "x": [{one * room}0]}}')
    assert (measured(path)["outcome"] == "loaded") == (size == 1 << 20)


@pytest.mark.slow
def test_rows_of_more_users_than_there_are_take_nothing(plain: Path, tmp_path: Path) -> None:
    path = copy_of(plain, tmp_path / "model")
    structured.write_segment(structured.table_files(path)[1], [structured.zeros((1 << 21) - 2)])
    took = measured(path)
    assert "with interactions" in took["outcome"]
    assert took["bytes"] < 4 << 20


@pytest.mark.slow
@pytest.mark.parametrize("size", [600, 5_000])
def test_strings_that_spoil_every_guess_take_little(plain: Path, tmp_path: Path, size: int) -> None:
    """For every 65 of them a guess of a mebibyte was kept: 1.2 MB of them took 1 GB."""
    path = copy_of(plain, tmp_path / "model")
    likely = "\x02" + "\0" * 7  # behind a tag, a string of two bytes
    one = (
        encode.flexible("") * 64
        + b"\x82"
        + encode.string((b"\x82" + likely.encode() + b"ab") * (size // 11))
    )
    count = 1_200_000 // len(one)
    values = struct.pack("<i", 0) + b"\x84" + encode.u64(65 * count) + one * count
    structured.add_to_state(path, encode.string("x") + values)
    assert measured(path)["bytes"] < 40 << 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("directory", "outcome"),
    [
        (FactorDirectory(item_tags=[300_000] + [3] * 4999, items=5000, factors=8), "loaded"),
        (FactorDirectory(item_tags=[300] * 500, items=500, factors=100), "loaded"),
        (FactorDirectory(user_tags=[2, 20_000], factors=64), "loaded"),
        (FactorDirectory(user_tags=[40_000], factors=20_000), "factors in a row of side data"),
        (FactorDirectory(item_tags=[40_000], factors=20_000), "factors in a row of side data"),
        (
            FactorDirectory(item_tags=[2000] * 300, items=300, factors=3000),
            "factors in the items' side data",
        ),
    ],
)
def test_long_rows_of_side_data(tmp_path: Path, directory: FactorDirectory, outcome: str) -> None:
    """One row of 2.4 MB took a minute to load, and two for each query."""
    path = directory.write(tmp_path / "model")
    found = measured(path)["outcome"]
    assert outcome in found
    if found == "loaded":
        model = load_model(path)
        started = time.perf_counter()
        model.recommend([0, 1])
        assert time.perf_counter() - started < 3
