"""`/users/{id}/grants`: what people said yes to; a yes that is taken back is asked for again."""

from __future__ import annotations

from flask import Response, request
from sqlalchemy import select

from labserver.store import ledger
from labserver.store.apps import App
from labserver.store.directory import User
from labserver.store.ledger import Yes
from labserver.store.servers import AuthorizationServer, Scope
from labserver.web.context import current_context
from labserver.web.errors import ApiError, not_found
from labserver.web.management.clients import the_client
from labserver.web.management.resources import (
    Json,
    answer,
    find_person,
    gone,
    limit_of,
    link,
    session,
    target,
    timestamp,
    url,
    with_links,
)
from labserver.web.management.routes import management
from labserver.web.management.tokens import BAD_CURSOR, issuer_of, server_link

KIND = "OAuth2ScopeConsentGrant"
GRANTS = "/users/<user_id>/grants"
OF_CLIENT = "/users/<user_id>/clients/<client_id>/grants"


@management.get(GRANTS)
def list_user_grants(user_id: str) -> Response:
    """The person's consents, for all clients."""
    return _list(find_person(user_id))


@management.delete(GRANTS)
def end_user_grants(user_id: str) -> Response:
    """They are all taken back."""
    return _end(find_person(user_id))


@management.get(f"{GRANTS}/<grant_id>")
def get_user_grant(user_id: str, grant_id: str) -> Response:
    """One consent."""
    user = find_person(user_id)
    return answer(_document(user, _the_yes(user, grant_id)))


@management.delete(f"{GRANTS}/<grant_id>")
def end_user_grant(user_id: str, grant_id: str) -> Response:
    """It is taken back."""
    user = find_person(user_id)
    return _end(user, id=_the_yes(user, grant_id).id)


@management.get(OF_CLIENT)
def list_client_grants(user_id: str, client_id: str) -> Response:
    """The person's consents for one client."""
    user = find_person(user_id)
    return _list(user, client_id=the_client(client_id).client_id)


@management.delete(OF_CLIENT)
def end_client_grants(user_id: str, client_id: str) -> Response:
    """They are all taken back."""
    user = find_person(user_id)
    return _end(user, client_id=the_client(client_id).client_id)


def _list(user: User, **which: str) -> Response:
    limit = limit_of(20, 200)
    after = request.args.get("after")
    place = 0
    if after is not None:
        found = ledger.list_consents(session(), 1, id=after)
        if not found:
            raise ApiError("E0000029", causes=[BAD_CURSOR])
        place = found[0].pk
    rows = ledger.list_consents(session(), limit + 1, place, user_id=user.id, **which)
    shown = rows[:limit]
    following = shown[-1].id if len(rows) > limit else None
    return with_links(answer([_document(user, row) for row in shown]), following, limit)


def _end(user: User, **which: str) -> Response:
    ledger.end_consents(session(), user_id=user.id, **which)
    current_context().event(
        "app.oauth2.as.consent.revoke",
        "Take back consents of a user",
        targets=(target(user, "User", user.login),),
    )
    return gone()


def _the_yes(user: User, grant_id: str) -> Yes:
    found = ledger.list_consents(session(), 1, id=grant_id, user_id=user.id)
    if not found:
        raise not_found(grant_id, KIND)
    return found[0]


def _document(user: User, yes: Yes) -> Json:
    app = session().scalars(select(App).where(App.client_id == yes.client_id)).one_or_none()
    label = app.label if app else yes.client_id
    server = select(AuthorizationServer.pk).where(AuthorizationServer.id == yes.server_id)
    wanted = select(Scope).where(
        Scope.server_pk == server.scalar_subquery(), Scope.name == yes.scope
    )
    scope = session().scalars(wanted).one_or_none()
    scope_id = scope.id if scope else yes.scope
    document: Json = {
        "id": yes.id,
        "status": "ACTIVE",
        "created": timestamp(yes.created),
        "createdBy": {"id": user.id, "type": "User"},
        "lastUpdated": timestamp(yes.created),
        "issuer": issuer_of(yes.server_id),
        "clientId": yes.client_id,
        "userId": user.id,
        "scopeId": scope_id,
        "source": "END_USER",
        "_links": {
            "self": link(f"/api/v1/users/{user.id}/grants/{yes.id}", "GET", "DELETE"),
            "client": {"href": url(f"/oauth2/v1/clients/{yes.client_id}"), "title": label},
            "user": {"href": url(f"/api/v1/users/{user.id}"), "title": user.login},
            **server_link(yes.server_id),
        },
    }
    if app is not None:
        document["_links"]["app"] = {"href": url(f"/api/v1/apps/{app.id}"), "title": label}
    if scope is not None:
        path = f"/api/v1/authorizationServers/{yes.server_id}/scopes/{scope.id}"
        document["_links"]["scope"] = {"href": url(path), "title": yes.scope}
    if request.args.get("expand") == "scope":
        document["_embedded"] = {"scope": {"id": scope_id, "name": yes.scope}}
    return document
