"""Table of one-time links: activation, a forgotten password, unlocking."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned


class RecoveryToken(OrgOwned, Base):
    """A one-time proof that a link reached its person; its id is the SHA-256 of its value."""

    __tablename__ = "recovery_tokens"
    issued: ClassVar[bool] = True

    user_id: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    expires: Mapped[int]
    used_at: Mapped[int | None]


Index("ix_recovery_tokens_user", RecoveryToken.org_id, RecoveryToken.user_id)
Index("ix_recovery_tokens_expires", RecoveryToken.expires)
