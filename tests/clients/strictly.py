"""Reading our documents with the SDK's strict models, and finding what they lose of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import httpx
from okta import models
from pydantic import BaseModel

from tests.speaking import done

Json = dict[str, Any]
Shown = Callable[[httpx.Client], list[Json]]
"""Arranges something in an org, and gives the documents that show it."""

OURS = "ours, beside what is documented"


def lost(kind: str, documents: Iterable[Json]) -> set[str]:
    """What the SDK's model of this name loses or changes; raises what the model raises."""
    model = getattr(models, kind)
    return {
        path
        for document in documents
        for path in different(document, told(model.from_dict(document)))
    }


def different(sent: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where a model lost or changed something of what was sent; a null may be left out."""
    if isinstance(sent, dict) and isinstance(read, dict):
        for name, value in sent.items():
            if name in read:
                yield from different(value, read[name], f"{path}.{name}")
            elif value is not None:
                yield f"{path}.{name}"
    elif isinstance(sent, list) and isinstance(read, list) and len(sent) == len(read):
        for ours, theirs in zip(sent, read, strict=True):
            yield from different(ours, theirs, f"{path}[]")
    elif isinstance(read, datetime):
        if datetime.fromisoformat(sent) != read:
            yield path
    elif sent != read:
        yield path


def told(value: Any) -> Any:
    """What a model holds, by the names of the wire; its own `to_dict` leaves out what it owns."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items()}
    if not isinstance(value, BaseModel):
        return value
    if hasattr(value, "actual_instance"):
        return told(value.actual_instance)
    fields = type(value).model_fields.items()
    held = {field.alias or name: told(getattr(value, name)) for name, field in fields}
    more = held.pop("additional_properties", {})
    return {name: each for name, each in (held | more).items() if each is not None}


def listed(admin: httpx.Client, path: str) -> list[Json]:
    """The documents of a list."""
    return list(done(admin.get(f"/api/v1{path}")))
