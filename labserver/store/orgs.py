"""The table of orgs, the root of every row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, new_id


class Org(Base):
    """An org. `changes` rises with each management write, `clock_offset` is in seconds."""

    __tablename__ = "orgs"
    # A deleted org's key never comes back, so nothing kept under it is taken for another org's.
    __table_args__: dict[str, Any] = {"sqlite_autoincrement": True}

    pk: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(20), unique=True, default=lambda: new_id("00o"))
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    changes: Mapped[int] = mapped_column(default=1)
    clock_offset: Mapped[int] = mapped_column(default=0)
    temporary: Mapped[bool] = mapped_column(default=False)
    created: Mapped[int]
