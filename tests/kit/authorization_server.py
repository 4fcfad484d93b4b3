"""A small authorization server for tests of flows: the rules that their switches break."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://bank.example/oauth2/transfers"
CALLBACK = "http://127.0.0.1:8765/callback"
NOW = 1_800_000_000
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ENDPOINTS = {
    name: f"{ISSUER}/v1/{path}"
    for name, path in {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "introspection_endpoint": "introspect",
        "revocation_endpoint": "revoke",
        "userinfo_endpoint": "userinfo",
        "jwks_uri": "keys",
    }.items()
}


class Refusal(Exception):
    """A refusal with its status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class AuthorizationServer:
    """One app (public or with the secret "s3cret"), one person, rotating refresh tokens."""

    def __init__(
        self,
        *,
        public: bool = True,
        consent: bool = False,
        rotates: bool = True,
        pkce_required: bool = True,
    ) -> None:
        self.public, self.consent, self.rotates = public, consent, rotates
        self.pkce_required = pkce_required
        self.transport = httpx.MockTransport(self.answer)
        self._asked: dict[str, str] = {}
        self._challenges: dict[str, str | None] = {}
        self._family: list[str] = []
        self._alive: set[str] = set()
        self._numbers = count(1)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer by the last part of the path."""
        name = request.url.path.rpartition("/")[2].replace("-", "_").replace(".", "_")
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        try:
            found: httpx.Response = getattr(self, f"_{name}")(request, form)
        except Refusal as refusal:
            return httpx.Response(refusal.status, json={"error": refusal.error})
        return found

    def _oauth_authorization_server(self, *_: Any) -> httpx.Response:
        return httpx.Response(200, json={"issuer": ISSUER, **ENDPOINTS})

    _openid_configuration = _oauth_authorization_server

    def _authorize(self, request: httpx.Request, _: Any) -> httpx.Response:
        asked = self._asked = dict(request.url.params)
        if asked["redirect_uri"] != CALLBACK:
            facts = "<dt>Error Code<dd>invalid_request</dd><dt>Description<dd>It is unknown.</dd>"
            return httpx.Response(400, html=f"<p>Something is wrong.<dl>{facts}</dl>")
        challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
        if method != "S256" and (challenge or self.pkce_required):
            return self._back(error="invalid_request", error_description="PKCE is required.")
        return httpx.Response(302, headers={"location": "/login/login.htm"})

    def _login_htm(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        page = (
            '<form method="post"><input name="username"><input name="password"><button>Go</button>'
        )
        if request.method == "GET" or form["password"] != "right":
            return httpx.Response(200, html=f"<title>Sign in</title><p>Unable to sign in</p>{page}")
        if self.consent:
            ask = '<form method="post" action="/login/consent"><button>Allow</button>'
            return httpx.Response(200, html=f"<title>Consent</title>{ask}")
        return self._consent()

    def _consent(self, *_: Any) -> httpx.Response:
        code = f"code-{next(self._numbers)}"
        self._challenges[code] = self._asked.get("code_challenge")
        return self._back(code=code)

    def _back(self, **answer: str) -> httpx.Response:
        query = urlencode({**answer, "state": self._asked["state"]}, quote_via=quote)
        return httpx.Response(302, headers={"location": f"{CALLBACK}?{query}"})

    def _token(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        if request.url.params:
            raise Refusal("invalid_request")
        self._authenticate(request, form)
        grants = {
            "authorization_code": self._redeem,
            "refresh_token": self._refresh,
            "client_credentials": self._service,
        }
        return httpx.Response(200, json=grants[form["grant_type"]](form))

    def _authenticate(self, request: httpx.Request, form: dict[str, str]) -> None:
        header = request.headers.get("authorization", "")
        basic = f"Basic {base64.b64encode(b'0oa1:s3cret').decode()}"
        good = header == basic or (form.get("client_id"), form.get("client_secret")) == (
            "0oa1",
            "s3cret",
        )
        if self.public:
            good = not header and "client_secret" not in form and form.get("client_id") == "0oa1"
        if not good:
            raise Refusal("invalid_client", 401)

    def _redeem(self, form: dict[str, str]) -> dict[str, Any]:
        if form["code"] not in self._challenges:
            raise Refusal("invalid_grant")
        challenge, verifier = self._challenges.pop(form["code"]), form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        fits = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        if challenge and not (fits and re.fullmatch(r"[\w.~-]{43,128}", verifier)):
            raise Refusal("invalid_grant")
        return self._tokens(self._asked["scope"])

    def _refresh(self, form: dict[str, str]) -> dict[str, Any]:
        if form["refresh_token"] != self._family[-1]:
            self._family = ["dead"]
            raise Refusal("invalid_grant")
        return self._tokens(self._asked["scope"])

    def _service(self, form: dict[str, str]) -> dict[str, Any]:
        scopes = form["scope"].split()
        if "openid" in scopes or any(not scope.startswith("transfers:") for scope in scopes):
            raise Refusal("invalid_scope")
        return self._tokens(form["scope"], sub="0oa1")

    def _tokens(self, scope: str, sub: str = "cora@bank.example") -> dict[str, Any]:
        claims = {"iss": ISSUER, "aud": "api://transfers", "sub": sub, "cid": "0oa1", "iat": NOW}
        claims |= {"exp": NOW + 300, "jti": f"AT.{next(self._numbers)}", "scp": scope.split()}
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "k1"})
        self._alive.add(token)
        answer = {"token_type": "Bearer", "access_token": token, "scope": scope}
        if "offline_access" in scope:
            if self.rotates or not self._family:
                self._family.append(f"refresh-{next(self._numbers)}")
            answer["refresh_token"] = self._family[-1]
        return answer

    def _introspect(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        self._authenticate(request, form)
        return httpx.Response(200, json={"active": form["token"] in self._alive})

    def _revoke(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        self._authenticate(request, form)
        self._alive.discard(form["token"])
        return httpx.Response(200)

    def _keys(self, *_: Any) -> httpx.Response:
        key = {**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k1"}
        return httpx.Response(200, json={"keys": [key]})

    def _userinfo(self, request: httpx.Request, _: Any) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        return httpx.Response(200 if token in self._alive else 401, json={"sub": "00u1"})
