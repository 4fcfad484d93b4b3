"""Refresh tokens that are good now, by server, app and person; access tokens are in no list."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request
from sqlalchemy import select

from labserver.domain.values import ORG_SERVER
from labserver.store import ledger
from labserver.store.apps import App
from labserver.store.directory import User
from labserver.store.ledger import Held, Whose
from labserver.store.servers import AuthorizationServer, Scope
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.management.apps import the_app
from labserver.web.management.authorization_servers import the_server
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

OF_SERVER = "/authorizationServers/<server_id>/clients"
OF_USER = "/users/<user_id>/clients"
KIND = "OAuth2RefreshToken"
BAD_CURSOR = "after: Use the next link as it is."


@management.get(OF_SERVER)
def list_server_clients(server_id: str) -> Response:
    """The clients that hold refresh tokens of the server."""
    server = the_server(server_id)
    limit = limit_of(200, 200)
    after = request.args.get("after")
    now = current_context().now
    pks = ledger.clients_held(session(), now, limit + 1, after, server_id=server.id)
    if pks is None:
        raise ApiError("E0000029", causes=[BAD_CURSOR])
    wanted = select(App).where(App.pk.in_(pks[:limit])).order_by(App.pk)
    rows = session().scalars(wanted).all()
    following = rows[-1].id if len(pks) > limit else None
    path = f"/api/v1/authorizationServers/{server.id}/clients"
    return with_links(answer([client_document(path, row) for row in rows]), following, limit)


@management.get(f"{OF_SERVER}/<client_id>/tokens")
def list_server_tokens(server_id: str, client_id: str) -> Response:
    """The client's refresh tokens of the server."""
    return _list(_of_server(server_id, client_id))


@management.delete(f"{OF_SERVER}/<client_id>/tokens")
def end_server_tokens(server_id: str, client_id: str) -> Response:
    """They are all over."""
    return _end(_of_server(server_id, client_id))


@management.get(f"{OF_SERVER}/<client_id>/tokens/<token_id>")
def get_server_token(server_id: str, client_id: str, token_id: str) -> Response:
    """One of them."""
    return _show(_of_server(server_id, client_id), token_id)


@management.delete(f"{OF_SERVER}/<client_id>/tokens/<token_id>")
def end_server_token(server_id: str, client_id: str, token_id: str) -> Response:
    """It is over."""
    return _end(_of_server(server_id, client_id), token_id)


@management.get("/apps/<app_id>/tokens")
def list_app_tokens(app_id: str) -> Response:
    """The app's refresh tokens, of all servers."""
    return _list(_of_app(app_id))


@management.delete("/apps/<app_id>/tokens")
def end_app_tokens(app_id: str) -> Response:
    """They are all over."""
    return _end(_of_app(app_id))


@management.get("/apps/<app_id>/tokens/<token_id>")
def get_app_token(app_id: str, token_id: str) -> Response:
    """One of them."""
    return _show(_of_app(app_id), token_id)


@management.delete("/apps/<app_id>/tokens/<token_id>")
def end_app_token(app_id: str, token_id: str) -> Response:
    """It is over."""
    return _end(_of_app(app_id), token_id)


@management.get(OF_USER)
def list_user_clients(user_id: str) -> Response:
    """The clients that hold refresh tokens of the person, or consents."""
    user = find_person(user_id)
    names = ledger.clients_of_user(session(), user.id, current_context().now)
    names |= ledger.clients_consented(session(), user.id)
    limit = limit_of(200, 200)
    wanted = select(App).where(App.client_id.in_(names)).order_by(App.pk).limit(limit + 1)
    if (after := request.args.get("after")) is not None:
        place = session().scalar(select(App.pk).where(App.id == after))
        if place is None:
            raise ApiError("E0000029", causes=[BAD_CURSOR])
        wanted = wanted.where(App.pk > place)
    rows = session().scalars(wanted).all()
    shown = rows[:limit]
    following = shown[-1].id if len(rows) > limit else None
    path = f"/api/v1/users/{user.id}/clients"
    documents = [client_document(path, row, "grants", "tokens") for row in shown]
    return with_links(answer(documents), following, limit)


@management.get(f"{OF_USER}/<client_id>/tokens")
def list_user_tokens(user_id: str, client_id: str) -> Response:
    """The client's refresh tokens of the person."""
    return _list(_of_user(user_id, client_id))


@management.delete(f"{OF_USER}/<client_id>/tokens")
def end_user_tokens(user_id: str, client_id: str) -> Response:
    """They are all over."""
    return _end(_of_user(user_id, client_id))


@management.get(f"{OF_USER}/<client_id>/tokens/<token_id>")
def get_user_token(user_id: str, client_id: str, token_id: str) -> Response:
    """One of them."""
    return _show(_of_user(user_id, client_id), token_id)


@management.delete(f"{OF_USER}/<client_id>/tokens/<token_id>")
def end_user_token(user_id: str, client_id: str, token_id: str) -> Response:
    """It is over."""
    return _end(_of_user(user_id, client_id), token_id)


def client_document(path: str, row: App, *kinds: str) -> Json:
    """A client among those of a server or a person."""
    below = f"{path}/{row.client_id}"
    return {
        "client_id": row.client_id,
        "client_name": row.label,
        "client_uri": row.client_uri,
        "logo_uri": row.logo_uri,
        "_links": {
            "client": link(f"/oauth2/v1/clients/{row.client_id}"),
            **{kind: link(f"{below}/{kind}", "GET", "DELETE") for kind in kinds or ("tokens",)},
        },
    }


def server_link(server_id: str) -> Json:
    """The link to a custom server; the org server has no document."""
    if server_id == ORG_SERVER:
        return {}
    named = select(AuthorizationServer.name).where(AuthorizationServer.id == server_id)
    address = url(f"/api/v1/authorizationServers/{server_id}")
    return {"authorizationServer": {"href": address, "title": session().scalar(named)}}


def issuer_of(server_id: str) -> str:
    """The issuer of a server's tokens."""
    return url("") if server_id == ORG_SERVER else url(f"/oauth2/{server_id}")


def _of_server(server_id: str, client_id: str) -> Whose:
    return Whose(the_client(client_id).client_id, the_server(server_id).id)


def _of_app(app_id: str) -> Whose:
    return Whose(the_app(app_id).client_id)


def _of_user(user_id: str, client_id: str) -> Whose:
    user = find_person(user_id)
    return Whose(the_client(client_id).client_id, None, user.id)


def _list(whose: Whose) -> Response:
    _expand_is_known()
    limit = limit_of(20, 200)
    after = request.args.get("after")
    found = ledger.list_held(session(), whose, current_context().now, limit + 1, after)
    if found is None:
        raise ApiError("E0000029", causes=[BAD_CURSOR])
    shown = found[:limit]
    following = shown[-1].family.id if len(found) > limit else None
    return with_links(answer(_documents(shown)), following, limit)


def _expand_is_known() -> None:
    """Raises `ApiError` E0000001 for a wish that there is nothing for."""
    if request.args.get("expand", "scope") != "scope":
        raise invalid("expand", "It is scope.")


def _show(whose: Whose, token_id: str) -> Response:
    _expand_is_known()
    return answer(_documents([_the_token(whose, token_id)])[0])


def _end(whose: Whose, token_id: str | None = None) -> Response:
    now = current_context().now
    if token_id is None:
        ledger.end_held(session(), whose, now)
    else:
        ledger.revoke_family(session(), _the_token(whose, token_id).family.id, now)
    client = the_client(str(whose.client_id))
    current_context().event(
        "app.oauth2.as.token.revoke",
        "Revoke refresh tokens" if token_id is None else "Revoke a refresh token",
        targets=(target(client, "PublicClientApp", client.label),),
    )
    return gone()


def _the_token(whose: Whose, token_id: str) -> Held:
    held = ledger.find_held(session(), whose, token_id, current_context().now)
    if held is None:
        raise not_found(token_id, KIND)
    return held


def _documents(tokens: Sequence[Held]) -> list[Json]:
    """The tokens as the API shows them, those of one client, with titles found once."""
    clients = {held.family.client_id for held in tokens}
    labels = {name: the_client(name) for name in clients}
    people = {held.family.user_id for held in tokens}
    named = session().execute(select(User.id, User.login).where(User.id.in_(people)))
    logins = {user_id: login for user_id, login in named}  # noqa: C416  (rows, not pairs)
    servers = {name: server_link(name) for name in {held.family.server_id for held in tokens}}
    return [
        _document(
            held,
            labels[held.family.client_id],
            logins.get(str(held.family.user_id)),
            servers[held.family.server_id],
        )
        for held in tokens
    ]


def _document(held: Held, app: App, login: str | None, server: Json) -> Json:
    family = held.family
    base = request.path.removesuffix(f"/{family.id}")
    document: Json = {
        "id": family.id,
        "status": "ACTIVE",
        "created": timestamp(family.created),
        "lastUpdated": timestamp(held.updated),
        "expiresAt": timestamp(held.expires),
        "issuer": issuer_of(family.server_id),
        "clientId": family.client_id,
        "userId": family.user_id,
        "scopes": list(held.scopes),
        "_links": {
            "app": {"href": url(f"/api/v1/apps/{app.id}"), "title": app.label},
            "self": link(f"{base}/{family.id}", "GET", "DELETE"),
            "revoke": link(f"{base}/{family.id}", "DELETE"),
            "client": {"href": url(f"/oauth2/v1/clients/{app.client_id}"), "title": app.label},
            "user": {"href": url(f"/api/v1/users/{family.user_id}"), "title": login},
            **server,
        },
    }
    if "expand" in request.args:
        document["_embedded"] = {"scopes": _scopes(family.server_id, held.scopes)}
    return document


def _scopes(server_id: str, names: tuple[str, ...]) -> list[Json]:
    """What the scopes are at their server; at the org server they are their names."""
    server = select(AuthorizationServer.pk).where(AuthorizationServer.id == server_id)
    wanted = select(Scope).where(Scope.server_pk == server.scalar_subquery(), Scope.name.in_(names))
    rows = {row.name: row for row in session().scalars(wanted)}
    return [
        _scope(server_id, rows[name]) if name in rows else {"id": name, "name": name}
        for name in names
    ]


def _scope(server_id: str, row: Scope) -> Json:
    path = f"/api/v1/authorizationServers/{server_id}/scopes/{row.id}"
    return {
        "id": row.id,
        "name": row.name,
        "displayName": row.display_name or None,
        "description": row.description or None,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {"scope": {"href": url(path), "title": row.name}},
    }
