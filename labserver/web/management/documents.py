"""The JSON documents of the management API, as requests send them."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from labserver.web.errors import ApiError


class Document(BaseModel):
    """A document from outside: camelCase, strict types, members that we don't know ignored.

    So a body may repeat what a GET showed; what the server owns is in no model.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        strict=True,
        # A validator is made at its first use: a start needs none of them.
        defer_build=True,
    )


Body = TypeVar("Body", bound=Document)


def read(model: type[Body], body: dict[str, Any]) -> Body:
    """The document in a body. Raises `ApiError` E0000001 that names each wrong field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problems = [
            (".".join(str(part) for part in found["loc"]) or "body", _words(found["msg"]))
            for found in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ApiError(
            "E0000001",
            summary=f"Api validation failed: {problems[0][0]}",
            causes=[f"{field}: {problem}" for field, problem in problems[:20]],
        ) from None


def _words(message: str) -> str:
    if message == "Field required":
        return "The field cannot be left blank"
    return message.removeprefix("Value error, ")
