"""The document of a snapshot: written, and read as strictly as it can be checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Integer, String, Table

from labserver.store.base import Base, OrgOwned
from labserver.store.core import table_of
from labserver.store.files import VERSION
from labserver.store.log import LogRow

FORMAT = "grantlab snapshot"
NUMBER = 1
"""The version of the format; the tables' own is the database's."""
LARGEST = 64 << 20
"""Bytes that a snapshot may have where somebody sends it."""

Row = dict[str, Any]
_CURE = "take another snapshot, or restore another file"
_OWNER = "org_id"
"""The column that no snapshot holds: rows belong to the org that they are restored into."""


class SnapshotRefused(Exception):  # noqa: N818  (what is the case)
    """A document can't be restored; the message is one line with what is wrong and the cure."""


@dataclass(frozen=True)
class Snapshot:
    """An org as it was. `rows` are by table, `changes` is the change counter it had by then."""

    org_id: str
    changes: int
    clock_offset: int
    rows: Mapping[str, list[Row]]


@cache
def models() -> tuple[type[OrgOwned], ...]:
    """The mapped classes whose rows a snapshot holds, those that others refer to first.

    All of an org but its log: what has happened is not undone.
    """
    found = {
        table_of(mapper.class_).name: mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OrgOwned) and mapper.class_ is not LogRow
    }
    return tuple(found[table.name] for table in Base.metadata.sorted_tables if table.name in found)


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns that a snapshot holds of a table."""
    return [column for column in table.columns if column.name != _OWNER]


@cache
def _lists() -> frozenset[str]:
    """The JSON columns that hold lists, by table and name; the others hold objects."""
    return frozenset(
        f"{table_of(model)}.{name}"
        for model in models()
        for cls in model.__mro__
        for name, annotation in cls.__dict__.get("__annotations__", {}).items()
        if str(annotation).startswith("Mapped[list[")
    )


def references(table: Table) -> Iterator[tuple[str, str, bool]]:
    """Each column that holds another row's primary key, the table it means, and whether that row
    must be there."""
    for column in columns_of(table):
        for key in column.foreign_keys:
            yield column.name, key.column.table.name, True
        if "row_of" in column.info:
            yield column.name, column.info["row_of"], False


def write(snapshot: Snapshot) -> bytes:
    """The snapshot as a JSON document with its checksum."""
    tables = {}
    for model in models():
        table = table_of(model)
        names = [column.name for column in columns_of(table)]
        rows = [[row[name] for name in names] for row in snapshot.rows[table.name]]
        tables[table.name] = {"columns": names, "rows": rows}
    document = {
        "format": FORMAT,
        "version": NUMBER,
        "schema": VERSION,
        "org": {
            "id": snapshot.org_id,
            "changes": snapshot.changes,
            "clockOffset": snapshot.clock_offset,
        },
        "tables": tables,
    }
    return _text(document | {"checksum": _checksum(document)})


def read(text: bytes) -> Snapshot:
    """The snapshot in a document that was checked as a whole: form, version, checksum, shape,
    references.

    Raises `SnapshotRefused`.
    """
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise SnapshotRefused(f"This is no snapshot of a lab; {_CURE}.")
        _same_version(document)
        checksum = document.pop("checksum", None)
        if checksum != _checksum(document):
            raise SnapshotRefused(
                f"The snapshot was changed or damaged since it was taken; {_CURE}."
            )
    except (ValueError, RecursionError):
        raise SnapshotRefused(f"The snapshot is cut off or no JSON at all; {_CURE}.") from None
    return _shaped(document)


def _same_version(document: Row) -> None:
    for name, known in (("version", NUMBER), ("schema", VERSION)):
        given = document.get(name)
        if type(given) is int and given > known:
            raise SnapshotRefused(
                "The snapshot was taken by a newer grantlab; restore it with that version."
            )
        if given != known:
            raise SnapshotRefused(
                "The snapshot was taken by another version of grantlab; restore it with that one."
            )


def _shaped(document: Row) -> Snapshot:
    org, tables = document.get("org"), document.get("tables")
    if not isinstance(org, dict) or not isinstance(tables, dict):
        raise _misshapen("org")
    org_id, changes, offset = (org.get(name) for name in ("id", "changes", "clockOffset"))
    if not isinstance(org_id, str) or not _is_count(changes) or not _is_count(offset):
        raise _misshapen("org")
    known = {table_of(model).name: table_of(model) for model in models()}
    if tables.keys() != known.keys():
        raise _misshapen("tables")
    rows = {name: list(_rows(table, tables[name])) for name, table in known.items()}
    _refer_rightly(known, rows)
    assert isinstance(changes, int)
    assert isinstance(offset, int)
    return Snapshot(org_id, changes, offset, rows)


def _rows(table: Table, part: Any) -> Iterator[Row]:
    columns = columns_of(table)
    names = [column.name for column in columns]
    if not isinstance(part, dict) or part.get("columns") != names:
        raise _misshapen(table.name)
    if not isinstance(part.get("rows"), list):
        raise _misshapen(table.name)
    for row in part["rows"]:
        if not isinstance(row, list) or len(row) != len(columns):
            raise _misshapen(table.name)
        for column, value in zip(columns, row, strict=True):
            if not _fits(column, value):
                raise _misshapen(f"{table.name}.{column.name}")
        yield dict(zip(names, row, strict=True))


def _fits(column: Column[Any], value: Any) -> bool:
    """Whether the column can hold the value."""
    kind = column.type
    if value is None:
        return bool(column.nullable)
    if isinstance(kind, Boolean):
        return isinstance(value, bool)
    if isinstance(kind, Integer):
        return type(value) is int and abs(value) < 1 << 63
    if isinstance(kind, String):
        whole = kind.length is None or (isinstance(value, str) and len(value) <= kind.length)
        return isinstance(value, str) and whole and "\0" not in value
    assert isinstance(kind, JSON), f"No snapshot knows columns like {column}."
    return isinstance(value, list if str(column) in _lists() else dict)


def _refer_rightly(tables: Mapping[str, Table], rows: Mapping[str, list[Row]]) -> None:
    """Every row has a key of its own, and what it refers to is there."""
    keys = {name: {row["pk"] for row in held} for name, held in rows.items()}
    for name, table in tables.items():
        if len(keys[name]) != len(rows[name]):
            raise _misshapen(f"{name}.pk")
        for column, meant, needed in references(table):
            if needed and any(
                row[column] is not None and row[column] not in keys[meant] for row in rows[name]
            ):
                raise _misshapen(f"{name}.{column}")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 47


def _misshapen(place: str) -> SnapshotRefused:
    return SnapshotRefused(f"The snapshot holds what no lab can hold, in {place}; {_CURE}.")


def _text(document: Row) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _checksum(document: Row) -> str:
    ordered = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(ordered.encode('utf-8')).hexdigest()}"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
