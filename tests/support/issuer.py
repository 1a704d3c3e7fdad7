"""An issuer of tokens, for tests: keys, their JWKS on a local server, and tokens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_curve_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.settings import Settings

ISSUER, AUDIENCE = "https://issuer.example/", "api://recommender"
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey


class IssuerKey:
    """A private key with a name."""

    def __init__(self, name: str, key: PrivateKey) -> None:
        self.name = name
        self.private = key

    @property
    def public(self) -> dict[str, Any]:
        """The key as the issuer lists it."""
        if isinstance(self.private, RSAPrivateKey):
            described = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            described = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**described, "kid": self.name, "use": "sig"}

    @property
    def pem(self) -> bytes:
        """The public key as text."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def token(
        self, header: dict[str, Any] | None = None, without: str = "", **claims: object
    ) -> str:
        """Sign a token that is valid, but for what is given.

        Parameters
        ----------
        header : dict, optional
            Replaces what the header would say, ``alg`` too.
        without : str
            A claim to leave out.
        **claims
            Replace the claims of a valid token.
        """
        given = header or {}
        default = "RS256" if isinstance(self.private, RSAPrivateKey) else "ES256"
        algorithm = str(given.get("alg", default))
        now = int(time.time())
        all_claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": now + 600,
            "iat": now,
            "scp": "recommend",
            **claims,
        }
        all_claims.pop(without, None)
        return jwt.encode(
            all_claims, self.private, algorithm=algorithm, headers={"kid": self.name, **given}
        )


def rsa_key(name: str) -> IssuerKey:
    return IssuerKey(name, new_rsa_key(65537, 2048))


def curve_key(name: str) -> IssuerKey:
    return IssuerKey(name, new_curve_key(SECP256R1()))


def jwks(*keys: IssuerKey) -> dict[str, Any]:
    return {"keys": [key.public for key in keys]}


def issuer_settings(address: str, **more: Any) -> Settings:
    """Return settings that trust the issuer whose keys are listed at an address."""
    return Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks_url=address, **more)


@contextmanager
def issuer(
    answer: Callable[[BaseHTTPRequestHandler], None],
) -> Iterator[tuple[str, list[str]]]:
    """Serve whatever a function writes; yield the address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            try:
                answer(self)
            except OSError:  # the client has gone
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def lists(*keys: IssuerKey) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return an answer that lists keys."""
    return lambda handler: send(handler, json.dumps(jwks(*keys)).encode())
