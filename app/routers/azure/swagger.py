"""`GET /swagger.json`: the scoring service described as the Azure ML server described it."""

from __future__ import annotations

from typing import Any

from turi_recommender import __version__

from ...examples import Examples
from ...http.openapi import TITLE
from ...models.loaded import LoadedModels


def swagger_document(version: str, example: dict[str, Any]) -> dict[str, Any] | None:
    """Return the document.

    Parameters
    ----------
    version : str
        Version of Swagger: "2", "3" or "3.1"; for others, None is returned.
    example : JSON object
        A record.
    """
    record = {"type": "object", "example": example}
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


def swagger_example(models: LoadedModels, examples: Examples) -> dict[str, Any]:
    """Return a record.

    Parameters
    ----------
    models : LoadedModels
        They name the column of users.
    examples : Examples
        Users to choose from.
    """
    return {models.user_column.name: next(iter(examples.users), None)}
