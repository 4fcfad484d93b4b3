"""What the lab says of a stolen credential: whose it is, what it opens, and whether it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
from jwt import InvalidKeyError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from grantlab.finding import LabError, client_for, json_of
from grantlab.lab import Lab
from grantlab.least_privilege import Identity, Role, operations_in, predict
from grantlab.loot import Kind, Loot, Reach
from grantlab.tokens import decode
from grantlab.trying import holder_in, owner_of, roles_at

Document = dict[str, Any]
_OFF = frozenset({"SUSPENDED", "DEPROVISIONED", "LOCKED_OUT", "INACTIVE"})


def ask(lab: Lab, loot: Loot) -> Loot:
    """The same credential, with what the lab says of it; its `sources` tell who was asked.

    Nothing is used up by asking, and no password is tried. Only an API token is used once:
    nobody but its own use can tell whose it is, and its thirty days begin again.
    """
    asking = _ASKING.get(loot.kind)
    if asking is None:
        return loot
    try:
        return asking(lab, loot)
    except (LabError, httpx.HTTPError) as problem:
        return replace(loot, sources=(*loot.sources, f"the lab could not be asked: {problem}"))


def moment_of(published: str) -> float:
    """A time as the management API writes it, in seconds since the epoch."""
    return datetime.fromisoformat(published).timestamp()


def _token(lab: Lab, loot: Loot) -> Loot:
    """An access or ID token: any confidential client may ask about it (RFC 7662)."""
    issuer = str(decode(loot.value).payload.get("iss", ""))
    if issuer != lab.url and not issuer.startswith(f"{lab.url}/oauth2/"):
        note = f"nobody was asked: its issuer is {issuer or 'not named'}, which is not this lab"
        return replace(loot, sources=(*loot.sources, note))
    asker = next(iter(_confidential(lab)))
    answer = _introspected(issuer, loot.value, asker)
    found = _labelled(lab, loot)
    sources = (*found.sources, "introspection", "the management API")
    if not answer.get("active"):
        return replace(found, alive=False, over_because="introspection says so", sources=sources)
    if found.kind == "ID token":
        return replace(found, alive=True, owner=str(answer.get("username", found.owner)),
                       sources=sources)  # fmt: skip
    return replace(_reaching(lab, found, issuer), alive=True, sources=sources)


def _refresh(lab: Lab, loot: Loot) -> Loot:
    """A refresh token: only its own client may ask, so all are tried until one is told."""
    issuers = [lab.url, *(each["issuer"] for each in _all(lab, "authorizationServers"))]
    sources = (*loot.sources, "introspection, asked as its own client")
    for app in _apps(lab):
        if loot.client and app["credentials"]["oauthClient"]["client_id"] != loot.client:
            continue
        for issuer in issuers:
            answer = _introspected(issuer, loot.value, app)
            if answer.get("active"):
                return replace(
                    loot, alive=True, owner=str(answer.get("username", "")), client=app["label"],
                    scopes=tuple(str(answer.get("scope", "")).split()), expires=answer.get("exp"),
                    opens=(f"the token endpoint of {_server_name(lab, issuer)}, again and again",),
                    sources=sources,
                )  # fmt: skip
    over = "no client is told that it holds"
    return replace(_labelled(lab, loot), alive=False, over_because=over, sources=sources)


def _api_token(lab: Lab, loot: Loot) -> Loot:
    sources = (*loot.sources, "one use of it", "the management API")
    try:
        owner, login = owner_of(lab, loot.value)
    except LabError as refused:
        return replace(loot, alive=False, over_because=str(refused), sources=sources)
    roles = roles_at(lab, f"/api/v1/users/{owner}")
    return replace(
        loot,
        alive=True,
        owner=login,
        roles=_names(roles),
        opens=(f"the management API of {lab.url}",),
        reach=_calls(lab, Identity("", None, roles)),
        sources=sources,
    )


def _password(lab: Lab, loot: Loot) -> Loot:
    if not loot.owner:
        return loot
    found = json_of(lab.admin.get(f"/api/v1/users/{quote(loot.owner, safe='')}"))
    sources = (*loot.sources, "the management API, about the person; the password was not tried")
    return replace(_as_person(lab, loot, found), sources=sources)


def _cookie(lab: Lab, loot: Loot) -> Loot:
    with client_for(lab.url) as client:
        answer = client.get(
            f"{lab.url}/api/v1/sessions/me", headers={"Cookie": f"sid={loot.value}"}
        )
    sources = (*loot.sources, "the session itself")
    if answer.status_code != 200:
        return replace(loot, alive=False, over_because="the session has ended", sources=sources)
    session = answer.json()
    found = json_of(lab.admin.get(f"/api/v1/users/{session['userId']}"))
    return replace(
        _as_person(lab, loot, found), alive=True, expires=moment_of(session["expiresAt"]),
        reach=None, sources=(*sources, "the management API"),
    )  # fmt: skip


def _client(lab: Lab, loot: Loot) -> Loot:
    """A secret or a private key: the app is found whose it is."""
    sources = (*loot.sources, "the management API", "a preview of its tokens")
    fits = _has_key if loot.kind == "private key" else _has_secret
    for app in _apps(lab):
        if fits(lab, app, loot.value):
            return replace(_as_app(lab, loot, app), sources=sources)
    over = "no app of this org has it"
    return replace(loot, alive=False, over_because=over, sources=sources)


def _assertion(lab: Lab, loot: Loot) -> Loot:
    return replace(_labelled(lab, loot), sources=(*loot.sources, "the management API"))


_ASKING: dict[Kind, Callable[[Lab, Loot], Loot]] = {
    "access token": _token,
    "ID token": _token,
    "refresh token": _refresh,
    "API token": _api_token,
    "password": _password,
    "session cookie": _cookie,
    "client secret": _client,
    "private key": _client,
    "client assertion": _assertion,
    "authorization code": _assertion,
}


def _as_person(lab: Lab, loot: Loot, found: Document) -> Loot:
    """What a person's own credential opens."""
    roles = roles_at(lab, f"/api/v1/users/{found['id']}")
    off = found["status"] in _OFF
    reach = _calls(lab, Identity("", None, roles)) if roles else None
    return replace(
        loot, owner=found["profile"]["login"], roles=_names(roles), reach=reach,
        alive=False if off else loot.alive,
        over_because=f"the person is {found['status']}" if off else "",
    )  # fmt: skip


def _as_app(lab: Lab, loot: Loot, app: Document) -> Loot:
    """What an app gets in its own name: the scopes of every server that lets it in."""
    client = app["credentials"]["oauthClient"]["client_id"]
    grants = json_of(lab.admin.get(f"/api/v1/apps/{app['id']}/grants"))
    granted = tuple(each["scopeId"] for each in grants)
    opens = [f"the token endpoint, as {app['label']}"]
    scopes = list(granted)
    if granted:
        opens.append(f"the management API of {lab.url}")
    for server in _all(lab, "authorizationServers"):
        if mine := _allowed(lab, app, server):
            scopes += mine
            opens += server["audiences"]
    roles = roles_at(lab, f"/oauth2/v1/clients/{client}")
    off = app["status"] in _OFF
    return replace(
        loot, owner=app["label"], client=app["label"], scopes=tuple(scopes), opens=tuple(opens),
        roles=_names(roles), alive=not off, over_because="the app is off" if off else "",
        reach=_calls(lab, Identity("", frozenset(granted), roles)),
    )  # fmt: skip


def _allowed(lab: Lab, app: Document, server: Document) -> list[str]:
    """The server's own scopes that the app would get without anybody signed in."""
    if "client_credentials" not in app["settings"]["oauthClient"]["grant_types"]:
        return []
    return [
        name
        for name in _own_scopes(lab, server["id"])
        if _previewed(lab, app, server["id"], name).get("accessToken")
    ]


def _previewed(lab: Lab, app: Document, server: str, scope: str) -> Document:
    asked = {
        "authorizationServerId": server,
        "clientId": app["credentials"]["oauthClient"]["client_id"],
        "grantType": "client_credentials",
        "scopes": [scope],
    }
    answer = lab.admin.post("/lab/preview", json=asked)
    return dict(answer.json()) if answer.is_success else {}


def _reaching(lab: Lab, loot: Loot, issuer: str) -> Loot:
    claims = decode(loot.value).payload
    granted = frozenset(loot.scopes or ())
    if issuer == lab.url:
        roles = roles_at(lab, holder_in(claims))
        reach = _calls(lab, Identity("", granted, roles))
        return replace(loot, roles=_names(roles), reach=reach)
    own = {server["issuer"]: _own_scopes(lab, server["id"])
           for server in _all(lab, "authorizationServers")}  # fmt: skip
    opened, total = len(granted & set(own.get(issuer, ()))), sum(map(len, own.values()))
    return replace(loot, reach=Reach(opened, total, "scopes of all APIs here")) if total else loot


def _calls(lab: Lab, identity: Identity) -> Reach:
    """How many calls of the management API it opens."""
    asked = [each for each in operations_in(lab.operations()) if not each.public]
    opened = sum(predict(identity, each).outcome == "allowed" for each in asked)
    return Reach(opened, len(asked), "calls of the management API")


def _own_scopes(lab: Lab, server: str) -> list[str]:
    scopes = json_of(lab.admin.get(f"/api/v1/authorizationServers/{server}/scopes"))
    return [each["name"] for each in scopes if not each["system"]]


def _introspected(issuer: str, token: str, app: Document) -> Document:
    root = f"{issuer}/v1" if "/oauth2/" in issuer else f"{issuer}/oauth2/v1"
    client = app["credentials"]["oauthClient"]
    form = {"token": token}
    request: dict[str, Any] = {"data": form}
    if client["token_endpoint_auth_method"] == "client_secret_basic":
        request["auth"] = (client["client_id"], client["client_secret"])
    else:
        form |= {"client_id": client["client_id"]}
        if client.get("client_secret"):
            form |= {"client_secret": client["client_secret"]}
    with client_for(issuer) as http:
        answer = http.post(f"{root}/introspect", **request)
    return dict(answer.json()) if answer.is_success else {}


def _labelled(lab: Lab, loot: Loot) -> Loot:
    """The app's name instead of its client id."""
    answer = lab.admin.get(f"/api/v1/apps/{quote(loot.client, safe='')}") if loot.client else None
    if answer is None or not answer.is_success:
        return loot
    label = answer.json()["label"]
    owner = label if loot.owner == loot.client else loot.owner
    return replace(loot, client=label, owner=owner)


def _has_secret(lab: Lab, app: Document, value: str) -> bool:
    if app["credentials"]["oauthClient"]["token_endpoint_auth_method"] in (
        "none",
        "private_key_jwt",
    ):
        return False
    secrets = json_of(lab.admin.get(f"/api/v1/apps/{app['id']}/credentials/secrets"))
    return any(each["client_secret"] == value and each["status"] == "ACTIVE" for each in secrets)


def _has_key(lab: Lab, app: Document, value: str) -> bool:
    mine = _public_part(value)
    keys = (app["settings"]["oauthClient"].get("jwks") or {}).get("keys", ())
    return mine is not None and any({name: key.get(name) for name in mine} == mine for key in keys)


def _public_part(value: str) -> dict[str, str] | None:
    """What private and public key have in common: RSA's modulus, or the point on the curve."""
    try:
        jwk = json.loads(value) if value.lstrip().startswith("{") else _jwk_of(value)
    except ValueError:
        return None
    return {name: str(jwk[name]) for name in ("n", "x", "y") if name in jwk}


def _jwk_of(pem: str) -> Document:
    kinds: tuple[Any, ...] = (RSAAlgorithm(RSAAlgorithm.SHA256), ECAlgorithm(ECAlgorithm.SHA256))
    for kind in kinds:
        try:
            return dict(kind.to_jwk(kind.prepare_key(pem), as_dict=True))
        except (TypeError, ValueError, InvalidKeyError):
            continue
    raise ValueError("no RSA or EC key")


def _confidential(lab: Lab) -> Iterator[Document]:
    """Apps with a secret: they may ask about any access or ID token."""
    found = [each for each in _apps(lab) if each["credentials"]["oauthClient"].get("client_secret")]
    if not found:
        raise LabError("no app of this org has a secret, so nobody may ask")
    yield from found


def _apps(lab: Lab) -> list[Document]:
    return _all(lab, "apps")


def _all(lab: Lab, kind: str) -> list[Document]:
    return list(json_of(lab.admin.get(f"/api/v1/{kind}", params={"limit": 200})))


def _server_name(lab: Lab, issuer: str) -> str:
    servers = _all(lab, "authorizationServers")
    return next((each["name"] for each in servers if each["issuer"] == issuer), "the org server")


def _names(roles: tuple[Role, ...]) -> tuple[str, ...]:
    return tuple(role.name for role in roles)
