"""What a route declares about itself: who may ask, and how the entrance treats its requests.

A route's endpoint carries its declaration (`declare`); a route without one needs a key with the
scope ``recommend``, and so does a path that no route has. Nothing else decides about access: no
prefix of a path, and no order of routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from re import Pattern
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from ..security.scopes import ADMIN as ADMIN_SCOPE
from ..security.scopes import RECOMMEND as RECOMMEND_SCOPE
from ..security.scopes import Scope as SecurityScope
from .identity import Identity, identify
from .problems import problem_of

_ATTRIBUTE = "__declaration__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a route declares.

    Attributes
    ----------
    scope : {"recommend", "admin"} or None
        What a key must allow; None makes the route public.
    is_probe : bool
        Whether requests pass the entrance unseen: they are not counted, not logged, never refused.
    takes_place : bool
        Whether requests are refused while too many others are being answered.
    for_people : bool
        Whether a browser may ask a person for the key, and send it as a password (Basic).
    identify : callable
        Takes a request's ASGI scope, and returns its id with the headers that carry it.
    render : callable
        Takes an error and the request's path, and returns the answer.
    """

    scope: SecurityScope | None = RECOMMEND_SCOPE
    is_probe: bool = False
    takes_place: bool = True
    for_people: bool = False
    identify: Callable[[Scope], Identity] = identify
    render: Callable[[Exception, str], Response] = problem_of


RECOMMEND = Declaration()
ADMIN = Declaration(scope=ADMIN_SCOPE)
PUBLIC = Declaration(scope=None)
PROBE = Declaration(scope=None, is_probe=True, takes_place=False)


def by_switch(switch: str, declaration: Declaration = RECOMMEND) -> Declaration:
    """Return a declaration that is public where a setting says ``open``.

    Parameters
    ----------
    switch : {"open", "auth", "off"}
        Value of the setting, such as `DOCS`.
    declaration : Declaration
        What the route declares otherwise.
    """
    return replace(declaration, scope=None if switch == "open" else RECOMMEND_SCOPE)


def declare(declaration: Declaration) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that attaches a declaration to an endpoint."""

    def attach(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, declaration)
        return endpoint

    return attach


def declaration_of(route: BaseRoute) -> Declaration:
    """Return what a route declares, or the default."""
    found: Declaration = getattr(getattr(route, "endpoint", None), _ATTRIBUTE, RECOMMEND)
    return found


class Declarations:
    """The declarations of all routes, by path.

    Parameters
    ----------
    routes : iterable of routes
        In the order in which the framework tries them.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._exact: dict[str, Declaration] = {}
        self._patterns: list[tuple[Pattern[str], Declaration]] = []
        for route in routes:
            if isinstance(route, APIRoute) and "{" in route.path:
                self._patterns.append((route.path_regex, declaration_of(route)))
            elif isinstance(route, APIRoute):
                self._exact.setdefault(route.path, declaration_of(route))

    def find(self, path: str) -> Declaration:
        """Return the declaration of the route that answers a path; the default where none does."""
        found = self._exact.get(path)
        if found is not None:
            return found
        for pattern, declaration in self._patterns:
            if pattern.match(path):
                return declaration
        return RECOMMEND
