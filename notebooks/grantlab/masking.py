"""What opens doors in a message, and the same message without it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlencode, urlunsplit

from grantlab.reading import TooDeep, read_json, split_url

Headers = tuple[tuple[str, str], ...]

MASK = "[left out]"

SECRET_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "dpop"),
        *("x-api-key", "x-auth-token", "x-gateway-secret"),
    }
)

SECRET_NAMES = frozenset(
    {
        *("access_token", "refresh_token", "id_token", "id_token_hint", "token", "device_secret"),
        *("code", "code_verifier", "device_code", "user_code", "verification_uri_complete"),
        *("client_secret", "client_assertion", "assertion", "subject_token", "actor_token"),
        *("request", "password", "newPassword", "oldPassword", "tempPassword", "private_key"),
        *("sessionToken", "stateToken", "recoveryToken", "activationToken", "cookieToken"),
        *("recoveryUrl", "resetPasswordUrl", "activationUrl", "unlockUrl", "sharedSecret"),
        *("form_token", "csrf_token", "passCode", "answer", "registration_access_token"),
    }
)

# The fields of the pages on which a person chooses a password.
SECRET_FORM_NAMES = SECRET_NAMES | {"new", "again", "old", "answer"}

PRIVATE_KEY_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})

_NAMES = "|".join(sorted(SECRET_NAMES, key=len, reverse=True))
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*){1,3}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|\Z)")
_INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(\b(name|value)\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)

# In any text: a link's parameter, the same inside a parameter of another link, a script's or a
# document's member, and the addresses that are themselves the key.
_IN_TEXT = (
    re.compile(rf"((?:^|[?&;#]|\\u0026)(?:{_NAMES})=)([^&;#\s\"'<>\\]+)"),
    re.compile(
        rf"((?:%3F|%26|%23)(?:{_NAMES})%3D)((?:(?!%26|%23)[^&;#\s\"'<>\\])+)", re.IGNORECASE
    ),
    re.compile(rf"(\\?[\"']?\b(?:{_NAMES})\\?[\"']?\s*[:=]\s*\\?[\"'])([^\"'\\]+)"),
    re.compile(r"(/(?:welcome|reset-password|signin/unlock|qr)/)([^/?#&\s\"'<>\\]{8,})"),
    re.compile(r"(\b(?:Bearer|DPoP|SSWS|Basic) )(?=[\w.~+/=-]*[A-Z0-9])([\w.~+/=-]{8,})"),
)


def is_form(content_type: str) -> bool:
    """The body is a form as HTML sends it."""
    return content_type == "application/x-www-form-urlencoded"


def is_secret_member(document: dict[str, Any], name: str) -> bool:
    """A member of a JSON object that opens a door: by its name, or as half of a private key."""
    return name in SECRET_NAMES or ("kty" in document and name in PRIVATE_KEY_MEMBERS)


def json_document(content_type: str, body: str) -> Any:
    """The JSON body read, `MASK` when it is too deep to look into, None for another body."""
    if not (content_type.endswith("json") or body.lstrip().startswith(("{", "["))):
        return None
    try:
        return read_json(body)
    except TooDeep:
        return MASK
    except ValueError:
        return None


def masked_url(url: str) -> str:
    """The URL with the values of secret parameters, and any user name and password, left out."""
    split = split_url(url)
    host = split.netloc.rpartition("@")[2]
    query, fragment = (_masked_pairs(part, SECRET_NAMES) for part in (split.query, split.fragment))
    return urlunsplit((split.scheme, host, split.path, query, fragment))


def masked_headers(headers: Headers) -> Headers:
    """The headers with credentials and cookie values left out; schemes and names stay."""
    return tuple((name, _masked_header(name, value)) for name, value in headers)


def masked_body(content_type: str, body: str) -> str:
    """The body with secret form parameters, JSON members and page fields left out.

    JSON of more than 100 levels is left out as a whole.
    """
    if is_form(content_type):
        return _masked_pairs(body, SECRET_FORM_NAMES)
    document = json_document(content_type, body)
    if document is not None:
        return json.dumps(_masked_json(document), ensure_ascii=False)
    return _INPUT.sub(_masked_input, body)


def holds_secrets(content_type: str, body: str) -> bool:
    """Something in the body would be left out of a saved recording."""
    document = None if is_form(content_type) else json_document(content_type, body)
    plain = body if document is None else json.dumps(document, ensure_ascii=False)
    masked = masked_body(content_type, body)
    return masked != plain or masked_text(masked, ()) != masked


def masked_text(text: str, secrets: Iterable[str]) -> str:
    """The text without any of these values and without anything that looks like a credential."""
    return leave_out(secrets)(text)


def leave_out(secrets: Iterable[str]) -> Callable[[str], str]:
    """What masks a text as `masked_text` does, ready for many texts.

    Longest first, so that a secret inside a longer one leaves no remainder.
    """
    forms = sorted({form for each in secrets for form in _spellings(each)}, key=len, reverse=True)
    known = re.compile("|".join(re.escape(form) for form in forms)) if forms else None

    def masked(text: str) -> str:
        text = known.sub(MASK, text) if known else text
        text = _PEM.sub(MASK, _JWT.sub(MASK, text))
        for pattern in _IN_TEXT:
            text = pattern.sub(_without_value, text)
        return text

    return masked


def secrets_of(url: str, headers: Headers, body: str, content_type: str) -> Iterator[str]:
    """Every value of a message that must be seen nowhere, as far as it can be told from words."""
    found = set(_values(url, headers, body, content_type))
    # What was written for a page, a link, or a link inside a link, may stand elsewhere as it is.
    for read in (html.unescape, unquote, unquote_plus, unquote):
        found |= {read(each) for each in found}
    for value in found:
        word = len(value) < 8 and value.isalpha() and value.islower()
        if len(value) >= 6 and not word and MASK not in value:
            yield value


def _values(url: str, headers: Headers, body: str, content_type: str) -> Iterator[str]:
    yield from _of_url(url)
    for name, value in headers:
        yield from _of_header(name, value)
    if is_form(content_type):
        yield from (value for name, value in _pairs(body) if name in SECRET_FORM_NAMES)
    document = None if is_form(content_type) else json_document(content_type, body)
    if document is not None:
        yield from _inside(document)
    else:
        yield from _of_inputs(body)
    yield from _in_text(body)


def _of_url(url: str) -> Iterator[str]:
    split = split_url(url)
    yield from split.netloc.rpartition("@")[0].split(":")
    for part in (split.query, split.fragment):
        yield from (value for name, value in _pairs(part) if name in SECRET_NAMES)
    yield from _in_text(url)


def _of_header(name: str, value: str) -> Iterator[str]:
    if name == "set-cookie":
        yield value.partition(";")[0].partition("=")[2]
    elif name == "cookie":
        yield from (part.partition("=")[2] for part in value.split("; "))
    elif name in SECRET_HEADERS:
        credentials = value.partition(" ")[2] if name.endswith("authorization") else ""
        yield credentials or value
        if value.startswith("Basic "):
            yield _decoded(credentials).partition(":")[2]
    elif name in ("location", "referer"):
        yield from _of_url(value)
    else:
        yield from _in_text(value)


def _of_inputs(page: str) -> Iterator[str]:
    for field in _INPUT.findall(page):
        attributes = {
            name.lower(): html.unescape(value.strip("\"'"))
            for _, name, value in _ATTRIBUTE.findall(field)
        }
        if attributes.get("name") in SECRET_FORM_NAMES:
            yield attributes.get("value", "")


def _in_text(text: str) -> Iterator[str]:
    for pattern in _IN_TEXT:
        yield from (found[2] for found in pattern.finditer(text))


def _inside(value: Any, secret: bool = False) -> Iterator[str]:
    """The texts of secret members, wherever they are and whatever is in them."""
    if isinstance(value, list):
        for item in value:
            yield from _inside(item, secret)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _inside(item, secret or is_secret_member(value, name))
    elif secret and isinstance(value, (str, int)) and not isinstance(value, bool):
        yield str(value)


def holds_secret_member(value: Any) -> bool:
    """Somewhere in the JSON value is a member that opens a door."""
    return next(_inside(value), None) is not None


def _spellings(value: str) -> set[str]:
    """A value as forms, links, pages, documents and header lines write it."""
    encoded = {quote(value, safe=""), quote(value), quote_plus(value)}
    twice = {quote(form, safe="") for form in encoded}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda each: each[0].lower(), form) for form in encoded}
    written = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {value, html.escape(value), *encoded, *twice, *lower, *written} - {""}


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}"


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _masked_pairs(text: str, names: frozenset[str]) -> str:
    pairs = _pairs(text)
    if not any(name in names for name, _ in pairs):
        return text
    return urlencode([(name, MASK if name in names else value) for name, value in pairs])


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


def _masked_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: MASK if item and is_secret_member(value, name) else _masked_json(item)
        for name, item in value.items()
    }


def _masked_input(found: re.Match[str]) -> str:
    def without(attribute: re.Match[str]) -> str:
        return f'{attribute[1]}"{MASK}"' if attribute[2].lower() == "value" else attribute[0]

    return _ATTRIBUTE.sub(without, found[0])


def _decoded(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode()
    except ValueError:
        return ""
