"""What tests say: register an app, sign a person in, authorize, exchange the code, read a token.

Everything here is a plain HTTP call that any client could make. `http` is a client without
credentials (it keeps cookies, as one browser does), `admin` one with the org's API token.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CALLBACK = "http://127.0.0.1:8765/callback"
SIGNED_OUT = "http://127.0.0.1:8765/signed-out"
PASSWORD = "Open-Sesame-2026"
"""The password of all people of the bundled world."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_labels = count(1)


@dataclass(frozen=True)
class Issuer:
    """An authorization server, org or custom: `url` is the issuer, `root` leads to `/token`."""

    kind: str
    url: str
    root: str

    @property
    def is_org(self) -> bool:
        """Whether it is the org authorization server."""
        return self.kind == "org"

    def at(self, endpoint: str) -> str:
        """The URL of an endpoint: `at("token")`."""
        return f"{self.root}/{endpoint}"


@dataclass(frozen=True)
class App:
    """A registered client; `key` is the private one of `private_key_jwt`."""

    id: str
    secret: str | None
    auth: str
    label: str
    redirect_uri: str = CALLBACK
    key: PrivateKey | None = field(default=None, repr=False)

    def credentials(self, endpoint: str = "") -> dict[str, Any]:
        """What httpx must be told so that a request comes from this app; `endpoint`: its URL."""
        if self.auth == "none":
            return {"data": {"client_id": self.id}}
        if self.auth == "client_secret_basic":
            return {"auth": (self.id, self.secret)}
        if self.auth == "client_secret_post":
            return {"data": {"client_id": self.id, "client_secret": self.secret}}
        return {"data": assertion(self, endpoint)}


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: str
    login: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Authorized:
    """The answer of the authorization endpoint, and what the app keeps for the exchange."""

    response: httpx.Response
    verifier: str
    app: App

    @property
    def fields(self) -> dict[str, str]:
        """What the redirect carries, in its query or its fragment."""
        return fields_of(self.response)

    @property
    def code(self) -> str:
        """The authorization code; fails when there is none."""
        assert "code" in self.fields, (self.response.status_code, self.fields, self.response.text)
        return self.fields["code"]


def org_server(url: str) -> Issuer:
    """The org authorization server of the org at this URL."""
    return Issuer("org", url, f"{url}/oauth2/v1")


def custom_server(url: str, server_id: str = "default") -> Issuer:
    """A custom authorization server of the org at this URL."""
    return Issuer("custom", f"{url}/oauth2/{server_id}", f"{url}/oauth2/{server_id}/v1")


def done(answer: httpx.Response) -> Any:
    """The JSON of a call that must succeed; None when its body is empty."""
    assert answer.is_success, (answer.request.method, str(answer.request.url), answer.text)
    return answer.json() if answer.content else None


# Arranging


def register_app(
    admin: httpx.Client,
    *people: Person,
    type: str = "web",
    auth: str | None = None,
    key: PrivateKey | None = None,
    jwks: dict[str, Any] | None = None,
    pkce: bool | None = None,
    **settings: Any,
) -> App:
    """A new app, these people assigned; `settings` are those of `settings.oauthClient`.

    By default it signs people in with codes and refreshes; a service app has client credentials.
    """
    auth = auth or ("none" if type in ("browser", "native") else "client_secret_basic")
    label = settings.pop("label", f"App {next(_labels)}")
    credentials: dict[str, Any] = {"token_endpoint_auth_method": auth}
    credentials["pkce_required"] = auth == "none" if pkce is None else pkce
    for name in ("client_id", "client_secret"):
        if name in settings:
            credentials[name] = settings.pop(name)
    if key is not None:
        jwks = {"keys": [public_jwk(key, "of-the-test")]}
    body = {
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "profile": settings.pop("profile", {}),
        "credentials": {"oauthClient": credentials},
        "settings": {
            "oauthClient": _oauth_settings(type) | ({"jwks": jwks} if jwks else {}) | settings
        },
    }
    made = done(admin.post("/api/v1/apps", json=body))
    shown = made["credentials"]["oauthClient"]
    app = App(shown["client_id"], shown.get("client_secret"), auth, label, key=key)
    for person in people:
        assign(admin, app, person)
    return app


def change_app(admin: httpx.Client, app: App, **settings: Any) -> None:
    """The app has these settings of `settings.oauthClient`, all others as before."""
    document = done(admin.get(f"/api/v1/apps/{app.id}"))
    document["settings"]["oauthClient"] |= settings
    done(admin.put(f"/api/v1/apps/{app.id}", json=document))


def _oauth_settings(type: str) -> dict[str, Any]:
    if type == "service":
        return {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "response_types": ["token"],
        }
    return {
        "application_type": type,
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }


def everything() -> dict[str, Any]:
    """Settings of an app that may ask for every response type."""
    return {
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "token", "id_token"],
    }


def assign(admin: httpx.Client, app: App, person: Person) -> None:
    """The person may use the app."""
    body = {"id": person.id, "scope": "USER"}
    done(admin.post(f"/api/v1/apps/{app.id}/users", json=body))


def unassign(admin: httpx.Client, app: App, person: Person) -> None:
    """The person may not use the app any more."""
    done(admin.delete(f"/api/v1/apps/{app.id}/users/{person.id}"))


def find_person(admin: httpx.Client, name: str = "cora") -> Person:
    """Somebody of the bundled world, by the first part of the login."""
    login = f"{name}@bank.example"
    return Person(done(admin.get(f"/api/v1/users/{login}"))["id"], login)


def add_user(admin: httpx.Client, name: str, **profile: str) -> Person:
    """A new active person, `<name>@bank.example`."""
    login = f"{name}@bank.example"
    body = {
        "profile": {"firstName": name.title(), "lastName": "Tester", "email": login, "login": login}
        | profile,
        "credentials": {"password": {"value": PASSWORD}},
    }
    made = done(admin.post("/api/v1/users", params={"activate": "true"}, json=body))
    return Person(made["id"], login)


def set_status(admin: httpx.Client, person: Person, operation: str) -> None:
    """`suspend`, `unsuspend`, `deactivate` …: one of the user lifecycle operations."""
    done(admin.post(f"/api/v1/users/{person.id}/lifecycle/{operation}"))


def add_scope(
    admin: httpx.Client, name: str, server_id: str = "default", **properties: Any
) -> dict[str, Any]:
    """A new scope of a custom server; `properties` by their API names."""
    path = f"/api/v1/authorizationServers/{server_id}/scopes"
    made: dict[str, Any] = done(admin.post(path, json={"name": name} | properties))
    return made


def add_claim(
    admin: httpx.Client, name: str, value: str, server_id: str = "default", **properties: Any
) -> dict[str, Any]:
    """A new claim of a custom server, in access tokens unless `claimType` says otherwise."""
    body = {"name": name, "value": value, "claimType": "RESOURCE", "valueType": "EXPRESSION"}
    path = f"/api/v1/authorizationServers/{server_id}/claims"
    made: dict[str, Any] = done(admin.post(path, json=body | properties))
    return made


def add_server(admin: httpx.Client, name: str = "Orders", *scopes: str) -> str:
    """The id of a new custom server with these scopes, and no policy yet."""
    body = {"name": name, "description": name, "audiences": [f"api://{name.lower()}"]}
    server_id: str = done(admin.post("/api/v1/authorizationServers", json=body))["id"]
    for scope in scopes:
        add_scope(admin, scope, server_id)
    return server_id


def add_policy(
    admin: httpx.Client, server_id: str, name: str = "All", clients: tuple[str, ...] = ()
) -> str:
    """The id of a new policy, for these clients or for all."""
    body = {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": name,
        "description": name,
        "priority": 1,
        "conditions": {"clients": {"include": list(clients) or ["ALL_CLIENTS"]}},
    }
    path = f"/api/v1/authorizationServers/{server_id}/policies"
    policy_id: str = done(admin.post(path, json=body))["id"]
    return policy_id


def add_rule(
    admin: httpx.Client,
    server_id: str,
    policy_id: str,
    name: str = "Any",
    *,
    grant_types: tuple[str, ...] = ("authorization_code", "implicit", "client_credentials"),
    scopes: tuple[str, ...] = ("*",),
    groups: tuple[str, ...] = ("EVERYONE",),
    **lifetimes: int,
) -> str:
    """The id of a new rule; `lifetimes` as in `actions.token`, by their API names."""
    path = f"/api/v1/authorizationServers/{server_id}/policies/{policy_id}/rules"
    body = rule(name, grant_types=grant_types, scopes=scopes, groups=groups, **lifetimes)
    rule_id: str = done(admin.post(path, json=body))["id"]
    return rule_id


def rule(
    name: str,
    *,
    grant_types: tuple[str, ...],
    scopes: tuple[str, ...] = ("*",),
    groups: tuple[str, ...] = ("EVERYONE",),
    **lifetimes: int,
) -> dict[str, Any]:
    """The document of a rule."""
    return {
        "type": "RESOURCE_ACCESS",
        "name": name,
        "priority": 1,
        "conditions": {
            "people": {
                "users": {"include": [], "exclude": []},
                "groups": {"include": list(groups), "exclude": []},
            },
            "grantTypes": {"include": list(grant_types)},
            "scopes": {"include": list(scopes)},
        },
        "actions": {
            "token": {
                "accessTokenLifetimeMinutes": 60,
                "refreshTokenLifetimeMinutes": 0,
                "refreshTokenWindowMinutes": 10080,
            }
            | lifetimes
        },
    }


def move_clock(admin: httpx.Client, seconds: int) -> None:
    """It is so many seconds later in the org."""
    done(admin.post("/lab/clock", json={"forward": seconds}))


# Acting


def sign_in(http: httpx.Client, person: Person) -> str:
    """A session token, as a page of the app's own would get it."""
    body = {"username": person.login, "password": person.password}
    token: str = done(http.post("/api/v1/authn", json=body))["sessionToken"]
    return token


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier, reckoned here and not by the server's code."""
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_parameters(app: App, verifier: str, **changes: str | None) -> dict[str, str]:
    """A sound request for a code; a change to None leaves the parameter out."""
    parameters: dict[str, str | None] = {
        "client_id": app.id,
        "redirect_uri": app.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "state-of-the-app",
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    parameters |= changes
    return {name: value for name, value in parameters.items() if value is not None}


def authorize(
    http: httpx.Client,
    issuer: Issuer,
    app: App,
    person: Person | None = None,
    **changes: str | None,
) -> Authorized:
    """The first answer of the authorization endpoint; `person` comes with a session token."""
    verifier = secrets.token_urlsafe(48)
    parameters = authorize_parameters(app, verifier, **changes)
    if person is not None:
        parameters["sessionToken"] = sign_in(http, person)
    answer = http.get(issuer.at("authorize"), params=parameters)
    return Authorized(answer, verifier, app)


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """What a redirect carries, in its query or its fragment."""
    parts = urlsplit(answer.headers.get("Location", ""))
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def form_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where the page's form goes, and the hidden fields in it."""
    from html.parser import HTMLParser

    class Form(HTMLParser):
        action = ""
        fields: dict[str, str] = {}  # noqa: RUF012  (of this class alone, which is made here)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            values = {name: value or "" for name, value in attrs}
            if tag == "form":
                self.action = values["action"]
            if tag == "input" and values.get("type") == "hidden":
                self.fields[values["name"]] = values["value"]

    form = Form()
    form.feed(page.text)
    return form.action, form.fields


def target_of(answer: httpx.Response) -> str:
    """The absolute URL that a redirect leads to."""
    return str(answer.url.join(answer.headers["Location"]))


def type_password(http: httpx.Client, answer: httpx.Response, person: Person) -> httpx.Response:
    """What follows when the person signs in on the page that the answer leads to."""
    page = http.get(target_of(answer))
    action, fields = form_of(page)
    typed = {"username": person.login, "password": person.password}
    submitted = http.post(page.url.join(action), data=fields | typed)
    return http.get(target_of(submitted))


def answer_consent(
    http: httpx.Client, answer: httpx.Response, decision: str = "allow", *ticked: str
) -> httpx.Response:
    """What follows when the person answers the consent page that the answer leads to."""
    page = http.get(target_of(answer))
    action, fields = form_of(page)
    answers = fields | {"decision": decision, "scope": list(ticked)}
    submitted = http.post(page.url.join(action), data=answers)
    return http.get(target_of(submitted))


def call(
    http: httpx.Client, issuer: Issuer, endpoint: str, app: App, **form: str | None
) -> httpx.Response:
    """A form request to an endpoint by this app, by its registered method."""
    credentials = app.credentials(issuer.at(endpoint))
    body = {name: value for name, value in form.items() if value is not None}
    body = credentials.pop("data", {}) | body
    return http.post(issuer.at(endpoint), data=body, **credentials)


def exchange_code(
    http: httpx.Client, issuer: Issuer, authorized: Authorized, **changes: str | None
) -> httpx.Response:
    """The answer to redeeming the code; a change to None leaves the parameter out."""
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "redirect_uri": authorized.app.redirect_uri,
        "code_verifier": authorized.verifier,
    }
    if "code" not in changes:
        form["code"] = authorized.code
    return call(http, issuer, "token", authorized.app, **(form | changes))


def tokens_for(
    http: httpx.Client, issuer: Issuer, app: App, person: Person, scope: str = "openid", **more: str
) -> dict[str, Any]:
    """The token response of a whole code flow; `more` parameters go to authorize."""
    authorized = authorize(http, issuer, app, person, scope=scope, **more)
    response: dict[str, Any] = done(exchange_code(http, issuer, authorized))
    return response


def refresh(
    http: httpx.Client, issuer: Issuer, app: App, refresh_token: str, **more: str | None
) -> httpx.Response:
    """The answer to a refresh."""
    return call(
        http, issuer, "token", app, grant_type="refresh_token", refresh_token=refresh_token, **more
    )


def introspect(http: httpx.Client, issuer: Issuer, app: App, token: str) -> dict[str, Any]:
    """What introspection says of the token."""
    found: dict[str, Any] = done(call(http, issuer, "introspect", app, token=token))
    return found


# Tokens and keys


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, not verified."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    """The header of a JWT, not verified."""
    return _part(token, 0)


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


def verified(http: httpx.Client, issuer: Issuer, token: str, audience: str) -> dict[str, Any]:
    """The claims of a token that the issuer's published keys prove; its times are the lab's."""
    keys = jwt.PyJWKSet.from_dict(done(http.get(issuer.at("keys"))))
    key = keys[header_of(token)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims: dict[str, Any] = jwt.decode(
        token, key, ["RS256"], audience=audience, issuer=issuer.url, options=options
    )
    return claims


def public_jwk(key: PrivateKey, kid: str) -> dict[str, Any]:
    """The public JWK of a private key."""
    public: Any = key.public_key()
    maker: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    members: dict[str, Any] = json.loads(maker.to_jwk(public))
    members.pop("key_ops", None)
    return members | {"kid": kid, "use": "sig"}


def assertion(
    app: App,
    audience: str,
    *,
    now: float | None = None,
    algorithm: str | None = None,
    key: Any = None,
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> dict[str, str]:
    """The form parameters of a client assertion; claims that are None are left out."""
    import time

    moment = int(time.time() if now is None else now)
    payload = {
        "iss": app.id,
        "sub": app.id,
        "aud": audience,
        "iat": moment,
        "exp": moment + 300,
        "jti": secrets.token_hex(8),
    } | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    if algorithm is None:
        algorithm = "HS256" if app.auth == "client_secret_jwt" else _algorithm_of(app.key)
    key = key or (app.secret if app.auth == "client_secret_jwt" else app.key)
    if headers is None:
        headers = {} if app.key is None else {"kid": "of-the-test"}
    token = jwt.encode(payload, key, algorithm, headers=headers)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}


def _algorithm_of(key: PrivateKey | None) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}[key.curve.name]
    return "RS256"


# The server's reasons


def events_of(admin: httpx.Client, answer: httpx.Response) -> list[dict[str, Any]]:
    """The log events that the request of this answer left."""
    request_id = answer.headers["X-Okta-Request-Id"]
    query = {"filter": f'transaction.id eq "{request_id}"'}
    events: list[dict[str, Any]] = done(admin.get("/api/v1/logs", params=query))
    return events


def reasons_of(admin: httpx.Client, answer: httpx.Response) -> list[dict[str, Any]]:
    """The reasons for this answer, in order."""
    reasons: list[dict[str, Any]] = []
    for event in events_of(admin, answer):
        found = event["debugContext"]["debugData"].get("reasons", [])
        reasons += json.loads(found) if isinstance(found, str) else found
    return reasons


# Expecting


def assert_refused(
    answer: httpx.Response, error: str, description: str | None = None, status: int = 400
) -> None:
    """The answer is this OAuth error, in the form of RFC 6749 §5.2, and is kept by no cache."""
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    assert set(answer.json()) == {"error", "error_description"}
    if description is not None:
        assert answer.json()["error_description"] == description
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "no-store" in answer.headers["Cache-Control"]


def assert_sent_back(
    answer: httpx.Response, error: str, description: str | None = None, state: str | None = None
) -> None:
    """The answer takes this error to the app, with the state, and neither code nor token."""
    fields = fields_of(answer)
    assert answer.status_code in (302, 303), answer.text
    assert answer.headers["Location"].startswith(CALLBACK)
    assert fields.get("error") == error, fields
    if description is not None:
        assert fields["error_description"] == description
    assert fields.get("state") == (state or "state-of-the-app")
    assert not {"code", "access_token", "id_token"} & set(fields)


def assert_shown(answer: httpx.Response, error: str, description: str, status: int = 400) -> None:
    """The answer is a page of the server's own, and leads nowhere."""
    from html import unescape

    text = unescape(answer.text)
    assert answer.status_code == status, text
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")
    assert error in text
    assert description in text
