"""What came in and what goes out: a protocol request and its answer, free of any framework."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from labserver.domain.errors import Refusal

NO_STORE = (("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"))
LARGEST_NUMBER_OF_PARAMETERS = 100

_SOUND = re.compile(r"[\x20-\x7e]*")
_FREE_TEXT = frozenset({"username", "password", "state"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: `body` is a JSON document, text, or None for an empty body."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=NO_STORE)


class LabRequest(OAuth2Request):
    """A form request to a protocol endpoint, as Authlib's grants and endpoints read it.

    Parameters come from the form alone, never from the query (RFC 6749 §2.3.1), each at most
    once, in printable ASCII.
    """

    def __init__(
        self,
        method: str,
        uri: str,
        headers: Mapping[str, str],
        form: Iterable[tuple[str, str]],
        query: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Raise `Refusal` for parameters that no protocol request can have."""
        super().__init__(method, uri, headers=headers)
        self.query_names = frozenset(name for name, _ in query)
        self._form = sound_parameters(form)
        self.payload = BasicOAuth2Payload(self._form)

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the body; one without a value counts as absent."""
        return self._form

    @property
    def args(self) -> dict[str, str]:
        """Nothing: no protocol parameter is read from the query."""
        return {}


def sound_parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters by name, those without a value left out.

    Raises `Refusal` (`invalid_request`) for a name that comes twice and for control or non-ASCII
    characters where none can be.
    """
    seen: dict[str, str] = {}
    for number, (name, value) in enumerate(pairs, 1):
        if number > LARGEST_NUMBER_OF_PARAMETERS:
            raise Refusal("invalid_request", "The request contained too many parameters.")
        if name in seen:
            raise Refusal(
                "invalid_request", "The request contained multiple parameters with the same name."
            )
        if name not in _FREE_TEXT and not (_SOUND.fullmatch(name) and _SOUND.fullmatch(value)):
            raise Refusal(
                "invalid_request", "A parameter holds characters other than printable ASCII."
            )
        seen[name] = value
    return {name: value for name, value in seen.items() if value}
