"""JSON Web Tokens: what is let in, what is not, and the issuer's keys through thick and thin."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import anyio
import httpx
import pytest
from anyio import to_thread

from app.errors import NotAuthenticatedError, NotVerifiedError, ServiceError
from app.security import issuers as issuers_module
from app.security.authenticator import Authenticator
from app.security.keys import new_key
from app.security.scopes import ADMIN, RECOMMEND, Caller
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
from tests.support.waiting import PATIENCE_SECONDS, wait_until

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
    "a deep header": lambda: assembled(5000 * b"[", claims()),
    "deep claims": lambda: assembled({"alg": "RS256", "kid": "rsa"}, 5000 * b"["),
    "claims that are a list": lambda: assembled({"alg": "RS256", "kid": "rsa"}, []),
    "larger than any": lambda: RSA.token(pad=9000 * "x"),
    "a long number": lambda: assembled(b'{"alg":' + 5000 * b"1" + b"}", claims()),
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
    monkeypatch.setattr(issuers_module, "_TIMEOUT_SECONDS", 0.5)
    with issuer(answer) as (address, asked), caplog.at_level(logging.ERROR):
        tokens = TokenChecker(issuer_settings(address))
        refused: list[Exception] = []

        def ask() -> None:
            try:
                tokens.scopes(RSA.token())
            except NotVerifiedError as error:
                refused.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(20)
        assert not asking.is_alive(), "it waits for ever"
    assert "could not be fetched yet" in str(refused[0])  # the caller's token may well be good
    assert "the issuer's keys cannot be fetched" in caplog.text
    assert "none of its tokens can be checked" in caplog.text  # there are no last ones
    assert asked == ["/keys"]


def test_nobody_at_the_issuers_address() -> None:
    with serving(issuer_settings("http://127.0.0.1:9/keys", api_keys=DIGEST)) as client:
        answer = client.get("/models", headers=bearer(RSA.token()))
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
        assert client.get("/models", headers=bearer(KEY)).status_code == 200


# Several issuers and audiences

V1, V2 = "https://sts.example/tenant/", "https://login.example/tenant/v2.0"


def several(**given: str) -> TokenChecker:
    """Return a checker of two issuers, the second with a key set of its own unless told."""
    listed = {"https://v1.example/keys": jwks(RSA), "https://v2.example/keys": jwks(CURVE)}
    settings: dict[str, Any] = {
        "jwt_issuer": f"{V1}, {V2}",
        "jwt_audience": f"{AUDIENCE},the-application",
        "jwt_jwks_url": ",".join(listed),
        **given,
    }
    return TokenChecker(Settings(**settings), listed.__getitem__, Clock())


@pytest.mark.parametrize("audience", [AUDIENCE, "the-application", ["else", "the-application"]])
def test_tokens_of_several_issuers_and_audiences(audience: object) -> None:
    tokens = several()
    assert tokens.scopes(RSA.token(iss=V1, aud=audience)) == {RECOMMEND}
    assert tokens.scopes(CURVE.token(iss=V2, aud=audience)) == {RECOMMEND}


@pytest.mark.parametrize(
    "token",
    [
        lambda: RSA.token(iss=V2),  # the first issuer signs in the name of the second
        lambda: CURVE.token(iss=V1),
        lambda: RSA.token(iss=f"{V1}, {V2}"),
        lambda: RSA.token(iss=V1 + "else"),
        lambda: RSA.token(iss=""),
        lambda: RSA.token(iss=V1, aud=f"{AUDIENCE},the-application"),
        lambda: RSA.token(iss=V1, aud="the"),
        lambda: RSA.token(iss=V1, aud=""),
    ],
)
def test_issuers_vouch_for_their_own_only(token: Callable[[], str]) -> None:
    with pytest.raises(NotAuthenticatedError):
        several().scopes(token())


def test_several_issuers_with_one_key_set() -> None:
    tokens = several(jwt_jwks_url="https://v1.example/keys")
    for issuer_name in (V1, V2):
        assert tokens.scopes(RSA.token(iss=issuer_name)) == {RECOMMEND}


def test_issuers_fail_apart() -> None:
    asked: list[str] = []

    def fetch(address: str) -> Any:
        asked.append(address)
        if "v1" in address:
            raise OSError("no route to host")
        return jwks(CURVE)

    settings = Settings(
        jwt_issuer=f"{V1},{V2}",
        jwt_audience=AUDIENCE,
        jwt_jwks_url="https://v1.example/keys,https://v2.example/keys",
    )
    tokens = TokenChecker(settings, fetch, Clock())
    for _ in range(2):
        with pytest.raises(NotVerifiedError):
            tokens.scopes(RSA.token(iss=V1))
        assert tokens.scopes(CURVE.token(iss=V2)) == {RECOMMEND}
    assert asked == ["https://v1.example/keys", "https://v2.example/keys"]


def test_another_issuers_token_asks_nobody() -> None:
    fetch = Fetch(RSA)
    with pytest.raises(NotAuthenticatedError, match="another issuer"):
        checker(fetch).scopes(RSA.token(iss="https://else.example"))
    assert fetch.count == 0


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"jwt_jwks_url": "https://a/1,https://a/2,https://a/3"}, "2 issuers and 3 addresses"),
        ({"jwt_issuer": f"{V1},{V1}"}, "named twice"),
        ({"jwt_jwks_url": "issuer.example/keys"}, "begins with https://"),
        ({"jwt_audience": " , "}, "go together"),
    ],
)
def test_lists_that_do_not_fit(given: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        several(**given)


# Who has proved nothing holds nobody up


class Hanging:
    """An issuer that does not answer before it is told to."""

    def __init__(self) -> None:
        self.asked, self.going = threading.Event(), threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.set()
        self.going.wait(PATIENCE_SECONDS)
        lists(RSA)(handler)


async def _crowd(authenticator: Authenticator, hanging: Hanging) -> list[BaseException]:
    refused: list[BaseException] = []

    async def ask(number: int) -> None:
        try:
            await authenticator.identify_async(STRANGER.token({"kid": str(number)}))
        except ServiceError as error:
            refused.append(error)

    async with anyio.create_task_group() as group:
        for number in range(70):
            group.start_soon(ask, number)
        with anyio.fail_after(4):  # less than the issuer has
            while len(refused) < 69:
                assert (await authenticator.identify_async(KEY)).scopes == {RECOMMEND}
                assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
                await anyio.sleep(0.001)
        assert len(refused) == 69
        hanging.going.set()
    assert len(refused) == 70
    return refused


def test_one_thread_at_most_waits_for_an_issuer() -> None:
    hanging = Hanging()
    with issuer(hanging) as (address, asked):
        authenticator = Authenticator(issuer_settings(address, api_keys=DIGEST))
        refused = anyio.run(_crowd, authenticator, hanging)
        assert asked == ["/keys"]
        assert {type(error) for error in refused} == {NotVerifiedError, NotAuthenticatedError}
        assert sum(isinstance(error, NotVerifiedError) for error in refused) == 69
        # The attempt is over: what the issuer does not list is refused for good.
        with pytest.raises(NotAuthenticatedError, match="does not list"):
            authenticator.scopes(STRANGER.token())
        assert authenticator.scopes(RSA.token()) == {RECOMMEND}


def test_a_valid_key_is_answered_while_strangers_wait() -> None:
    hanging = Hanging()
    with (
        issuer(hanging) as (address, _),
        serving(issuer_settings(address, api_keys=DIGEST)) as client,
        ThreadPoolExecutor(70) as crowd,
    ):
        token = STRANGER.token()
        asking = [
            crowd.submit(client.get, "/models", headers=bearer(token), timeout=PATIENCE_SECONDS)
            for _ in range(70)
        ]
        try:
            assert hanging.asked.wait(PATIENCE_SECONDS)
            wait_until(lambda: sum(one.done() for one in asking) == 69, seconds=4)
            answer = client.post("/recommend/users", json=BODY, headers=bearer(KEY))
            assert answer.status_code == 200
            assert sum(one.done() for one in asking) == 69, "the issuer did not hang"
        finally:
            hanging.going.set()
        statuses = sorted(one.result().status_code for one in asking)
        assert statuses == [401, *69 * [503]]
        answer = next(one.result() for one in asking if one.result().status_code == 503)
        assert answer.headers["retry-after"] == "1"


# Who it is


def test_a_caller_has_a_name() -> None:
    other = new_key()
    authenticator = Authenticator(Settings(api_keys=f"{DIGEST},{other[1]}", admin_keys=DIGEST))
    caller = authenticator.identify(KEY)
    assert caller == Caller(f"key:{DIGEST[7:19]}", frozenset({RECOMMEND, ADMIN}))
    assert authenticator.identify(other[0]).name != caller.name
    assert anyio.run(authenticator.identify_async, KEY) == caller
    with pytest.raises(NotAuthenticatedError):
        anyio.run(authenticator.identify_async, KEY[:-1])


def test_the_subject_of_a_token_has_a_name() -> None:
    tokens = several()
    name = tokens.identify(RSA.token(iss=V1, sub="shop")).name
    assert re.fullmatch("token:[0-9a-f]{12}", name)
    later = RSA.token(iss=V1, sub="shop", exp=int(time.time()) + 60, scp="admin")
    assert tokens.identify(later).name == name
    others = [
        RSA.token(iss=V1, sub="stock"),
        CURVE.token(iss=V2, sub="shop"),
        RSA.token(iss=V1),
        RSA.token(iss=V1, azp="application"),
        RSA.token(iss=V1, appid="application-2"),
    ]
    assert len({name, *(tokens.identify(token).name for token in others)}) == 1 + len(others)


def test_an_issuer_goes_with_an_audience_and_an_address() -> None:
    for half in ({"jwt_issuer": ISSUER}, {"jwt_audience": AUDIENCE}, {"jwt_jwks_url": ADDRESS}):
        with pytest.raises(ValueError, match="go together"):
            Settings.model_validate(half)
    with pytest.raises(ValueError, match="contradict each other"):
        issuer_settings(ADDRESS, auth="none")
