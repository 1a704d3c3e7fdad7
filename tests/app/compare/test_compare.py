"""`turi-recommender compare` against real services, and the original's recorded answers."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.commands import run
from app.compare import Comparison, Endpoint, Outcome, compare
from app.compare import run as compare_run
from app.compare.run import score_url
from app.errors import ConfigurationError
from app.security.keys import new_key
from app.settings import Settings
from tests.support.ports import HOST, free_port, taken_port
from tests.support.serving import another_server, serving
from tests.support.waiting import PATIENCE_SECONDS, wait_until

CASES = json.loads((Path(__file__).parents[1] / "routers/azure/data/score.json").read_text())
BOTH = [{"visitorid": 1, "itemid": 2}]
OLD_KEY, (NEW_KEY, DIGEST) = "the-old-key-of-the-shop", new_key()


@pytest.fixture
def payloads(tmp_path: Path) -> Path:
    path = tmp_path / "payloads.jsonl"
    path.write_text("\n\n".join(case["request"] for case in CASES) + "\n")
    return path


@pytest.fixture
def original() -> Iterator[str]:
    """Serve the recorded answers on the path of AKS, with a key."""
    answers = {case["request"]: case["response"] for case in CASES}
    answers[json.dumps(BOTH)] = '"Error: One and only one of visitorid or itemid is expected."'

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            is_known = self.headers["authorization"] == f"Bearer {OLD_KEY}"
            is_there = self.path == "/api/v1/service/shop/score" and is_known
            self.send_response(200 if is_there else 401)
            self.end_headers()
            self.wfile.write(answers.get(body, "").encode() if is_there else b"")

        def log_message(self, *_: object) -> None:
            pass

    with another_server(Handler) as address:
        yield f"{address}/api/v1/service/shop/score"


@pytest.fixture
def service() -> Iterator[httpx.Client]:
    with serving(Settings(api_keys=DIGEST)) as client:
        yield client


def counts(comparison: Comparison) -> dict[Outcome, int]:
    return dict(comparison.counts)


def test_two_services_with_the_same_models(payloads: Path) -> None:
    with serving() as one, serving() as other:
        for each in (one, other):
            # FastAPI hides a warning while it answers the first request, for all threads at once.
            each.post("/score", content=CASES[0]["request"]).raise_for_status()
        ends = Endpoint(str(one.base_url), None), Endpoint(f"{other.base_url}/score", None)
        comparison = asyncio.run(compare(*ends, payloads))
    assert counts(comparison) == {Outcome.SAME_BYTES: len(CASES)}
    assert comparison.is_good


def test_two_services_with_different_models(payloads: Path) -> None:
    defaults = Settings(side_data_defaults={"period": "Noon", "month": 1, "weekday": 5})
    with serving() as one, serving(defaults) as other:
        ends = Endpoint(str(one.base_url), None), Endpoint(str(other.base_url), None)
        comparison = asyncio.run(compare(*ends, payloads))
    assert not comparison.is_good
    assert comparison.counts[Outcome.DIFFERENT] > 0
    assert comparison.counts[Outcome.SAME_BYTES] > 0  # similar items have no side data
    assert "rows name something else" in comparison.report()


def command(*arguments: object) -> int:
    try:
        run(["compare", *map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def asked(
    original: str, service: httpx.Client, payloads: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """Return the arguments of a whole comparison."""
    monkeypatch.setenv("OLD_KEY", f"{OLD_KEY}\n")
    monkeypatch.setenv("NEW_KEY", NEW_KEY)
    new = ["--new", service.base_url, "--new-key-env", "NEW_KEY"]
    return ["--old", original, "--old-key-env", "OLD_KEY", *new, payloads]


def test_the_originals_answers(
    asked: list[Any], payloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with payloads.open("a") as file:
        file.write(json.dumps(BOTH))
    assert command(*asked) == 0
    out, err = capsys.readouterr()
    assert f"payloads: {len(CASES) + 1}\nequal byte for byte: {len(CASES)}\n" in out
    assert "different as the migration page says: 1\n" in out
    number = 2 * len(CASES)
    assert f"line {number}: different as the migration page says: 400 instead of a text" in out
    assert "\ndifferent: 0\nwithout an answer: 0\n" in out
    assert err == ""


def test_a_difference_is_status_1_and_says_where(
    asked: list[Any], payloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recording has no answer to this one."""
    payloads.write_text('[{"visitorid": 6000}]\n[{"visitorid": 424242424242}]\n')
    assert command(*asked) == 1
    out, _ = capsys.readouterr()
    assert "line 2: different: an answer that is not an array of rows" in out
    assert "424242424242" not in out


def test_keys_and_ids_are_not_printed(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*asked) == 0
    monkeypatch.setenv("OLD_KEY", "wrong-key")
    assert command(*asked) == 1
    out, err = capsys.readouterr()
    assert "status 200 instead of 401" in out
    for secret in (OLD_KEY, NEW_KEY, "wrong-key", "6000", "Bearer"):
        assert secret not in out + err


def test_a_key_that_neither_takes_is_no_comparison(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLD_KEY", "wrong")
    monkeypatch.setenv("NEW_KEY", "wrong")
    assert command(*asked) == 1
    assert f"without an answer: {len(CASES)}\n" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["old", "new"])
def test_an_endpoint_that_is_not_there(
    asked: list[Any], side: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked[asked.index(f"--{side}") + 1] = f"http://{HOST}:{free_port()}/score"
    assert command(*asked) == 1
    assert f"the {side} endpoint: ConnectError" in capsys.readouterr().out


def test_an_address_that_only_looks_like_one(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    asked[asked.index("--new") + 1] = "http://host:port/score"
    assert command(*asked) == 1
    assert "the new endpoint: InvalidURL" in capsys.readouterr().out


def test_an_endpoint_that_says_nothing(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with taken_port() as port:
        asked[asked.index("--old") + 1] = f"http://{HOST}:{port}/score"
        assert command(*asked, "--timeout", 0.2, "--at-once", len(CASES)) == 1
    assert f"without an answer: {len(CASES)}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--old", "ftp://host/score"], "an endpoint must be an address"),
        (["--old", "host/score"], "an endpoint must be an address"),
        (["--old-key-env", "NOT_SET"], "the environment variable NOT_SET holds no key"),
        (["--at-once", "0"], "--at-once must be 1 or more"),
        (["--timeout", "0"], "--timeout above 0"),
        (["--timeout", "nan"], "--timeout above 0"),
        (["--timeout", "inf"], "--timeout above 0"),
        (["--timeout", "1e300"], "--timeout above 0"),
        (["--at-once", "-1"], "--at-once must be 1 or more"),
        (["--at-once", "101"], "--at-once must be 1 or more, up to 100"),
        (["--old", "http://h:99999/score"], "the port of an endpoint must be at most 65535"),
        (["--old", "http://[::1/score"], "an endpoint must be an address"),
    ],
)
def test_what_cannot_be(
    asked: list[Any], change: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*asked, *change) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "No such file"), ('[{"visitorid": 1}]\n[{', "line 2 is not JSON")]
)
def test_files_that_cannot_be_read(
    asked: list[Any], payloads: Path, text: str | None, reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    payloads.unlink()
    if text is not None:
        payloads.write_text(text)
    assert command(*asked) == 2
    assert reason in capsys.readouterr().err


def test_nothing_was_compared(asked: list[Any], payloads: Path) -> None:
    payloads.write_text("\n\n")
    assert command(*asked) == 1


def test_so_many_at_once_and_no_more(payloads: Path) -> None:
    together = threading.Barrier(2 * 3)  # passed by that many at a time only
    lock, under_way, most = threading.Lock(), 0, 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
            together.wait(10)
            with lock:
                under_way -= 1
            self.send_response(200)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b'"[]"')

        def log_message(self, *_: object) -> None:
            pass

    payloads.write_text("[]\n" * 9)
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        end = Endpoint(f"http://{HOST}:{server.server_port}", None)
        comparison = asyncio.run(compare(end, end, payloads, at_once=3))
        server.shutdown()
    assert counts(comparison) == {Outcome.SAME_BYTES: 9}
    assert most == 2 * 3


def test_what_differs_is_shown_before_what_may() -> None:
    from app.compare.verdict import Verdict

    comparison = Comparison()
    for number in range(1, 101):
        comparison.add(number, Verdict(Outcome.EXPECTED, "as written"))
    comparison.add(101, Verdict(Outcome.DIFFERENT, "rows"))
    lines = comparison.report().splitlines()
    assert lines[-1] == "line 101: different: rows"
    assert len([line for line in lines if line.startswith("line ")]) == 20


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://h", "https://h/score"),
        ("https://h/", "https://h/score"),
        ("https://h:444/score", "https://h:444/score"),
        ("http://h/api/v1/service/x/score/", "http://h/api/v1/service/x/score"),
        ("http://h/api/v1/service/x", "http://h/api/v1/service/x/score"),
    ],
)
def test_addresses(given: str, asked: str) -> None:
    assert score_url(given) == asked


@pytest.mark.parametrize("given", ["", "h", "//h/score", "file:///score", "http:///score"])
def test_addresses_that_are_none(given: str) -> None:
    with pytest.raises(ConfigurationError, match="must be an address"):
        score_url(given)


class Odd(BaseHTTPRequestHandler):
    """Answers that do not end, are too slow, too large, packed or too deep, by the path."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        if "packed" in self.path:
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        try:
            match self.path.split("/")[1]:
                case "endless":
                    while True:
                        self.wfile.write(bytes(1 << 20))
                case "slow":
                    wait_until(lambda: self.wfile.write(b" ") == 0)  # until nobody reads it
                case "packed":
                    self.wfile.write(gzip.compress(bytes(1 << 20)))
                case "deep":
                    self.wfile.write(b'[{"a":' + 100_000 * b"[" + 100_000 * b"]" + b"}]")
                case "large":
                    self.wfile.write(b'[{"score":' + 400 * b"9" + b"}]")
                case _:
                    self.wfile.write(b'[{"score":0.5}]')
        except (OSError, TimeoutError):
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("path", "outcome", "reason"),
    [
        ("endless", Outcome.NO_ANSWER, "the new endpoint: an answer of more than 32 mebibytes"),
        ("slow", Outcome.NO_ANSWER, "the new endpoint: no whole answer within 0.5 s (--timeout)"),
        ("packed", Outcome.NO_ANSWER, "a content-encoding that was not asked for"),
        ("deep", Outcome.NO_ANSWER, "nested too deeply to be compared"),
        ("large", Outcome.DIFFERENT, "1 of 1 row has another score"),
    ],
)
def test_answers_that_are_not_read_to_their_end(
    payloads: Path, path: str, outcome: Outcome, reason: str
) -> None:
    payloads.write_text("[]")
    with another_server(Odd) as old, another_server(Odd) as new:
        ends = Endpoint(f"{old}/usual", None), Endpoint(f"{new}/{path}", None)
        seconds = 0.5 if path == "slow" else PATIENCE_SECONDS
        comparison = asyncio.run(compare(*ends, payloads, seconds=seconds))
    assert counts(comparison) == {outcome: 1}
    assert reason in comparison.report()


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("_LONGEST_LINE", "line 2 is longer than 8 mebibytes"), ("COMPARED_FILE_BYTES", "is longer")],
)
def test_files_of_payloads_that_are_too_long(
    payloads: Path, monkeypatch: pytest.MonkeyPatch, limit: str, reason: str
) -> None:
    payloads.write_text("[]\n" + json.dumps(list(range(100))) + "\n")
    monkeypatch.setattr(compare_run, limit, 50)
    with pytest.raises(ConfigurationError, match=reason):
        list(compare_run.read_payloads(payloads))


def test_a_device_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigurationError, match="/dev/zero: line 1 is longer than 8 mebibytes"):
        list(compare_run.read_payloads(Path("/dev/zero")))


def test_a_key_that_no_header_can_have(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLD_KEY", "schl\u00fcssel")
    assert command(*asked) == 2
    err = capsys.readouterr().err
    assert err == (
        "cannot compare: the environment variable OLD_KEY holds characters "
        "that no header can have\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("HTTP_PROXY", "nonsense://secret@h", "names a proxy that cannot be used"),
        ("SSL_CERT_FILE", "/nowhere", "the certificates (SSL_CERT_FILE, SSL_CERT_DIR) cannot be"),
    ],
)
def test_an_environment_that_stands_in_the_way(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    variable: str, value: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, value)
    assert command(*asked) == 2
    err = capsys.readouterr().err
    assert err.startswith("cannot compare: ")
    assert reason in err
    assert "secret" not in err
