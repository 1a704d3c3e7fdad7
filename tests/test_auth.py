"""Keys and tokens: who may ask, who may administrate, and what the others hear."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import ValidationError

from app import auth
from app.auth import (
    ADMIN,
    RECOMMEND,
    Authenticator,
    NotAuthenticatedError,
    TokenChecker,
    new_key,
)
from app.settings import ConfigurationError, Settings
from tests.serving import another_server, serving

BODY = {"users": [{"visitorid": 6000}]}
ISSUER = "https://issuer.example/v2.0"
AUDIENCE = "api://recommender"
KEY, DIGEST = new_key()
SECOND, SECOND_DIGEST = new_key()
BOSS, BOSS_DIGEST = new_key()


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


# -- keys ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    settings = Settings(
        api_keys=f"{DIGEST},{SECOND_DIGEST}", admin_keys=BOSS_DIGEST, docs="auth", metrics="auth"
    )
    with serving(settings) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        bearer(KEY),
        bearer(SECOND),
        bearer(BOSS),
        {"authorization": f"bearer  {KEY}"},
        {"authorization": f"BEARER {KEY}"},
        {"x-api-key": KEY},
    ],
)
def test_keys_that_may_ask(guarded: httpx.Client, headers: dict[str, str]) -> None:
    assert guarded.post("/recommend/users", json=BODY, headers=headers).status_code == 200
    assert guarded.get("/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": KEY},
        bearer(KEY[:-1]),
        bearer(KEY + "x"),
        bearer(DIGEST),
        bearer("a.b.c"),
        bearer("x" * 20_000),
        {"x-api-key": ""},
        {"x-api-key": DIGEST.removeprefix("sha256:")},
        {"x-api-key": KEY.upper()},
    ],
)
def test_keys_that_may_not(guarded: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/recommend/users", "/similar/items", "/admin/models/similarity_model/reload"):
        answer = guarded.post(path, json=BODY, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer realm="recommender"'
        assert answer.json()["type"] == "urn:turi-recommender:problem:unauthenticated"


def test_bytes_that_are_no_text(guarded: httpx.Client) -> None:
    odd: dict[bytes, bytes] = {b"authorization": b"Bearer \xff\xfe\x80"}
    assert guarded.post("/recommend/users", json=BODY, headers=odd).status_code == 401


def test_the_drop_in_says_it_in_its_own_way(guarded: httpx.Client) -> None:
    answer = guarded.post("/api/v1/service/shop/score", json=[{"visitorid": 6000}])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"message"}
    accepted = guarded.post(
        "/api/v1/service/shop/score", json=[{"visitorid": 6000}], headers=bearer(KEY)
    )
    assert accepted.status_code == 200


def test_only_admin_keys_administrate(guarded: httpx.Client) -> None:
    path = "/admin/models/similarity_model/activate"
    refused = guarded.post(path, json={"version": "6"}, headers=bearer(KEY))
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:turi-recommender:problem:not-allowed"
    assert guarded.post(path, json={"version": "6"}, headers=bearer(BOSS)).status_code == 200


def test_probes_are_open(guarded: httpx.Client) -> None:
    for path in ("/healthz/live", "/healthz/ready", "/"):
        assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/swagger.json", "/metrics"])
def test_pages_for_keys_only(guarded: httpx.Client, path: str) -> None:
    assert guarded.get(path).status_code == 401
    assert guarded.get(path, headers=bearer(KEY)).status_code == 200


def test_pages_that_are_open_or_off() -> None:
    with serving(Settings(api_keys=DIGEST)) as client:
        for path in ("/docs", "/openapi.json", "/metrics"):
            assert client.get(path).status_code == 200
        security = client.get("/openapi.json").json()["security"]
        assert security == [{"bearer": []}, {"key": []}]
    with serving(Settings(api_keys=DIGEST, docs="off", metrics="off")) as client:
        for path in ("/docs", "/redoc", "/openapi.json", "/metrics"):
            assert client.get(path, headers=bearer(KEY)).status_code == 404


@pytest.mark.parametrize("given", ["x", "md5:" + 32 * "0", "sha256:" + 63 * "0", KEY])
def test_settings_hold_digests_only(given: str) -> None:
    with pytest.raises(ConfigurationError, match="sha256:<64 hexadecimal digits>") as caught:
        Authenticator(Settings(api_keys=given))
    assert KEY not in str(caught.value)


def test_none_and_keys_contradict() -> None:
    with pytest.raises(ValidationError, match="contradict"):
        Settings(auth="none", api_keys=DIGEST)


# -- key files -------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at key files at each request."""
    monkeypatch.setattr(auth, "_LOOK_SECONDS", 0.0)


def accepts(authenticator: Authenticator, key: str) -> bool:
    try:
        return RECOMMEND in authenticator.scopes(key)
    except NotAuthenticatedError:
        return False


@pytest.mark.usefixtures("impatient")
def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# the shop\n{KEY}\n\n")
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    assert accepts(authenticator, KEY)
    assert not accepts(authenticator, SECOND)
    file.write_text(f"{KEY}\n{SECOND_DIGEST}\n")
    assert accepts(authenticator, KEY)
    assert accepts(authenticator, SECOND)
    file.write_text(SECOND_DIGEST)
    assert not accepts(authenticator, KEY)
    assert accepts(authenticator, SECOND)
    file.write_text("")
    assert not accepts(authenticator, SECOND)


@pytest.mark.usefixtures("impatient")
def test_a_link_that_is_swapped(tmp_path: Path) -> None:
    """As a kubelet renews a mounted Secret."""
    for name, key in (("one", KEY), ("two", SECOND)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "primary").write_text(key)
    link = tmp_path / "data"
    link.symlink_to("one")
    authenticator = Authenticator(Settings(admin_key_files=str(link / "primary")))
    assert authenticator.scopes(KEY) == {RECOMMEND, ADMIN}
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(link)
    assert not accepts(authenticator, KEY)
    assert authenticator.scopes(SECOND) == {RECOMMEND, ADMIN}


@pytest.mark.usefixtures("impatient")
def test_a_file_that_is_gone_or_spoilt_keeps_its_last_keys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    file.write_text("short")
    assert accepts(authenticator, KEY)
    file.unlink()
    assert accepts(authenticator, KEY)
    assert "its last keys stay valid" in caplog.text
    assert KEY not in caplog.text


def test_files_that_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere: No such file"):
        Authenticator(Settings(api_key_files=str(tmp_path / "nowhere")))
    (tmp_path / "weak").write_text("password")
    with pytest.raises(ConfigurationError, match="weak: a key must have 24 characters"):
        Authenticator(Settings(api_key_files=str(tmp_path / "weak")))


def test_a_file_is_not_looked_at_for_every_request(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY)
    authenticator = Authenticator(Settings(api_key_files=str(file)))
    authenticator._keys[0]._files[0]._looked = time.monotonic() + 60
    file.write_text(SECOND)
    assert accepts(authenticator, KEY)


# -- tokens ----------------------------------------------------------------------------------

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwks(**keys: Any) -> dict[str, Any]:
    listed = []
    for kid, key in keys.items():
        public = key.public_key()
        algorithm: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        listed.append({**json.loads(algorithm.to_jwk(public)), "kid": kid, "use": "sig"})
    return {"keys": listed}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "scp": "recommend other"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "one", **more: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**more), key, algorithm, headers=headers)


JWT_SETTINGS = Settings(
    jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks_url="http://127.0.0.1:9/keys"
)


class Issuer:
    """An issuer whose clock and keys the test moves."""

    def __init__(self, **keys: Any) -> None:
        self.keys: Any = jwks(**keys)
        self.now = 0.0
        self.asked = 0
        self.checker = TokenChecker(JWT_SETTINGS, self._fetch, lambda: self.now)

    def _fetch(self, address: str) -> dict[str, Any]:
        assert address == JWT_SETTINGS.jwt_jwks_url
        self.asked += 1
        if isinstance(self.keys, Exception):
            raise self.keys
        document: dict[str, Any] = self.keys
        return document

    def scopes(self, text: str) -> frozenset[str]:
        return self.checker.scopes(text)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(one=RSA, two=EC)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {RECOMMEND}),
        ({"scp": "recommend admin"}, {RECOMMEND, ADMIN}),
        ({"scp": None, "scope": "admin"}, {ADMIN}),
        ({"scp": None, "roles": ["recommend", "else", 7]}, {RECOMMEND}),
        ({"scp": None}, set()),
        ({"scp": ["recommend"]}, set()),
        ({"roles": "admin"}, {RECOMMEND}),
        ({"aud": ["else", AUDIENCE]}, {RECOMMEND}),
    ],
)
def test_scopes_of_tokens(issuer: Issuer, more: dict[str, Any], expected: set[str]) -> None:
    assert issuer.scopes(token(**more)) == expected


def test_both_kinds_of_keys(issuer: Issuer) -> None:
    assert issuer.scopes(token(EC, "ES256", "two")) == {RECOMMEND}
    assert issuer.scopes(token(RSA, "PS256")) == {RECOMMEND}
    assert issuer.asked == 1


PAST, FUTURE = int(time.time()) - 3600, int(time.time()) + 3600
PUBLIC_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def confused() -> str:
    """Sign with the public key as if it were a shared secret."""
    import base64
    import hashlib
    import hmac

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signed = f"{part({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{part(claims())}"
    mac = hmac.new(PUBLIC_PEM, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(iss="https://else.example"),
        lambda: token(aud="else"),
        lambda: token(exp=PAST),
        lambda: token(nbf=FUTURE),
        lambda: token(exp=None),
        lambda: token(aud=None),
        lambda: token(iss=None),
        lambda: token(exp="soon"),
        lambda: token(kid=None),
        lambda: token(OTHER_RSA),
        lambda: token(EC, "ES256", "one"),
        lambda: token(RSA, "RS256", "two"),
        lambda: jwt.encode(claims(), "", "none", headers={"kid": "one"}),
        lambda: token()[:-4] + "AAAA",
        lambda: token().rsplit(".", 1)[0] + ".",
        confused,
        lambda: "..",
        lambda: "a.b.c",
        lambda: "\u00e9.\u00e9.\u00e9",
    ],
)
def test_tokens_that_are_not_valid(issuer: Issuer, make: Callable[[], str]) -> None:
    with pytest.raises(NotAuthenticatedError):
        issuer.scopes(make())


def test_unknown_keys_do_not_make_it_ask_at_each_request(issuer: Issuer) -> None:
    issuer.scopes(token())
    for _ in range(50):
        with pytest.raises(NotAuthenticatedError, match="does not list"):
            issuer.scopes(token(OTHER_RSA, kid="three"))
    assert issuer.asked == 1


def test_the_issuer_takes_another_key(issuer: Issuer) -> None:
    issuer.scopes(token())
    issuer.keys = jwks(three=OTHER_RSA)
    issuer.now = 31
    assert issuer.scopes(token(OTHER_RSA, kid="three")) == {RECOMMEND}
    with pytest.raises(NotAuthenticatedError):
        issuer.scopes(token())


def test_keys_are_asked_for_again_in_time(issuer: Issuer) -> None:
    issuer.scopes(token())
    issuer.now = 3000
    issuer.scopes(token())
    assert issuer.asked == 1
    issuer.now = 3601
    issuer.scopes(token())
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "answer", [OSError("unreachable"), {}, {"keys": []}, {"keys": [{"kty": "odd"}]}, [], "text"]
)
def test_an_outage_keeps_the_last_keys(
    issuer: Issuer, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.scopes(token())
    issuer.keys = answer
    issuer.now = 3601
    assert issuer.scopes(token()) == {RECOMMEND}
    assert issuer.asked == 2
    assert "the last ones stay valid" in caplog.text
    issuer.keys = jwks(one=RSA)
    issuer.now = 3700
    assert issuer.scopes(token()) == {RECOMMEND}
    assert issuer.asked == 3


def test_an_issuer_that_never_answered() -> None:
    issuer = Issuer()
    issuer.keys = OSError("unreachable")
    for _ in range(5):
        with pytest.raises(NotAuthenticatedError):
            issuer.scopes(token())
    assert issuer.asked == 1


@contextmanager
def jwks_server(document: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with another_server(Handler) as address:
        yield f"{address}/keys"


def test_tokens_and_keys_side_by_side(capfd: pytest.CaptureFixture[str]) -> None:
    with jwks_server(jwks(one=RSA)) as address:
        settings = Settings(
            api_keys=DIGEST, jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks_url=address
        )
        good, weak, old = token(), token(scp="else"), token(exp=PAST)
        with serving(settings) as client:

            def ask(credential: str, path: str = "/recommend/users") -> int:
                return client.post(path, json=BODY, headers=bearer(credential)).status_code

            assert ask(KEY) == 200
            assert ask(good) == 200
            assert ask(weak) == 403
            assert ask(old) == 401
            assert ask(good, "/admin/models/similarity_model/reload") == 403
            assert ask(token(scp="admin"), "/admin/models/nothing/reload") == 404
    output = "".join(capfd.readouterr())
    assert '"status":403' in output
    for secret in (KEY, good, weak, old):
        assert secret not in output
        assert secret.split(".")[-1] not in output


def test_a_token_issuer_is_named_whole() -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(jwt_issuer=ISSUER)


def test_keys_are_long_and_differ() -> None:
    keys = {new_key()[0] for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) > 40 for key in keys)
    assert os.linesep not in "".join(keys)
