"""Tables of sign-ins that are on their way. `ledger` alone reads and writes them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned


class AuthnTransaction(OrgOwned, Base):
    """A sign-in over `/api/v1/authn`; its id is the SHA-256 of its state token.

    `version` rises with each step: of two steps at once, one finds it changed. Without `user_id`
    it only looks like one, for a name that nobody has.
    """

    __tablename__ = "authn_transactions"
    issued: ClassVar[bool] = True

    user_id: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    memory: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=0)
    expires: Mapped[int]


Index("ix_authn_transactions_expires", AuthnTransaction.expires)


class RememberedDevice(OrgOwned, Base):
    """That a person need not show a factor on a device; its id is a digest of both."""

    __tablename__ = "remembered_devices"
    issued: ClassVar[bool] = True

    user_id: Mapped[str] = mapped_column(String(20))
    expires: Mapped[int]


Index("ix_remembered_devices_user", RememberedDevice.org_id, RememberedDevice.user_id)
Index("ix_remembered_devices_expires", RememberedDevice.expires)
