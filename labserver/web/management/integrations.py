"""`/integrations/api/v1/api-services`: partners' services that the org has let in."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Annotated

from flask import Response
from pydantic import Field
from sqlalchemy import select

from labserver.store.integrations import (
    Declaration,
    Integration,
    IntegrationSecret,
    Offer,
    catalogue,
)
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context, installation
from labserver.web.errors import ApiError, invalid
from labserver.web.management.apps import new_secret
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    link,
    must_be_new,
    page,
    remove,
    session,
    set_status,
    switch_link,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.routes import management_beside

PATH = "/integrations/api/v1/api-services"
_SECRETS = f"{PATH}/<service_id>/credentials/secrets"
_MOST = 2


class InstallDocument(Document):
    """What is installed, and the scopes that whoever installs it has seen."""

    type: Annotated[str, Field(min_length=1, max_length=100)]
    granted_scopes: Annotated[list[str], Field(min_length=1, max_length=100)]


@management_beside.get(PATH)
def list_services() -> Response:
    """The integrations that the org has installed."""
    return page(select(Integration), Integration, document)


@management_beside.post(PATH)
def install_service() -> Response:
    """The integration has a client of its own here, with exactly the scopes that it declared.

    Its secret is shown this once.
    """
    body = read(InstallDocument, json_body())
    offer = _offered(body.type)
    if set(body.granted_scopes) != set(offer.scopes):
        raise invalid("grantedScopes", f"They are exactly these: {', '.join(offer.scopes)}.")
    must_be_new("type", Integration.type == offer.type)
    row = Integration(
        type=offer.type,
        name=offer.name,
        config_guide_url=offer.config_guide_url,
        scopes=list(offer.scopes),
        created_by=guard.caller().id,
    )
    session().add(row)
    session().flush()
    secret = _add_secret(row)
    _log("app.oauth2.client.lifecycle.create", "Install an API service integration", row)
    return answer({**document(row), "clientSecret": secret.value}, 201)


@management_beside.get(f"{PATH}/<service_id>")
def get_service(service_id: str) -> Response:
    """One installed integration."""
    return answer(document(_the_service(service_id)))


@management_beside.delete(f"{PATH}/<service_id>")
def remove_service(service_id: str) -> Response:
    """The integration is out: its secrets, and its tokens from this moment on, open nothing."""
    row = _the_service(service_id)
    unchanged(document(row))
    _log("app.oauth2.client.lifecycle.delete", "Remove an API service integration", row)
    return remove(row)


@management_beside.get(_SECRETS)
def list_service_secrets(service_id: str) -> Response:
    """The integration's secrets, masked."""
    service = _the_service(service_id)
    return answer([_secret(service, row) for row in _held(service)])


@management_beside.post(_SECRETS)
def create_service_secret(service_id: str) -> Response:
    """One more secret, so that the old one can go when the partner uses the new one."""
    service = _the_service(service_id)
    if len(_held(service)) >= _MOST:
        raise invalid("client_secret", f"There are at most {_MOST} secrets; delete one first.")
    row = _add_secret(service)
    _log("app.oauth2.client.lifecycle.secret.create", "Create a client secret", service)
    return answer({**_secret(service, row), "client_secret": row.value}, 201)


@management_beside.delete(f"{_SECRETS}/<secret_id>")
def delete_service_secret(service_id: str, secret_id: str) -> Response:
    """An inactive secret is gone."""
    service = _the_service(service_id)
    row = _the_secret(service, secret_id)
    if row.status == "ACTIVE":
        raise ApiError("E0000107", causes=["Deactivate it first."])
    _log("app.oauth2.client.lifecycle.secret.delete", "Delete a client secret", service)
    return remove(row)


@management_beside.post(f"{_SECRETS}/<secret_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_service_secret(service_id: str, secret_id: str, change: str) -> Response:
    """The secret works, or does not; one active secret stays."""
    service = _the_service(service_id)
    row = _the_secret(service, secret_id)
    active = [each for each in _held(service) if each.status == "ACTIVE"]
    if change == "deactivate" and active == [row]:
        raise ApiError("E0000107", causes=["The only active secret stays active."])
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()
    _log(f"app.oauth2.client.lifecycle.secret.{change}", f"{change.capitalize()} a secret", service)
    return answer(_secret(service, row))


def document(row: Integration) -> Json:
    """The installed integration as the API shows it, without its secret."""
    guide = {} if row.config_guide_url is None else {"configGuideUrl": row.config_guide_url}
    return {
        "id": row.id,
        "type": row.type,
        "name": row.name,
        "createdAt": timestamp(row.created),
        "createdBy": row.created_by,
        **guide,
        "grantedScopes": row.scopes,
        "_links": {
            "self": link(f"{PATH}/{row.id}", "GET", "DELETE"),
            "client": link(f"/oauth2/v1/clients/{row.id}", "GET"),
        },
    }


def installed_service(client_id: str) -> Integration | None:
    """The installed integration whose client this is."""
    wanted = select(Integration).where(Integration.id == client_id)
    return session().scalars(wanted).one_or_none()


def client_of(row: Integration) -> Json:
    """The integration's client in the words of registration, without its secret (RFC 7591 §2)."""
    return {
        "client_id": row.id,
        "client_id_issued_at": row.created,
        "client_secret_expires_at": 0,
        "client_name": row.name,
        "application_type": "service",
        "response_types": ["token"],
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    }


def _offered(type: str) -> Offer:
    """What is declared under this type: in this org, published or not, or by others."""
    own = session().scalars(select(Declaration).where(Declaration.type == type)).one_or_none()
    if own is not None:
        guide = own.config_guide_url
        return Offer(own.type, own.name, own.description, guide, tuple(own.scopes))
    _, database = installation()
    for offer in catalogue(database):
        if offer.type == type:
            return offer
    raise invalid("type", "The catalogue has no API service integration of this type.")


def _the_service(service_id: str) -> Integration:
    return find(Integration, service_id, "ApiServiceIntegrationInstance")


def _the_secret(service: Integration, secret_id: str) -> IntegrationSecret:
    own = IntegrationSecret.integration_pk == service.pk
    return find(IntegrationSecret, secret_id, "ApiServiceIntegrationInstanceSecret", own)


def _held(service: Integration) -> list[IntegrationSecret]:
    own = select(IntegrationSecret).where(IntegrationSecret.integration_pk == service.pk)
    return list(session().scalars(own.order_by(IntegrationSecret.pk)))


def _add_secret(service: Integration) -> IntegrationSecret:
    row = IntegrationSecret(integration_pk=service.pk, value=new_secret())
    session().add(row)
    session().flush()
    return row


def _secret(service: Integration, row: IntegrationSecret) -> Json:
    path = f"{PATH}/{service.id}/credentials/secrets/{row.id}"
    links = switch_link(path, row.status)
    if row.status == "INACTIVE":
        links["delete"] = link(path, "DELETE")
    hashed = hashlib.sha256(row.value.encode()).digest()[:16]
    return {
        "id": row.id,
        "client_secret": f"***{row.value[-4:]}",
        "secret_hash": urlsafe_b64encode(hashed).decode().rstrip("="),
        "status": row.status,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": links,
    }


def _log(event_type: str, message: str, row: Integration) -> None:
    about = target(row, "PublicClientApp", row.name)
    current_context().event(event_type, message, targets=(about,))
