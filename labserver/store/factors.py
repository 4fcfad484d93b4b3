"""Tables of second factors, and of the messages that the lab shows instead of sending."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped


class Factor(OrgOwned, Stamped, Base):
    """A way of a user to prove who they are, beside the password (Okta: factor).

    `secret` is the seed of a code app, readable because each code is made from it, or the Argon2
    hash of an answer. `failures` counts wrong codes in a row, whatever happens at the password.
    """

    __tablename__ = "factors"
    id_prefix: ClassVar[str] = "ufs"

    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    factor_type: Mapped[str] = mapped_column(String(40))
    provider: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secret: Mapped[str | None] = mapped_column(String(200))
    code_hash: Mapped[str | None] = mapped_column(String(64))
    code_expires: Mapped[int | None]
    code_sent: Mapped[int | None]
    last_step: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0)


Index(
    "uq_factors_user_type_provider",
    Factor.user_pk,
    Factor.factor_type,
    Factor.provider,
    unique=True,
)


class OutboxMessage(OrgOwned, Base):
    """What would have been a mail, a text message or a call."""

    __tablename__ = "outbox_messages"
    id_prefix: ClassVar[str] = "obm"
    issued: ClassVar[bool] = True

    user_id: Mapped[str | None] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(10))
    to: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(2000))
    code: Mapped[str | None] = mapped_column(String(20))
    link: Mapped[str | None] = mapped_column(String(2000))
    created: Mapped[int]


Index("ix_outbox_messages_org", OutboxMessage.org_id, OutboxMessage.pk)
Index("ix_outbox_messages_user", OutboxMessage.org_id, OutboxMessage.user_id)
