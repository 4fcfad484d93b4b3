"""Requests as values: a flow sends them, and shows them as the lines of httpx that send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

WIDTH = 88


class Known(str):
    """A text for which a learner's own program has an expression, such as `metadata["issuer"]`."""

    expression: str

    def __new__(cls, value: str, expression: str) -> Known:
        """The text, and how a program says it."""
        made = super().__new__(cls, value)
        made.expression = expression
        return made


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: `auth` is id and secret for a Basic header, the rest is as in httpx."""

    method: str
    url: str
    auth: tuple[str, str] | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    data: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None

    def send(self, client: httpx.Client) -> httpx.Response:
        """The answer to the request, sent by this client."""
        return client.request(self.method, str(self.url), **self._arguments())

    def written(self, client: str = "app", result: str = "answer") -> str:
        """The same as Python: the client of that name sends it, the answer gets that name."""
        arguments = [expression(self.url)]
        for name, value in self._arguments().items():
            arguments.append(f"{name}={expression(value, 1)}")
        line = f"{result} = {client}.{self.method.lower()}({', '.join(arguments)})"
        if "\n" not in line and len(line) <= WIDTH:
            return line
        inside = "".join(f"    {argument},\n" for argument in arguments)
        return f"{result} = {client}.{self.method.lower()}(\n{inside})"

    def _arguments(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("auth", "params", "headers", "data")}
        # httpx must not be handed a text that knows more than its letters.
        return {
            name: value for name, value in {**named, "json": self.json}.items() if value is not None
        }


def expression(value: Any, level: int = 0) -> str:
    """The value as Python; what has a name in the program appears by that name."""
    if isinstance(value, Known):
        return value.expression
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        inside = ", ".join(expression(each, level) for each in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return f"[{', '.join(expression(each, level) for each in value)}]"
    if isinstance(value, Mapping):
        return _mapping(value, level)
    return repr(value)


def _mapping(value: Mapping[str, Any], level: int) -> str:
    pairs = [f"{json.dumps(key)}: {expression(each, level + 1)}" for key, each in value.items()]
    line = f"{{{', '.join(pairs)}}}"
    if "\n" not in line and len(line) + 4 * level <= WIDTH - 24:
        return line
    inside = "".join(f"{'    ' * (level + 1)}{pair},\n" for pair in pairs)
    return f"{{\n{inside}{'    ' * level}}}"


def program(*pieces: str) -> str:
    """Pieces of a program as one: each import once and at the top, the rest in order."""
    imports: set[str] = set()
    bodies = []
    for piece in pieces:
        lines = piece.strip("\n").split("\n")
        imports |= {line for line in lines if line.startswith(("import ", "from "))}
        rest = [line for line in lines if line not in imports]
        if body := "\n".join(rest).strip("\n"):
            bodies.append(body)
    standard, others = _sorted(imports)
    return "\n\n".join(part for part in ("\n".join(standard), "\n".join(others), *bodies) if part)


_OTHERS = ("httpx", "jwt", "cryptography")


def _sorted(imports: set[str]) -> tuple[list[str], list[str]]:
    def is_other(line: str) -> bool:
        return line.split()[1].partition(".")[0] in _OTHERS

    def order(line: str) -> tuple[bool, str]:
        return line.startswith("from "), line

    return (
        sorted((line for line in imports if not is_other(line)), key=order),
        sorted((line for line in imports if is_other(line)), key=order),
    )
