"""The table of an org's own policies, and the password that must be changed all the same."""

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
    name: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(255))
    rule_name: Mapped[str] = mapped_column(String(50))
    rule_updated: Mapped[int] = mapped_column(default=0)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


Index("uq_org_policies_type", OrgPolicy.org_id, OrgPolicy.type, unique=True)


class StaleExpiry(OrgOwned, Base):
    """That a user was locked while the password was expired.

    Unlocking makes the user active, yet a password that is not newer than `noted` is still expired.
    """

    __tablename__ = "stale_expiries"
    id_prefix: ClassVar[str] = "pwx"

    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    noted: Mapped[int]


Index("ix_stale_expiries_user", StaleExpiry.user_pk)
