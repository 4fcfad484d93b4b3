"""Tables of what things are to each other: who owns a group, which servers a server trusts."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped


class GroupOwner(OrgOwned, Stamped, Base):
    """That a user, or a group, owns a group: exactly one of the two is set (Okta: group owner)."""

    __tablename__ = "group_owners"
    id_prefix: ClassVar[str] = "gow"
    managed: ClassVar[bool] = True

    group_pk: Mapped[int] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))
    user_pk: Mapped[int | None] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    owner_pk: Mapped[int | None] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))


Index("ix_group_owners_group", GroupOwner.group_pk)
Index("ix_group_owners_user", GroupOwner.user_pk)
Index("ix_group_owners_owner", GroupOwner.owner_pk)


class TrustedServer(OrgOwned, Base):
    """That a server takes subject tokens of another one (Okta: associated server)."""

    __tablename__ = "trusted_servers"
    id_prefix: ClassVar[str] = "ast"
    managed: ClassVar[bool] = True

    server_pk: Mapped[int] = mapped_column(
        ForeignKey("authorization_servers.pk", ondelete="CASCADE")
    )
    trusted_pk: Mapped[int] = mapped_column(
        ForeignKey("authorization_servers.pk", ondelete="CASCADE")
    )


Index("uq_trusted_servers_pair", TrustedServer.server_pk, TrustedServer.trusted_pk, unique=True)
Index("ix_trusted_servers_trusted", TrustedServer.trusted_pk)
