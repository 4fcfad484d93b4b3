"""Tables of custom roles: what they permit, on what, and to whom they are bound."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped


class CustomRole(OrgOwned, Stamped, Base):
    """A set of permissions with a name (Okta: custom role)."""

    __tablename__ = "custom_roles"
    id_prefix: ClassVar[str] = "cr0"
    managed: ClassVar[bool] = True

    label: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(String(1000))
    permissions: Mapped[list[str]]


Index("uq_custom_roles_label", CustomRole.org_id, CustomRole.label, unique=True)


class ResourceSet(OrgOwned, Stamped, Base):
    """Things that custom roles reach; `resources` are paths below `/api/v1/` by resource id."""

    __tablename__ = "resource_sets"
    id_prefix: ClassVar[str] = "iam"
    managed: ClassVar[bool] = True

    label: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(String(1000))
    resources: Mapped[dict[str, Any]]


Index("uq_resource_sets_label", ResourceSet.org_id, ResourceSet.label, unique=True)


class RoleBinding(OrgOwned, Base):
    """What a role assignment of type CUSTOM consists of: a custom role on a resource set."""

    __tablename__ = "role_bindings"
    id_prefix: ClassVar[str] = "irb"
    managed: ClassVar[bool] = True

    assignment_pk: Mapped[int] = mapped_column(
        ForeignKey("role_assignments.pk", ondelete="CASCADE")
    )
    custom_role_pk: Mapped[int] = mapped_column(ForeignKey("custom_roles.pk", ondelete="CASCADE"))
    resource_set_pk: Mapped[int] = mapped_column(ForeignKey("resource_sets.pk", ondelete="CASCADE"))


Index("uq_role_bindings_assignment", RoleBinding.assignment_pk, unique=True)
Index("ix_role_bindings_custom_role", RoleBinding.custom_role_pk)
Index("ix_role_bindings_resource_set", RoleBinding.resource_set_pk)
