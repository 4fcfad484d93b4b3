"""Tables of an org's policies for signing in, and of passwords that they found expired."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped


class OrgPolicy(OrgOwned, Stamped, Base):
    """A system policy that was changed, with its one rule; without a row it is the default.

    `settings` holds fields of `domain.sign_in_policy.SignInRules`; of an enrolment policy
    `factors` and `when`.
    """

    __tablename__ = "org_policies"
    id_prefix: ClassVar[str] = "00p"
    managed: ClassVar[bool] = True

    type: Mapped[str] = mapped_column(String(20))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


Index("uq_org_policies_type", OrgPolicy.org_id, OrgPolicy.type, unique=True)


class ExpiredPassword(OrgOwned, Base):
    """That a user's password was found expired; `hash` is the SHA-256 of how it rests.

    Locking and unlocking take the status PASSWORD_EXPIRED away, yet this very password stays so.
    """

    __tablename__ = "expired_passwords"
    id_prefix: ClassVar[str] = "pwx"

    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    hash: Mapped[str] = mapped_column(String(64))


Index("uq_expired_passwords_user", ExpiredPassword.user_pk, unique=True)
