"""An exchange to be sent again: as a Python cell with httpx, or as a curl command.

Secrets are left out unless they are asked for. In their place stands a name, which is filled
in above the request: the copy may be shown to anybody and still says where each secret goes.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlunsplit

from grantlab.masking import (
    MASK,
    SECRET_FORM_NAMES,
    SECRET_HEADERS,
    SECRET_NAMES,
    Headers,
    is_form,
    is_secret_member,
    masked_body,
    masked_text,
)
from grantlab.parts import content_type_of
from grantlab.reading import read_json, split_url
from grantlab.recording import NOT_TEXT, Exchange

# The client adds these itself, or they belong to the one connection they came over.
_OF_THE_CLIENT = frozenset(
    {
        *("host", "content-length", "connection", "accept-encoding", "transfer-encoding"),
        *("keep-alive", "te", "upgrade"),
    }
)
_PLAIN = {("accept", "*/*")}
_OUR_CLIENTS = re.compile(r"python-httpx|grantlab|curl/")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_HEADER_VALUE = re.compile(r"[\r\n\0]")
# Two characters of no language frame the name of a secret inside a text.
_HOLE = re.compile("\ue0a0([A-Z0-9_]+)\ue0a1")
_SCHEMES = {"bearer": "access_token", "dpop": "access_token", "ssws": "api_token"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_FORM = "application/x-www-form-urlencoded"
_FILL_IN = "Left out, for it is secret: fill it in."


def as_python(exchange: Exchange, *, secrets: bool = False) -> str:
    """A cell that sends the request again with httpx; with `secrets` it runs as it stands."""
    sent = _Sent.of(exchange, _Holes(secrets))
    method = sent.method.upper()
    usual = method in _WITH_BODY or (method in _WITHOUT_BODY and not sent.has_body)
    call = f"httpx.{method.lower()}(" if usual else f"httpx.request({_python(sent.method)}, "
    # httpx puts parameters of one name together; those that stand apart stay in the address.
    named = bool(sent.query) and len(dict(sent.query)) == len(sent.query)
    arguments = [_python(sent.url if named else sent.full_url)]
    if named:
        arguments.append(f"params={_pairs(sent.query)}")
    if sent.user is not None:
        arguments.append(f"auth=({_python(sent.user[0])}, {_python(sent.user[1])})")
    if sent.headers:
        arguments.append(f"headers={_pairs(sent.headers, _header_value)}")
    arguments += _body_arguments(sent)
    lines = ["import httpx", ""]
    if names := sent.missing:
        lines += [f"# {_FILL_IN}", *(f'{name} = ""' for name in names), ""]
    lines.append(f"answer = {call}{_spread(arguments)})")
    return "\n".join([*lines, "print(answer.status_code, answer.text)"])


def as_curl(exchange: Exchange, *, secrets: bool = False) -> str:
    """A command for a POSIX shell that sends the request again."""
    sent = _Sent.of(exchange, _Holes(secrets))
    words = [["--request", sent.method], ["--url", sent.full_url]]
    if re.search(r"[\[\]{}]", sent.full_url):
        words.append(["--globoff"])
    if sent.user is not None:
        words.append(["--user", ":".join(sent.user)])
    words += [["--header", f"{name}: {value}" if value else f"{name};"]
              for name, value in sent.headers]  # fmt: skip
    words += _body_words(sent)
    lines = [" ".join(_shell(word) for word in option) for option in words]
    command = " \\\n  ".join(["curl --silent --show-error --include", *lines])
    asked = [f"{name}=''" for name in sent.missing]
    return "\n".join([f"# {_FILL_IN}", *asked, command] if asked else [command])


@dataclass
class _Holes:
    """Which secrets were left out, under which name; a name given twice gets a number."""

    reveal: bool
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, name: str, value: str) -> str:
        """The value, or a hole with its name. What a file left out is a hole in any case."""
        if not value or (self.reveal and MASK not in value):
            return value
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        wanted = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_") or "SECRET"
        if wanted[0].isdigit():
            wanted = f"SECRET_{wanted}"
        if (wanted, value) not in self.names:
            count = sum(known == wanted for known, _ in self.names)
            self.names[wanted, value] = f"{wanted}_{count + 1}" if count else wanted
        return f"\ue0a0{self.names[wanted, value]}\ue0a1"

    def of(self, name: str, value: str, names: frozenset[str] = SECRET_NAMES) -> str:
        """The same for a parameter, which may be no secret."""
        return self(name, value) if name in names or value == MASK else value


@dataclass(frozen=True)
class _Sent:
    """A request with holes where its secrets were."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    raw_query: str
    user: tuple[str, str] | None
    headers: Headers
    form: tuple[tuple[str, str], ...] | None
    document: Any
    body: str

    @classmethod
    def of(cls, exchange: Exchange, hole: _Holes) -> _Sent:
        user, headers = _headers(exchange.request_headers, hole)
        form, document, body = _body(exchange, hole)
        if form is not None or document is not None:
            implied = _FORM if form is not None else "application/json"
            headers = tuple(pair for pair in headers if pair != ("content-type", implied))
        url, query, raw = _address(exchange.url, hole)
        method = exchange.method if _TOKEN.fullmatch(exchange.method) else "GET"
        return cls(method, url, query, raw, user, headers, form, document, body)

    @property
    def full_url(self) -> str:
        return f"{self.url}?{self.raw_query}" if self.raw_query else self.url

    @property
    def has_body(self) -> bool:
        return bool(self.form or self.document is not None or self.body)

    @property
    def missing(self) -> list[str]:
        """The names of the holes, in the order in which they appear."""
        texts = [text for pair in (*self.query, *self.headers, *(self.form or ())) for text in pair]
        written = (self.url, self.raw_query, *(self.user or ()), *texts, self.body)
        return list(dict.fromkeys(name for text in written for name in _HOLE.findall(text)))


def _address(url: str, hole: _Holes) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """Address, parameters and query; a fragment never leaves the browser."""
    split = split_url(url)
    host = split.netloc.rpartition("@")[2]
    address = urlunsplit((split.scheme, host, split.path, "", ""))
    given = parse_qsl(split.query, keep_blank_values=True)
    pairs = tuple((name, hole.of(name, value)) for name, value in given)
    if _is_lossy(given) or not pairs:
        return address, (), split.query
    if list(pairs) == given:
        return address, pairs, split.query
    return address, pairs, "&".join(f"{quote(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(value: str) -> str:
    """Percent-encoded, but for the holes."""
    return _in_pieces(value, lambda text: quote(text, safe=""), lambda name: f"\ue0a0{name}\ue0a1")


def _headers(headers: Headers, hole: _Holes) -> tuple[tuple[str, str] | None, Headers]:
    user, kept = None, []
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or _NO_HEADER_VALUE.search(value):
            continue
        if name in _OF_THE_CLIENT or (name, value) in _PLAIN:
            continue
        if name == "user-agent" and _OUR_CLIENTS.match(value):
            continue
        credentials = _user_of(value) if name == "authorization" and user is None else None
        if credentials:
            user = (credentials[0], hole("client_secret", credentials[1]))
        else:
            kept.append((name, _header(name, value, hole)))
    return user, tuple(kept)


def _user_of(value: str) -> tuple[str, str] | None:
    scheme, _, encoded = value.partition(" ")
    if scheme != "Basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    written = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return (name, secret) if colon and written == encoded else None


def _header(name: str, value: str, hole: _Holes) -> str:
    if name not in SECRET_HEADERS:
        return value
    if name == "cookie":
        cookies = (part.partition("=") for part in value.split("; "))
        return "; ".join(
            f"{cookie}={hole(f'cookie_{cookie}', inside)}" for cookie, _, inside in cookies
        )
    scheme, space, credentials = value.partition(" ")
    if name in ("authorization", "proxy-authorization") and space:
        return f"{scheme} {hole(_SCHEMES.get(scheme.lower(), 'credentials'), credentials)}"
    return hole("dpop_proof" if name == "dpop" else name, value)


def _body(exchange: Exchange, hole: _Holes) -> tuple[tuple[tuple[str, str], ...] | None, Any, str]:
    """The body as a form, as a JSON document, and as text; the first that fits is used."""
    kind, body = content_type_of(exchange.request_headers), exchange.request_body
    if NOT_TEXT.fullmatch(body):
        return None, None, ""
    if is_form(kind):
        given = parse_qsl(body, keep_blank_values=True)
        if given and not _is_lossy(given):
            pairs = tuple((name, hole.of(name, value, SECRET_FORM_NAMES)) for name, value in given)
            return pairs, None, ""
    elif kind.endswith("json") and (document := _document(body)) is not None:
        opened = _opened(document, hole)
        text = body if opened == document else json.dumps(opened, ensure_ascii=False)
        return None, opened, text
    return None, None, body if hole.reveal else masked_text(masked_body(kind, body), ())


def _document(body: str) -> Any:
    """A JSON object or list that Python writes as it came; None for any other text."""
    if not body.lstrip().startswith(("{", "[")):
        return None
    try:
        read_json(body)
        document = json.loads(body, object_pairs_hook=_once, parse_float=_exact)
        json.dumps(document, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member came twice")
    return dict(pairs)


def _exact(digits: str) -> float:
    if repr(float(digits)) != digits:
        raise ValueError("Python writes this number in another way")
    return float(digits)


def _opened(value: Any, hole: _Holes, name: str = "secret", inside: bool = False) -> Any:
    """The document with holes; a secret member's whole inside is secret."""
    if isinstance(value, list):
        return [_opened(item, hole, name, inside) for item in value]
    if isinstance(value, dict):
        return {
            member: _opened(item, hole, member, inside or is_secret_member(value, member))
            for member, item in value.items()
        }
    if isinstance(value, str) and (inside or value == MASK):
        return hole(name, value)
    return value


def _is_lossy(pairs: Iterable[tuple[str, str]]) -> bool:
    """Something there was no text, so that it can't be written again from what was read."""
    return any("\ufffd" in text for pair in pairs for text in pair)


# Python


def _body_arguments(sent: _Sent) -> list[str]:
    if sent.form is not None:
        if len({name for name, _ in sent.form}) == len(sent.form):
            return [f"data={_pairs(sent.form)}"]
        # httpx sorts repeated names together; as one text they keep their order.
        words = "&".join(f"{quote(name)}={_quoted(value)}" for name, value in sent.form)
        return [f"headers={_pairs((*sent.headers, ('content-type', _FORM)), _header_value)}",
                f"content={_python(words)}"]  # fmt: skip
    if sent.document is not None:
        return [f"json={_value(sent.document, 1)}"]
    return [f"content={_python(sent.body)}"] if sent.body else []


def _spread(arguments: list[str]) -> str:
    # A later headers= holds all that an earlier one has.
    named = {each.partition("=")[0] if at else "": each for at, each in enumerate(arguments)}
    if len(named) == 1:
        return next(iter(named.values()))
    return "\n" + "".join(f"    {argument},\n" for argument in named.values())


def _pairs(pairs: Iterable[tuple[str, str]], write: Callable[[str], str] | None = None) -> str:
    """A dict display, or a list of pairs where a name comes twice."""
    pairs, write = tuple(pairs), write or _python
    if len({name for name, _ in pairs}) == len(pairs):
        rows = [f"{_python(name)}: {write(value)}" for name, value in pairs]
        start, end = "{", "}"
    else:
        rows = [f"({_python(name)}, {write(value)})" for name, value in pairs]
        start, end = "[", "]"
    if len(rows) == 1:
        return f"{start}{rows[0]}{end}"
    return f"{start}\n" + "".join(f"        {row},\n" for row in rows) + f"    {end}"


def _header_value(value: str) -> str:
    return _python(value) + ("" if value.isascii() else ".encode()")


def _value(value: Any, depth: int) -> str:
    if isinstance(value, dict) and value:
        rows = [f"{_python(name)}: {_value(item, depth + 1)}" for name, item in value.items()]
    elif isinstance(value, list) and value:
        rows = [_value(item, depth + 1) for item in value]
    else:
        return _python(value) if isinstance(value, str) else repr(value)
    start, end = "{}" if isinstance(value, dict) else "[]"
    flat = f"{start}{', '.join(rows)}{end}"
    if len(flat) + 4 * depth <= 88 and "\n" not in flat:
        return flat
    space = "    " * (depth + 1)
    return f"{start}\n" + "".join(f"{space}{row},\n" for row in rows) + f"{'    ' * depth}{end}"


def _python(text: str) -> str:
    """A string of Python; with holes an f-string, or just the name."""
    names = _HOLE.findall(text)
    if not names:
        return f'"{_escaped(text)}"'
    if text == f"\ue0a0{names[0]}\ue0a1":
        return str(names[0])
    written = _in_pieces(
        text,
        lambda piece: _escaped(piece).replace("{", "{{").replace("}", "}}"),
        lambda name: f"{{{name}}}",
    )
    return f'f"{written}"'


def _escaped(text: str) -> str:
    """Nothing in a copy may look like something else, so what can't be seen goes by number."""
    return "".join(
        f"\\{each}" if each in '\\"'
        else each if each.isprintable()
        else each.encode("unicode_escape").decode()
        for each in text
    )  # fmt: skip


# curl


def _body_words(sent: _Sent) -> list[list[str]]:
    if sent.form is not None:
        if all(name for name, _ in sent.form):
            return [["--data-urlencode", f"{quote(name)}={value}"] for name, value in sent.form]
        return [["--data-raw", urlencode(sent.form)]]
    kind: list[list[str]] = []
    if sent.document is not None:
        kind = [["--header", "content-type: application/json"]]
        kind = [] if any(name == "content-type" for name, _ in sent.headers) else kind
    elif sent.body and not any(name == "content-type" for name, _ in sent.headers):
        # Without this, curl would call the body a form.
        kind = [["--header", "content-type:"]]
    return [*kind, ["--data-raw", sent.body]] if sent.body else []


def _shell(word: str) -> str:
    """One word of a POSIX shell; a hole is a variable in double quotes."""
    return _in_pieces(word, _shell_text, lambda name: f'"${name}"') or "''"


def _shell_text(text: str) -> str:
    if not text:
        return ""
    if all(each.isprintable() or each in "\n\t" for each in text):
        return shlex.quote(text)
    written = "".join(
        f"\\{each}" if each in "\\'"
        else each if each.isprintable()
        else "".join(f"\\{byte:03o}" for byte in each.encode("utf-8", "replace"))
        for each in text
    )  # fmt: skip
    return f"$'{written}'"


def _in_pieces(text: str, outside: Callable[[str], str], hole: Callable[[str], str]) -> str:
    """The text written piece by piece: what stands between the holes, and the holes."""
    return "".join(_written(text, outside, hole))


def _written(text: str, outside: Callable[[str], str], hole: Callable[[str], str]) -> Iterator[str]:
    for at, piece in enumerate(_HOLE.split(text)):
        yield hole(piece) if at % 2 else outside(piece)
