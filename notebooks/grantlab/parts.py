"""The labelled parts of a message, and the same message with its secrets left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlunsplit

from grantlab.reading import TooDeep, read_json, split_url

Headers = tuple[tuple[str, str], ...]
# The last three are for what stands around the named values, or inside them.
Place = Literal["query", "fragment", "form", "json", "header", "location", "line", "body", "claim"]

MASK = "[left out]"

SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "dpop"}

SECRET_NAMES = {
    *("access_token", "refresh_token", "id_token", "id_token_hint", "token", "device_secret"),
    *("code", "code_verifier", "device_code", "user_code"),
    *("client_secret", "client_assertion", "assertion", "subject_token", "actor_token", "request"),
    *("password", "sessionToken", "stateToken", "recoveryToken", "activationToken"),
    *("form_token", "csrf_token", "passCode", "answer", "registration_access_token"),
}

PRIVATE_KEY_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}

# Cookies of the notebook server. They are not the lab's, so no recording ever holds them.
_FOREIGN_COOKIE = re.compile(r"_xsrf|username-.*|jupyterhub-.*", re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_INPUT_VALUE = re.compile(r"(<input\b[^>]*?\bvalue\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One named value of a message, where it stood, and whether it opens a door."""

    name: str
    value: str
    place: Place
    secret: bool


def fields_of_pairs(pairs: Iterable[tuple[str, str]], place: Place) -> tuple[Field, ...]:
    """The pairs as fields, in their order; repeated names stay repeated."""
    return tuple(Field(name, value, place, name in SECRET_NAMES) for name, value in pairs)


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
    if _is_form(content_type):
        return fields_of_pairs(parse_qsl(body, keep_blank_values=True), "form")
    document = _json_of(content_type, body)
    if not isinstance(document, dict):
        return ()
    return tuple(
        Field(name, _as_text(value), "json", name in SECRET_NAMES or _holds_secret(value))
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


def secret_values(fields: Iterable[Field]) -> Iterator[str]:
    """Every value that must not be seen anywhere, long enough to be told from plain words."""
    for field in fields:
        values = [field.value]
        if field.place == "header":
            values = _credentials(field)
        elif field.place == "json" and field.name not in SECRET_NAMES:
            values = list(_secrets_inside(json.loads(field.value)))
        yield from (value for value in values if len(value) >= 6)


def masked_url(url: str) -> str:
    """The URL with the values of secret parameters, and any user name and password, left out."""
    split = split_url(url)
    host = split.netloc.rpartition("@")[2]
    return urlunsplit(
        (split.scheme, host, split.path, _masked_form(split.query), _masked_form(split.fragment))
    )


def masked_headers(headers: Headers) -> Headers:
    """The headers with credentials and cookie values left out; schemes and names stay."""
    return tuple((name, _masked_header(name, value)) for name, value in headers)


def masked_body(content_type: str, body: str) -> str:
    """The body with secret form parameters, JSON members and page fields left out.

    JSON of more than 100 levels is left out as a whole.
    """
    if _is_form(content_type):
        return _masked_form(body)
    document = _json_of(content_type, body)
    if document is not None:
        return json.dumps(_masked_json(document), ensure_ascii=False)
    return _INPUT_VALUE.sub(lambda found: f'{found[1]}"{MASK}"', body)


def holds_secrets(content_type: str, body: str) -> bool:
    """Something in the body would be left out of a saved recording."""
    document = _json_of(content_type, body)
    plain = body if document is None else json.dumps(document, ensure_ascii=False)
    return masked_body(content_type, body) != plain or _JWT.search(body) is not None


def masked_text(text: str, secrets: Iterable[str]) -> str:
    """The text without any of these values and without anything shaped like a JWT.

    Longest first, so that a secret inside a longer one leaves no remainder.
    """
    forms = {
        form for value in secrets for form in (value, quote(value, safe=""), quote_plus(value))
    }
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return _JWT.sub(MASK, text)


def _credentials(field: Field) -> list[str]:
    if field.name == "set-cookie":
        return [field.value.partition(";")[0].partition("=")[2]]
    if field.name == "cookie":
        return [part.partition("=")[2] for part in field.value.split("; ")]
    return [field.value.rpartition(" ")[2]]


def _is_form(content_type: str) -> bool:
    return content_type == "application/x-www-form-urlencoded"


def _json_of(content_type: str, body: str) -> Any:
    if not (content_type.endswith("json") and body):
        return None
    try:
        return read_json(body)
    except TooDeep:
        return MASK
    except ValueError:
        return None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_foreign(cookie: str) -> bool:
    return _FOREIGN_COOKIE.fullmatch(cookie.partition("=")[0].strip()) is not None


def _masked_form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(name in SECRET_NAMES for name, _ in pairs):
        return text
    return urlencode([(name, MASK if name in SECRET_NAMES else value) for name, value in pairs])


def _masked_header(name: str, value: str) -> str:
    if name in ("location", "referer"):
        return masked_url(value)
    if name == "cookie":
        return "; ".join(f"{part.partition('=')[0]}={MASK}" for part in value.split("; "))
    if name == "set-cookie":
        cookie, separator, attributes = value.partition(";")
        return f"{cookie.partition('=')[0]}={MASK}{separator}{attributes}"
    if name in ("authorization", "proxy-authorization"):
        return f"{value.partition(' ')[0]} {MASK}" if " " in value else MASK
    return MASK if name in SECRET_HEADERS else value


def _secret_members(document: dict[str, Any]) -> set[str]:
    key = PRIVATE_KEY_MEMBERS if "kty" in document else set()
    return (SECRET_NAMES | key) & document.keys()


def _masked_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    secret = _secret_members(value)
    return {name: MASK if name in secret else _masked_json(item) for name, item in value.items()}


def _secrets_inside(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secrets_inside(item)
    elif isinstance(value, dict):
        secret = _secret_members(value)
        for name, item in value.items():
            if name in secret and isinstance(item, str):
                yield item
            else:
                yield from _secrets_inside(item)


def _holds_secret(value: Any) -> bool:
    return next(_secrets_inside(value), None) is not None
