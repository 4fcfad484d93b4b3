"""Tables of people: users, groups, roles, API tokens, sign-ins."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped


def login_key(login: str) -> str:
    """What two spellings of one login share: case and diacritics don't count (Okta: login)."""
    decomposed = unicodedata.normalize("NFKD", login.strip())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


class User(OrgOwned, Stamped, Base):
    """A person. Set `login` and `key` together, with `login_key`."""

    __tablename__ = "users"
    id_prefix: ClassVar[str] = "00u"
    managed: ClassVar[bool] = True

    login: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20), default="STAGED")
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    recovery_question: Mapped[str | None] = mapped_column(String(200))
    recovery_answer_hash: Mapped[str | None] = mapped_column(String(200))
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    activated: Mapped[int | None]
    status_changed: Mapped[int | None]
    password_changed: Mapped[int | None]
    last_login: Mapped[int | None]


Index("uq_users_key", User.org_id, User.key, unique=True)
Index("ix_users_status", User.org_id, User.status)
Index("ix_users_login", User.org_id, User.login)
# Lists walk it in the order of the primary key, which ends each entry of an index.
Index("ix_users_org", User.org_id)

BEGINNINGS: Mapping[str, str] = MappingProxyType(
    {
        "login": "lower(users.login)",
        "email": "lower(json_extract(users.profile, '$.email'))",
        "first": "lower(json_extract(users.profile, '$.firstName'))",
        "last": "lower(json_extract(users.profile, '$.lastName'))",
    }
)
"""What people are found by who type a beginning. SQLite takes the indexes for these very words."""

for _name, _words in BEGINNINGS.items():
    Index(f"ix_users_{_name}_begins", User.org_id, text(_words.replace("users.", "")))


class Group(OrgOwned, Stamped, Base):
    """A group of people; `Everyone` is the BUILT_IN one."""

    __tablename__ = "groups"
    id_prefix: ClassVar[str] = "00g"
    managed: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(String(1024))
    type: Mapped[str] = mapped_column(String(20), default="OKTA_GROUP")
    membership_updated: Mapped[int] = mapped_column(default=0)


Index("uq_groups_name", Group.org_id, Group.name, unique=True)


class Membership(OrgOwned, Base):
    """That a user is in a group. Everyone has no rows: each user is in it."""

    __tablename__ = "memberships"
    id_prefix: ClassVar[str] = "mem"
    managed: ClassVar[bool] = True

    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    group_pk: Mapped[int] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))


Index("uq_memberships_user_group", Membership.user_pk, Membership.group_pk, unique=True)
Index("ix_memberships_group_user", Membership.group_pk, Membership.user_pk)


class RoleAssignment(OrgOwned, Stamped, Base):
    """An admin role of a user, a group or a service app: exactly one of the three is set.

    `limited` once it has had a target: when that is deleted, the role reaches nothing, not all.
    """

    __tablename__ = "role_assignments"
    id_prefix: ClassVar[str] = "ra1"
    managed: ClassVar[bool] = True

    type: Mapped[str] = mapped_column(String(50))
    user_pk: Mapped[int | None] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    group_pk: Mapped[int | None] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))
    app_pk: Mapped[int | None] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    limited: Mapped[bool] = mapped_column(default=False)


Index("ix_role_assignments_user", RoleAssignment.user_pk)
Index("ix_role_assignments_group", RoleAssignment.group_pk)
Index("ix_role_assignments_app", RoleAssignment.app_pk)


class RoleTarget(OrgOwned, Base):
    """What an admin role is limited to: a group, an app, or all apps of one name."""

    __tablename__ = "role_targets"
    id_prefix: ClassVar[str] = "rat"
    managed: ClassVar[bool] = True

    role_pk: Mapped[int] = mapped_column(ForeignKey("role_assignments.pk", ondelete="CASCADE"))
    group_pk: Mapped[int | None] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))
    app_pk: Mapped[int | None] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    app_name: Mapped[str | None] = mapped_column(String(100))


Index("ix_role_targets_role", RoleTarget.role_pk)
Index("ix_role_targets_group", RoleTarget.group_pk)
Index("ix_role_targets_app", RoleTarget.app_pk)


class ApiToken(OrgOwned, Stamped, Base):
    """An SSWS token of a user; `hash` is the SHA-256 of its value (Okta: API token)."""

    __tablename__ = "api_tokens"
    id_prefix: ClassVar[str] = "00T"
    issued: ClassVar[bool] = True

    hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    last_used: Mapped[int]


Index("uq_api_tokens_hash", ApiToken.org_id, ApiToken.hash, unique=True)
Index("ix_api_tokens_user", ApiToken.user_pk)


class UserSession(OrgOwned, Base):
    """A sign-in in one browser; `hash` is the SHA-256 of the cookie's value."""

    __tablename__ = "user_sessions"
    id_prefix: ClassVar[str] = "102"
    issued: ClassVar[bool] = True

    hash: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str] = mapped_column(String(20))
    auth_time: Mapped[int]
    amr: Mapped[list[str]]
    created: Mapped[int]
    last_used: Mapped[int]
    expires: Mapped[int]


Index("uq_user_sessions_hash", UserSession.org_id, UserSession.hash, unique=True)
Index("ix_user_sessions_user", UserSession.org_id, UserSession.user_id)
Index("ix_user_sessions_expires", UserSession.expires)


class SessionToken(OrgOwned, Base):
    """A one-time proof of primary authentication; its id is the SHA-256 of its value."""

    __tablename__ = "session_tokens"
    issued: ClassVar[bool] = True

    user_id: Mapped[str] = mapped_column(String(20))
    amr: Mapped[list[str]]
    expires: Mapped[int]
    used_at: Mapped[int | None]


Index("ix_session_tokens_expires", SessionToken.expires)
