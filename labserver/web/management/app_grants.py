"""`/apps/{id}/grants`: the `okta.*` scopes that an app may ask for."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field
from sqlalchemy import select

from labserver.domain.catalog import API_SCOPES
from labserver.store.apps import ApiScopeGrant, App
from labserver.store.directory import User
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid
from labserver.web.management.apps import KIND, the_app
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
    target,
    timestamp,
    url,
)
from labserver.web.management.routes import management

PATH = "/apps/<app_id>/grants"


class GrantDocument(Document):
    """A grant as a caller describes it."""

    scope_id: Annotated[str, Field(min_length=1)]
    issuer: str


@management.get(PATH)
def list_grants(app_id: str) -> Response:
    """The app's grants."""
    app = the_app(app_id)
    statement = select(ApiScopeGrant).where(ApiScopeGrant.app_pk == app.pk)
    return page(statement, ApiScopeGrant, lambda row: _document(app, row))


@management.post(PATH)
def create_grant(app_id: str) -> Response:
    """The app may ask the org server for one more scope."""
    app = the_app(app_id)
    body = read(GrantDocument, json_body())
    if body.scope_id not in API_SCOPES:
        raise invalid("scopeId", f"There is no scope {body.scope_id!r} of the management API.")
    if body.issuer != url(""):
        raise invalid("issuer", f"It is the org authorization server's: {url('')}")
    must_be_new("scopeId", ApiScopeGrant.app_pk == app.pk, ApiScopeGrant.scope == body.scope_id)
    row = ApiScopeGrant(app_pk=app.pk, scope=body.scope_id, granted_by=guard.caller().id)
    session().add(row)
    session().flush()
    _log("app.oauth2.admin.consent.grant", f"Grant {row.scope} to an application", app)
    return answer(_document(app, row), 201)


@management.get(f"{PATH}/<grant_id>")
def get_grant(app_id: str, grant_id: str) -> Response:
    """One grant."""
    app = the_app(app_id)
    return answer(_document(app, _the_grant(app, grant_id)))


@management.delete(f"{PATH}/<grant_id>")
def delete_grant(app_id: str, grant_id: str) -> Response:
    """New tokens lack the scope; those that exist keep it to their end."""
    app = the_app(app_id)
    row = _the_grant(app, grant_id)
    _log("app.oauth2.admin.consent.revoke", f"Revoke {row.scope} of an application", app)
    return remove(row)


def _the_grant(app: App, grant_id: str) -> ApiScopeGrant:
    return find(ApiScopeGrant, grant_id, "OAuth2ScopeConsentGrant", ApiScopeGrant.app_pk == app.pk)


def _document(app: App, row: ApiScopeGrant) -> Json:
    path = f"/api/v1/apps/{app.id}"
    document: Json = {
        "id": row.id,
        "status": "ACTIVE",
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "issuer": url(""),
        "clientId": app.client_id,
        "scopeId": row.scope,
        "source": "ADMIN",
        "_embedded": {"scope": {"id": row.scope}},
        "_links": {
            "app": {"href": url(path), "title": app.label},
            "self": link(f"{path}/grants/{row.id}", "GET", "DELETE"),
            "client": {"href": url(f"/oauth2/v1/clients/{app.client_id}"), "title": app.label},
        },
    }
    if row.granted_by is not None:
        kind = "User" if row.granted_by.startswith(User.id_prefix) else "Client"
        document["createdBy"] = {"id": row.granted_by, "type": kind}
    return document


def _log(event_type: str, message: str, app: App) -> None:
    current_context().event(event_type, message, targets=(target(app, KIND, app.label),))
