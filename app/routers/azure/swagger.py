"""`GET /swagger.json`: the scoring service described as the Azure ML server described it."""

from __future__ import annotations

from typing import Any

from turi_recommender import __version__

from ...http.openapi import TITLE
from ...models.loaded import LoadedModels


def swagger_document(version: str, models: LoadedModels) -> dict[str, Any] | None:
    """Return the document.

    Parameters
    ----------
    version : str
        Version of Swagger: "2", "3" or "3.1"; for others, None is returned.
    models : LoadedModels
        The example is made from them.
    """
    record = {"type": "object", "example": _example(models)}
    payload = {"type": "array", "items": record}
    answer = {"type": "string", "description": "A JSON array of rows, as a string"}
    info = {"title": TITLE, "version": __version__}
    if version in {"2", "2.0"}:
        return _swagger_2(info, payload, answer)
    if version in {"3", "3.0", "3.1"}:
        return _openapi_3("3.1.0" if version == "3.1" else "3.0.3", info, payload, answer)
    return None


def _swagger_2(info: Any, payload: Any, answer: Any) -> dict[str, Any]:
    body = {"name": "payload", "in": "body", "required": True, "schema": payload}
    operation = {
        "operationId": "RunMLService",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "parameters": [body],
        "responses": {"200": {"description": "The rows", "schema": answer}},
    }
    return {"swagger": "2.0", "info": info, "paths": {"/score": {"post": operation}}}


def _openapi_3(version: str, info: Any, payload: Any, answer: Any) -> dict[str, Any]:
    operation = {
        "operationId": "RunMLService",
        "requestBody": {"required": True, "content": {"application/json": {"schema": payload}}},
        "responses": {
            "200": {"description": "The rows", "content": {"application/json": {"schema": answer}}}
        },
    }
    return {"openapi": version, "info": info, "paths": {"/score": {"post": operation}}}


def _example(models: LoadedModels) -> dict[str, Any]:
    column = models.user_column
    return {column.name: next(iter(column.sample(1)), None)}
