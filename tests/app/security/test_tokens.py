"""JSON Web Tokens: what is let in, what is not, and the issuer's keys through thick and thin."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import select
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from app.errors import NotAuthenticatedError
from app.security import tokens as tokens_module
from app.security.keys import new_key
from app.security.scopes import ADMIN, RECOMMEND
from app.security.tokens import TokenChecker
from app.settings import Settings
from tests.support.issuer import (
    AUDIENCE,
    ISSUER,
    IssuerKey,
    curve_key,
    issuer,
    issuer_settings,
    jwks,
    lists,
    rsa_key,
    send,
)
from tests.support.problems import assert_problem
from tests.support.serving import serving

RSA, CURVE, STRANGER = rsa_key("rsa"), curve_key("curve"), rsa_key("stranger")
KEY, DIGEST = new_key()
BODY = {"users": [{"visitorid": 6000}]}
ADDRESS = "https://issuer.example/keys"
COOL_DOWN, HOUR = 31.0, 3601.0


class Fetch:
    """An issuer in the process, whose answer can be changed; counts what it is asked."""

    def __init__(self, *keys: IssuerKey) -> None:
        self.answer: Any = jwks(*keys)
        self.count = 0

    def __call__(self, address: str) -> Any:
        assert address == ADDRESS
        self.count += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def checker(fetch: Fetch, clock: Clock | None = None) -> TokenChecker:
    return TokenChecker(issuer_settings(ADDRESS), fetch, clock or Clock())


def encoded(part: object) -> str:
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def assembled(header: object, claims: object, signature: bytes = b"") -> str:
    return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"


def claims(**changed: object) -> dict[str, Any]:
    valid = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 600,
        "scp": "recommend admin",
    }
    return {**valid, **changed}


def with_pem_as_secret(name: str) -> str:
    """Return a token that is valid if a public key is taken for a shared secret."""
    head = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': name})}.{encoded(claims())}"
    signature = hmac.new(RSA.pem, head.encode(), hashlib.sha256).digest()
    return f"{head}.{encoded(signature)}"


@pytest.mark.parametrize("key", [RSA, CURVE], ids=["RSA", "EC"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scp": "recommend"}, {RECOMMEND}),
        ({"scp": "openid recommend admin"}, {RECOMMEND, ADMIN}),
        ({"scp": "", "scope": "recommend"}, {RECOMMEND}),
        ({"scp": "", "roles": ["admin", "recommend", "else"]}, {RECOMMEND, ADMIN}),
        ({"scp": "recommend", "roles": ["admin"]}, {RECOMMEND, ADMIN}),
        ({"scp": ""}, set()),
        ({"scp": "recommended Recommend"}, set()),
        ({"scp": ["recommend"]}, set()),
        ({"scp": 7, "scope": None, "roles": "admin"}, set()),
        ({"scp": "", "roles": [["admin"], {}, None, 1]}, set()),
        ({"aud": ["another", AUDIENCE]}, {RECOMMEND}),
    ],
)
def test_scopes_of_valid_tokens(key: IssuerKey, given: dict[str, Any], expected: set[str]) -> None:
    assert checker(Fetch(RSA, CURVE)).scopes(key.token(**given)) == expected


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -10), ("nbf", 10)])
def test_clocks_may_differ(claim: str, seconds: int) -> None:
    given: dict[str, Any] = {claim: int(time.time()) + seconds}
    assert checker(Fetch(RSA, CURVE)).scopes(RSA.token(**given)) == {RECOMMEND}


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256"])
def test_algorithms(algorithm: str) -> None:
    assert checker(Fetch(RSA)).scopes(RSA.token({"alg": algorithm})) == {RECOMMEND}


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "another audience": lambda: RSA.token(aud="api://another"),
    "no audience of ours": lambda: RSA.token(aud=[]),
    "audience of another type": lambda: RSA.token(aud=7),
    "another issuer": lambda: RSA.token(iss="https://issuer.example"),
    "issuer of another type": lambda: assembled({"alg": "RS256", "kid": "rsa"}, claims(iss=[1])),
    "expired": lambda: RSA.token(exp=int(time.time()) - 60),
    "not yet valid": lambda: RSA.token(nbf=int(time.time()) + 90),
    "made in the future": lambda: RSA.token(iat=int(time.time()) + 90),
    "expires as text": lambda: RSA.token(exp="tomorrow"),
    "expires never": lambda: RSA.token(exp=float("inf")),
    "expires at NaN": lambda: RSA.token(exp=float("nan")),
    "begins never": lambda: RSA.token(nbf=float("inf")),
    "made never": lambda: RSA.token(iat=float("-inf")),
    "without exp": lambda: RSA.token(without="exp"),
    "without aud": lambda: RSA.token(without="aud"),
    "without iss": lambda: RSA.token(without="iss"),
    "no kid": lambda: assembled({"alg": "RS256"}, claims()),
    "empty kid": lambda: RSA.token({"kid": ""}),
    "unknown kid": STRANGER.token,
    "a known kid, another's signature": lambda: STRANGER.token({"kid": "rsa"}),
    "no algorithm": lambda: assembled({"kid": "rsa"}, claims()),
    "alg none": lambda: assembled({"alg": "none", "kid": "rsa"}, claims()),
    "alg None": lambda: assembled({"alg": "None", "kid": "rsa"}, claims()),
    "alg of another type": lambda: assembled({"alg": ["RS256"], "kid": "rsa"}, claims()),
    "signed with the public key": lambda: with_pem_as_secret("rsa"),
    "RSA says it is EC": lambda: assembled({"alg": "ES256", "kid": "rsa"}, claims(), 64 * b"x"),
    "EC says it is RSA": lambda: assembled({"alg": "RS256", "kid": "curve"}, claims(), 64 * b"x"),
    "EC says it is PSS": lambda: assembled({"alg": "PS256", "kid": "curve"}, claims(), 64 * b"x"),
    "another curve's": lambda: assembled({"alg": "ES384", "kid": "curve"}, claims(), 96 * b"x"),
    "no signature": lambda: RSA.token().rpartition(".")[0] + ".",
    "signature cut": lambda: RSA.token()[:-8],
    "kid of another type": lambda: assembled({"alg": "RS256", "kid": 7}, claims()),
    "kid as a list": lambda: assembled({"alg": "RS256", "kid": ["rsa"]}, claims()),
    "half a character": lambda: assembled(b'{"alg":"RS256","kid":"\\ud800"}', claims()),
    "a header that is a list": lambda: assembled([], claims()),
    "a deep header": lambda: assembled(9000 * b"[", claims()),
    "a long number": lambda: assembled(b'{"alg":' + 6000 * b"1" + b"}", claims()),
    "critical": lambda: RSA.token({"crit": ["x"], "x": 1}),
    "not base64": lambda: "!.!.!",
    "empty parts": lambda: "..",
    "not JSON": lambda: "eA.eA.eA",
    "beyond ASCII": lambda: "\xff.\xff.\xff",
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    """Serve to holders of tokens."""
    with (
        issuer(lists(RSA, CURVE)) as (address, _),
        serving(issuer_settings(address, api_keys=DIGEST)) as client,
    ):
        yield client


def bearer(token: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Bearer " + token.encode("latin-1")}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_bad_tokens(guarded: httpx.Client, name: str) -> None:
    token = BAD_TOKENS[name]()
    answer = guarded.post("/recommend/users", json=BODY, headers=bearer(token))
    problem = assert_problem(answer, 401)
    assert problem["type"] == "urn:turi-recommender:problem:unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert token not in answer.text or len(token) < 6
    with pytest.raises(NotAuthenticatedError):
        checker(Fetch(RSA, CURVE)).scopes(token)


def test_tokens_over_http(guarded: httpx.Client) -> None:
    reload = "/admin/models/similarity_model/reload"
    for key in (RSA, CURVE):
        headers = bearer(key.token())
        assert guarded.post("/recommend/users", json=BODY, headers=headers).status_code == 200
        assert_problem(guarded.post(reload, headers=headers), 403)
        administrator = bearer(key.token(scp="admin"))
        assert guarded.post(reload, headers=administrator).status_code == 200
        assert_problem(guarded.post("/recommend/users", json=BODY, headers=administrator), 403)
        assert_problem(guarded.get("/models", headers=bearer(key.token(scp="else"))), 403)
        by_key_header = {"x-api-key": key.token()}
        assert guarded.get("/models", headers=by_key_header).status_code == 200
    assert guarded.get("/models", headers=bearer(KEY)).status_code == 200


def test_neither_tokens_nor_the_issuer_are_asked_for_what_is_no_token() -> None:
    with issuer(lists(RSA)) as (address, asked):
        with serving(issuer_settings(address)) as client:
            for credential in ("x", "a.b", "a.b.c.d", KEY):
                assert_problem(client.get("/models", headers=bearer(credential)), 401)
        assert asked == []


# The issuer's keys


def test_keys_are_asked_for_once() -> None:
    fetch = Fetch(RSA, CURVE)
    tokens = checker(fetch)
    for _ in range(3):
        for key in (RSA, CURVE):
            tokens.scopes(key.token())
    assert fetch.count == 1


def test_unknown_keys_are_asked_for_once_in_a_while() -> None:
    fetch, clock = Fetch(RSA), Clock()
    tokens = checker(fetch, clock)
    for _ in range(3):
        with pytest.raises(NotAuthenticatedError, match="does not list"):
            tokens.scopes(STRANGER.token())
    assert fetch.count == 1
    assert tokens.scopes(RSA.token())
    clock.now += COOL_DOWN
    for number in range(3):
        with pytest.raises(NotAuthenticatedError, match="does not list"):
            tokens.scopes(STRANGER.token({"kid": str(number)}))
    assert fetch.count == 2


def test_the_issuer_changes_its_key() -> None:
    fetch, clock = Fetch(RSA), Clock()
    tokens = checker(fetch, clock)
    tokens.scopes(RSA.token())
    fetch.answer = jwks(STRANGER)
    clock.now += COOL_DOWN
    assert tokens.scopes(RSA.token()) == {RECOMMEND}
    assert tokens.scopes(STRANGER.token()) == {RECOMMEND}
    with pytest.raises(NotAuthenticatedError, match="does not list"):
        tokens.scopes(RSA.token())


def test_a_withdrawn_key_is_forgotten_in_an_hour() -> None:
    fetch, clock = Fetch(RSA, CURVE), Clock()
    tokens = checker(fetch, clock)
    tokens.scopes(RSA.token())
    fetch.answer = jwks(CURVE)
    clock.now += HOUR
    assert tokens.scopes(CURVE.token())
    with pytest.raises(NotAuthenticatedError, match="does not list"):
        tokens.scopes(RSA.token())


@pytest.mark.parametrize(
    "answer",
    [
        OSError("no route to host"),
        httpx.ReadTimeout("slow"),
        {},
        [],
        None,
        "keys",
        {"keys": []},
        {"keys": None},
        {"keys": ["x"]},
        {"keys": [{"kty": "RSA", "kid": "rsa", "n": "!", "e": "AQAB"}]},
        {"keys": [{"kty": "oct", "kid": "rsa"}]},
        {"keys": [{**RSA.public, "kid": None}]},
    ],
    ids=lambda answer: str(answer)[:30],
)
def test_the_last_good_keys_outlive_an_outage(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    fetch, clock = Fetch(RSA), Clock()
    tokens = checker(fetch, clock)
    tokens.scopes(RSA.token())
    good, fetch.answer = fetch.answer, answer
    for _ in range(3):
        clock.now += HOUR
        assert tokens.scopes(RSA.token()) == {RECOMMEND}
        assert tokens.scopes(RSA.token()) == {RECOMMEND}
    assert fetch.count == 4  # with a pause between
    assert caplog.text.count("the last ones stay valid") == 3
    fetch.answer = good
    clock.now += COOL_DOWN
    assert tokens.scopes(RSA.token()) == {RECOMMEND}
    clock.now += COOL_DOWN
    assert tokens.scopes(RSA.token()) == {RECOMMEND}
    assert fetch.count == 5


def test_a_shared_secret_among_the_keys_is_of_no_use() -> None:
    secret = {"kty": "oct", "kid": "secret", "k": encoded(32 * b"s")}
    fetch = Fetch(RSA)
    fetch.answer["keys"].append(secret)
    tokens = checker(fetch)
    for algorithm in ("HS256", "RS256", "ES256"):
        head = f"{encoded({'alg': algorithm, 'kid': 'secret'})}.{encoded(claims())}"
        signature = hmac.new(32 * b"s", head.encode(), hashlib.sha256).digest()
        with pytest.raises(NotAuthenticatedError):
            tokens.scopes(f"{head}.{encoded(signature)}")
    assert tokens.scopes(RSA.token()) == {RECOMMEND}


def test_who_has_a_known_key_does_not_wait_for_the_issuer() -> None:
    fetch, clock = Fetch(RSA), Clock()
    going, asked = threading.Event(), threading.Event()

    def slow(address: str) -> Any:
        if fetch.count:
            asked.set()
            assert going.wait(20)
        return fetch(address)

    tokens = TokenChecker(issuer_settings(ADDRESS), slow, clock)
    tokens.scopes(RSA.token())
    clock.now += HOUR
    token = RSA.token()
    waiting = threading.Thread(target=tokens.scopes, args=(token,))
    waiting.start()
    try:
        assert asked.wait(20)
        assert tokens.scopes(RSA.token()) == {RECOMMEND}
        assert waiting.is_alive()
    finally:
        going.set()
        waiting.join()
    assert fetch.count == 2


def garbage(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"<html>no keys here</html>")


def failing(handler: BaseHTTPRequestHandler) -> None:
    send(handler, json.dumps(jwks(RSA)).encode(), 500)


def redirecting(handler: BaseHTTPRequestHandler) -> None:
    if handler.path == "/elsewhere":
        lists(RSA)(handler)
        return
    handler.send_response(302)
    handler.send_header("location", "/elsewhere")
    handler.send_header("content-length", "0")
    handler.end_headers()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(65536 * b" ")


def trickling(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not select.select([handler.connection], [], [], 0.05)[
        0
    ]:  # until the other side goes away
        handler.wfile.write(b" ")


def silent(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # until the other side goes away


@pytest.mark.parametrize(
    "answer", [garbage, failing, redirecting, endless, trickling, silent], ids=lambda f: f.__name__
)
def test_an_issuer_that_cannot_be_relied_on(
    answer: Callable[[BaseHTTPRequestHandler], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens_module, "_JWKS_TIMEOUT", 0.5)
    with issuer(answer) as (address, asked), caplog.at_level(logging.ERROR):
        tokens = TokenChecker(issuer_settings(address))
        refused: list[Exception] = []

        def ask() -> None:
            try:
                tokens.scopes(RSA.token())
            except NotAuthenticatedError as error:
                refused.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(20)
        assert not asking.is_alive(), "it waits for ever"
    assert "does not list" in str(refused[0])
    assert "the issuer's keys cannot be had" in caplog.text
    assert asked == ["/keys"]


def test_nobody_at_the_issuers_address() -> None:
    with serving(issuer_settings("http://127.0.0.1:9/keys", api_keys=DIGEST)) as client:
        assert_problem(client.get("/models", headers=bearer(RSA.token())), 401)
        assert client.get("/models", headers=bearer(KEY)).status_code == 200


def test_an_issuer_goes_with_an_audience_and_an_address() -> None:
    for half in ({"jwt_issuer": ISSUER}, {"jwt_audience": AUDIENCE}, {"jwt_jwks_url": ADDRESS}):
        with pytest.raises(ValueError, match="go together"):
            Settings.model_validate(half)
    with pytest.raises(ValueError, match="contradict each other"):
        issuer_settings(ADDRESS, auth="none")
