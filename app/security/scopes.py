"""What keys and tokens may allow, what a route asks for, and who a caller is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Scope = Literal["recommend", "admin"]

RECOMMEND: Scope = "recommend"
ADMIN: Scope = "admin"
_ALL = frozenset({RECOMMEND, ADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do.

    Attributes
    ----------
    name : str
        Short, the same at each request, and no secret: ``key:`` and the first 12 digits of the
        key's digest, or ``token:`` and 12 digits that stand for the issuer and the subject.
    scopes : frozenset of str
        What the key or token allows.
    """

    name: str
    scopes: frozenset[str]


def scopes_of(claims: dict[str, Any]) -> frozenset[str]:
    """Return the known scopes in a token's claims `scp` or `scope` (text) and `roles` (list).

    Source: RFC 8693, section 4.2 (`scope`); Microsoft Entra ID writes `scp` and `roles`.
    """
    named: set[str] = set()
    for claim in ("scp", "scope"):
        if isinstance(claims.get(claim), str):
            named |= set(claims[claim].split())
    if isinstance(claims.get("roles"), list):
        named |= {role for role in claims["roles"] if isinstance(role, str)}
    return frozenset(named & _ALL)
