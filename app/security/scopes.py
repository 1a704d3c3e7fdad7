"""What keys and tokens may allow, and what a route asks for."""

from __future__ import annotations

from typing import Any, Literal

Scope = Literal["recommend", "admin"]

RECOMMEND: Scope = "recommend"
ADMIN: Scope = "admin"
_ALL = frozenset({RECOMMEND, ADMIN})


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
