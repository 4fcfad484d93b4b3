"""`/iam/resource-sets`: what custom roles reach."""

from __future__ import annotations

import re
from typing import Annotated, Any

from flask import Response
from pydantic import Field
from sqlalchemy import or_, select

from labserver.store.apps import App
from labserver.store.base import new_id
from labserver.store.directory import Group
from labserver.store.roles import ResourceSet, RoleBinding
from labserver.store.servers import AuthorizationServer
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid, not_found
from labserver.web.management.custom_roles import (
    Description,
    Label,
    must_be_unbound,
)
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    gone,
    link,
    must_be_new,
    remove,
    session,
    target,
    timestamp,
    unchanged,
    url,
)
from labserver.web.management.routes import management

PATH = "/iam/resource-sets"
ONE = f"{PATH}/<resource_set_id>"

_RESOURCE = re.compile(r"(users|groups|apps|authorizationServers)(?:/(\w+)(/users)?)?")
_KINDS: dict[str, type[Any]] = {
    "groups": Group,
    "apps": App,
    "authorizationServers": AuthorizationServer,
}


class NewResourceSet(Document):
    """A resource set as a caller describes it; resources are URLs of this API."""

    label: Label
    description: Description
    resources: Annotated[list[str], Field(min_length=1, max_length=1000)]


class ResourceSetNames(Document):
    """What a resource set is called."""

    label: Label
    description: Description


class Additions(Document):
    """What comes to what is there: URLs."""

    additions: Annotated[list[str], Field(min_length=1, max_length=1000)]


@management.get(PATH)
def list_resource_sets() -> Response:
    """The org's resource sets."""
    rows = session().scalars(select(ResourceSet).order_by(ResourceSet.pk))
    return answer({"resource-sets": [_document(row) for row in rows], "_links": {}})


@management.post(PATH)
def create_resource_set() -> Response:
    """A resource set with these resources."""
    body = read(NewResourceSet, json_body())
    must_be_new("label", ResourceSet.label == body.label)
    row = ResourceSet(label=body.label, description=body.description, resources={})
    _add(row, body.resources)
    session().add(row)
    session().flush()
    log("create", "Create a resource set", row)
    return answer(_document(row))


@management.get(ONE)
def get_resource_set(resource_set_id: str) -> Response:
    """One resource set, by id or label."""
    return answer(_document(the_set(resource_set_id)))


@management.put(ONE)
def replace_resource_set(resource_set_id: str) -> Response:
    """The set is called as the body says; its resources stay."""
    row = the_set(resource_set_id)
    body = read(ResourceSetNames, json_body())
    unchanged(_document(row))
    must_be_new("label", ResourceSet.label == body.label, ResourceSet.pk != row.pk)
    row.label, row.description = body.label, body.description
    session().flush()
    log("update", "Update a resource set", row)
    return answer(_document(row))


@management.delete(ONE)
def delete_resource_set(resource_set_id: str) -> Response:
    """The set is gone, unless somebody has a role on it."""
    row = the_set(resource_set_id)
    must_be_unbound(RoleBinding.resource_set_pk == row.pk)
    log("delete", "Delete a resource set", row)
    return remove(row)


@management.get(f"{ONE}/resources")
def list_resources(resource_set_id: str) -> Response:
    """What is in the set."""
    row = the_set(resource_set_id)
    shown = [_resource(row, resource_id) for resource_id in row.resources]
    return answer({"resources": shown, "_links": {}})


@management.patch(f"{ONE}/resources")
def add_resources(resource_set_id: str) -> Response:
    """More is in the set."""
    row = the_set(resource_set_id)
    _add(row, read(Additions, json_body()).additions)
    session().flush()
    log("update", "Add to a resource set", row)
    return answer(_document(row))


@management.delete(f"{ONE}/resources/<resource_id>")
def remove_resource(resource_set_id: str, resource_id: str) -> Response:
    """This is not in the set any more."""
    row = the_set(resource_set_id)
    if resource_id not in row.resources:
        raise not_found(resource_id, "Resource")
    row.resources = {key: path for key, path in row.resources.items() if key != resource_id}
    session().flush()
    log("update", "Take something out of a resource set", row)
    return gone()


def the_set(wanted: str) -> ResourceSet:
    """The resource set with this id or label. Raises `ApiError` E0000007."""
    named = select(ResourceSet).where(or_(ResourceSet.id == wanted, ResourceSet.label == wanted))
    row = session().scalars(named.order_by(ResourceSet.id != wanted).limit(1)).first()
    if row is None:
        raise not_found(wanted, "ResourceSet")
    return row


def _add(row: ResourceSet, resources: list[str]) -> None:
    """The resources are in the set, each once. Raises `ApiError` E0000001 for an unknown one."""
    held = dict(row.resources)
    for resource in resources:
        path = path_of(resource)
        found = _RESOURCE.fullmatch(path)
        if (
            found is None
            or (found[1] == "users" and found[2])
            or (found[3] and found[1] != "groups")
        ):
            raise invalid(
                "resources",
                f"{resource!r} is nothing that a role can be bound to. Name all users, groups, "
                "apps or authorizationServers, or one group, its users, one app, one server.",
            )
        if found[2] and not _exists(_KINDS[found[1]], found[2]):
            raise invalid("resources", f"There is nothing at {resource!r}.")
        if path not in held.values():
            held[new_id("ire")] = path
    row.resources = held


def path_of(address: str) -> str:
    """A URL of this API as the path below `/api/v1/`; what is none stays as it is."""
    return address.removeprefix(url("")).removeprefix("/api/v1/")


def _exists(model: type[Any], public_id: str) -> bool:
    return session().scalars(select(model.pk).where(model.id == public_id)).first() is not None


def _document(row: ResourceSet) -> Json:
    path = f"/api/v1/iam/resource-sets/{row.id}"
    return {
        "id": row.id,
        "label": row.label,
        "description": row.description,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            "resources": link(f"{path}/resources", "GET", "PATCH"),
            "bindings": link(f"{path}/bindings", "GET", "POST"),
        },
    }


def _resource(row: ResourceSet, resource_id: str) -> Json:
    path = f"/api/v1/iam/resource-sets/{row.id}/resources/{resource_id}"
    return {
        "id": resource_id,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "self": link(path, "DELETE"),
            "resource": {"href": url(f"/api/v1/{row.resources[resource_id]}")},
        },
    }


def log(change: str, message: str, row: ResourceSet) -> None:
    """The log says what was done to the set."""
    targets = (target(row, "RESOURCE_SET", row.label),)
    current_context().event(f"iam.resourceset.{change}", message, targets=targets)
