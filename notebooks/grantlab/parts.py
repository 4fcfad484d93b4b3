"""The labelled parts of a message: each value with its name and the place where it stood."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from grantlab.masking import (
    SECRET_FORM_NAMES,
    SECRET_HEADERS,
    SECRET_NAMES,
    Headers,
    holds_secret_member,
    is_form,
    is_secret_member,
    json_document,
)
from grantlab.reading import split_url

# The last three are for what stands around the named values, or inside them.
Place = Literal["query", "fragment", "form", "json", "header", "location", "line", "body", "claim"]

# Cookies of the notebook server. They are not the lab's, so no recording ever holds them.
_FOREIGN_COOKIE = re.compile(r"_xsrf|username-.*|jupyterhub-.*", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One named value of a message, where it stood, and whether it opens a door."""

    name: str
    value: str
    place: Place
    secret: bool


def fields_of_pairs(pairs: Iterable[tuple[str, str]], place: Place) -> tuple[Field, ...]:
    """The pairs as fields, in their order; repeated names stay repeated."""
    secret = SECRET_FORM_NAMES if place == "form" else SECRET_NAMES
    return tuple(Field(name, value, place, name in secret) for name, value in pairs)


def fields_of_headers(headers: Headers) -> tuple[Field, ...]:
    """The headers as fields; credentials and cookies are marked as secret."""
    return tuple(Field(name, value, "header", name in SECRET_HEADERS) for name, value in headers)


def fields_of_url(url: str) -> tuple[Field, ...]:
    """The parameters of a URL: those of its query, then those of its fragment."""
    split = split_url(url)
    return (
        *fields_of_pairs(parse_qsl(split.query, keep_blank_values=True), "query"),
        *fields_of_pairs(parse_qsl(split.fragment, keep_blank_values=True), "fragment"),
    )


def fields_of_location(url: str) -> tuple[Field, ...]:
    """The parameters that a `Location` header carries to the next stop."""
    return tuple(
        Field(part.name, part.value, "location", part.secret) for part in fields_of_url(url)
    )


def fields_of_body(content_type: str, body: str) -> tuple[Field, ...]:
    """Form parameters or the members of a JSON object; nothing for any other body.

    A nested JSON value appears as compact JSON text.
    """
    if is_form(content_type):
        return fields_of_pairs(parse_qsl(body, keep_blank_values=True), "form")
    document = json_document(content_type, body) if content_type.endswith("json") else None
    if not isinstance(document, dict):
        return ()
    return tuple(
        Field(name, _as_text(value), "json", _is_secret(document, name, value))
        for name, value in document.items()
    )


def content_type_of(headers: Headers) -> str:
    """The media type of a message without its parameters; empty when there is none."""
    return dict(headers).get("content-type", "").partition(";")[0].strip().lower()


def without_foreign_cookies(headers: Headers) -> Headers:
    """The headers without the notebook server's own cookies."""
    kept: list[tuple[str, str]] = []
    for name, value in headers:
        if name == "cookie":
            cookies = [part for part in value.split("; ") if not _is_foreign(part)]
            if cookies:
                kept.append((name, "; ".join(cookies)))
        elif name != "set-cookie" or not _is_foreign(value):
            kept.append((name, value))
    return tuple(kept)


def _is_secret(document: dict[str, Any], name: str, value: Any) -> bool:
    return (bool(value) and is_secret_member(document, name)) or holds_secret_member(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_foreign(cookie: str) -> bool:
    return _FOREIGN_COOKIE.fullmatch(cookie.partition("=")[0].strip()) is not None
