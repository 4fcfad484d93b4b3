"""Bodies of requests, read strictly: forms for the protocol, JSON for the APIs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from labserver.domain.errors import Refusal
from labserver.oauth.wire import LabRequest
from labserver.web.errors import ApiError

DEEPEST_JSON = 64
_HEADERS = ("Authorization",)
"""The headers that the protocol reads."""
MOST_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"


def form_request() -> LabRequest:
    """The request to a protocol endpoint; raises `Refusal` unless its body is a form."""
    if request.mimetype not in (_FORM, ""):
        raise Refusal(
            "invalid_request",
            "The body must be a form: send it as application/x-www-form-urlencoded.",
        )
    return LabRequest(
        request.method,
        request.path,
        {name: request.headers[name] for name in _HEADERS if name in request.headers},
        _pairs(request.get_data()),
        _pairs(request.query_string),
    )


def parameters() -> list[tuple[str, str]]:
    """The parameters of a navigation: of the body with POST, else of the query (RFC 6749 §3.1).

    Raises `Refusal` for what cannot be decoded.
    """
    if request.method != "POST":
        return _pairs(request.query_string)
    return _pairs(request.get_data()) if request.mimetype == _FORM else []


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The name-value pairs in a form or query, in UTF-8 without any mending."""
    try:
        text = encoded.decode("utf-8")
        return parse_qsl(text, True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise Refusal("invalid_request", "A parameter is not UTF-8.") from error
    except ValueError as error:
        raise Refusal("invalid_request", "The request contained too many parameters.") from error


def json_body() -> dict[str, Any]:
    """The JSON object in the body; raises `ApiError` E0000003 for anything else."""
    if request.mimetype != "application/json":
        raise ApiError("E0000021", causes=["Send the body as application/json."])
    try:
        document = json.loads(request.get_data().decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError("E0000003") from error
    if not isinstance(document, dict) or not _sound(document, DEEPEST_JSON):
        raise ApiError("E0000003")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _sound(value: object, depth: int) -> bool:
    """Whether a value is not too deep, its texts can be stored, its numbers are finite."""
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_sound(key, 1) and _sound(each, depth - 1) for key, each in value.items())
    if isinstance(value, list):
        return all(_sound(each, depth - 1) for each in value)
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, float | int) or abs(value) < 1e18
