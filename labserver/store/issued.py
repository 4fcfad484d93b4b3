"""Tables of the ledger: what has been issued or parked. `ledger` alone reads and writes them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned


class ParkedRequest(OrgOwned, Base):
    """An authorization request that waits; its id is the SHA-256 of its request URI."""

    __tablename__ = "parked_requests"
    issued: ClassVar[bool] = True

    server_id: Mapped[str] = mapped_column(String(20))
    client_id: Mapped[str] = mapped_column(String(100))
    parameters: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    browser: Mapped[str | None] = mapped_column(String(64))
    created: Mapped[int]
    expires: Mapped[int]
    used_at: Mapped[int | None]


Index("ix_parked_requests_expires", ParkedRequest.expires)


class AuthorizationCode(OrgOwned, Base):
    """An authorization code; its id is the SHA-256 of its value, `facts` what it stands for."""

    __tablename__ = "authorization_codes"
    issued: ClassVar[bool] = True

    user_id: Mapped[str] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]]
    expires: Mapped[int]
    used_at: Mapped[int | None]


Index("ix_authorization_codes_user", AuthorizationCode.org_id, AuthorizationCode.user_id)
Index("ix_authorization_codes_expires", AuthorizationCode.expires)


class Family(OrgOwned, Base):
    """One authorization: all tokens that stem from it end together."""

    __tablename__ = "families"
    id_prefix: ClassVar[str] = "oar"
    issued: ClassVar[bool] = True

    server_id: Mapped[str] = mapped_column(String(20))
    client_id: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[str | None] = mapped_column(String(20))
    scopes: Mapped[list[str]]
    grant_type: Mapped[str] = mapped_column(String(100))
    auth_time: Mapped[int | None]
    amr: Mapped[list[str]]
    created: Mapped[int]
    absolute_expires: Mapped[int | None]
    revoked_at: Mapped[int | None]


Index("ix_families_user", Family.org_id, Family.user_id)
# Lists of refresh tokens walk one of these two, past none that was revoked.
Index(
    "ix_families_client_live",
    Family.org_id,
    Family.client_id,
    Family.server_id,
    sqlite_where=Family.revoked_at.is_(None),
)
Index(
    "ix_families_user_live",
    Family.org_id,
    Family.user_id,
    Family.client_id,
    Family.server_id,
    sqlite_where=Family.revoked_at.is_(None),
)
Index("ix_families_created", Family.created)


class RefreshToken(OrgOwned, Base):
    """One value of a family's refresh token; its id is the SHA-256 of the value.

    `rotated_at`: it was exchanged for a successor. `replaced_at`: its predecessor came again and
    got another successor, so this one never counts.
    """

    __tablename__ = "refresh_tokens"
    issued: ClassVar[bool] = True

    family_pk: Mapped[int] = mapped_column(ForeignKey("families.pk", ondelete="CASCADE"))
    # No foreign key: the sweep takes predecessors first.
    predecessor_pk: Mapped[int | None] = mapped_column(info={"row_of": "refresh_tokens"})
    scopes: Mapped[list[str]]
    created: Mapped[int]
    expires: Mapped[int]
    rotated_at: Mapped[int | None]
    replaced_at: Mapped[int | None]


Index("ix_refresh_tokens_family", RefreshToken.family_pk)
Index("ix_refresh_tokens_predecessor", RefreshToken.predecessor_pk)
Index("ix_refresh_tokens_expires", RefreshToken.expires)


class Revocation(OrgOwned, Base):
    """That tokens are over before their time; its id is a `jti` or a family's id."""

    __tablename__ = "revocations"
    issued: ClassVar[bool] = True

    expires: Mapped[int]


Index("ix_revocations_expires", Revocation.expires)


class SeenJti(OrgOwned, Base):
    """That a client assertion was used; its id is a digest of client and `jti`."""

    __tablename__ = "seen_jtis"
    issued: ClassVar[bool] = True

    expires: Mapped[int]


Index("ix_seen_jtis_expires", SeenJti.expires)


class Consent(OrgOwned, Base):
    """A user's yes to one scope for one client at one server (Okta: user grant)."""

    __tablename__ = "consents"
    id_prefix: ClassVar[str] = "oag"

    user_id: Mapped[str] = mapped_column(String(20))
    client_id: Mapped[str] = mapped_column(String(100))
    server_id: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(255))
    created: Mapped[int]


Index(
    "uq_consents_scope",
    Consent.org_id,
    Consent.user_id,
    Consent.client_id,
    Consent.server_id,
    Consent.scope,
    unique=True,
)
