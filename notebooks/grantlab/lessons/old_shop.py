"""A shop's API in the old way, before tokens: each call brings a password, or an admin's key."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from typing import Any

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from grantlab.finding import client_for, json_of
from grantlab.lab import Lab
from grantlab.recording import Recording

NAME = "Old shop API"
STAFF = "Staff"
MOST_LINES = 200

Price = dict[str, Any]


class _Silent(WSGIRequestHandler):
    # Its lines would appear under whichever cell runs then.
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class _Caller:
    """Who calls, and whether that is somebody who may do everything here."""

    login: str
    may_change: bool
    is_admin: bool = False
    password: str = ""


class OldShop:
    """The API on a thread of this kernel, with a loopback port of its own.

    GET and POST at `url` read and set prices, POST at `password_url` sets a password. A call
    brings a person's password by Basic (RFC 7617), which the API hands on to the lab to be
    checked, or a key in `X-API-Key`, which may all that its maker may: nothing here knows scopes
    or ends by time. `log` has a line for each call, with the credential in it as long as
    `logs_headers` is on. Do not build an API like this one.
    """

    def __init__(self, lab: Lab, recording: Recording | None = None) -> None:
        self.logs_headers = True
        self.log: list[str] = []
        self._lab = lab
        self._keys: dict[str, str] = {}
        self._prices: list[Price] = [
            {"item": "Garden chair", "price": 49},
            {"item": "Lantern", "price": 19.90},
        ]
        # As itself: nobody needs rights to ask whether a password is right.
        self._asking: httpx.Client = client_for(lab.url)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Silent)
        self._base = f"http://127.0.0.1:{self._server.port}"
        if recording is not None:
            self._asking.event_hooks = recording.hooks(NAME)
            recording.name(self._base, NAME)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    @property
    def url(self) -> str:
        """Where the prices are."""
        return f"{self._base}/prices"

    @property
    def password_url(self) -> str:
        """Where a person gets a new password: `{"login": …, "new": …}`."""
        return f"{self._base}/password"

    def make_key(self, maker: str) -> str:
        """A new key of this admin; `ValueError` for somebody who isn't one."""
        person = self._lab.person(maker)
        if not json_of(self._lab.admin.get(f"/api/v1/users/{person.id}/roles")):
            raise ValueError(f"{person.name} is no admin, and only admins make keys here.")
        key = f"key-{secrets.token_urlsafe(24)}"
        self._keys[key] = person.login
        return key

    def revoke_key(self, key: str) -> None:
        """The key is good for nothing any more, whoever holds it."""
        self._keys.pop(key, None)

    def stop(self) -> None:
        """The port is free again."""
        self._server.shutdown()
        self._server.server_close()
        self._asking.close()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one call (PEP 3333)."""
        request = Request(environ)
        self._note(request)
        caller = self._caller(request)
        answer = _unknown() if caller is None else self._answer(request, caller)
        return answer(environ, start_response)

    def __repr__(self) -> str:
        return f"{NAME} at {self.url}"

    def _note(self, request: Request) -> None:
        line = f"{request.method} {request.path}"
        if self.logs_headers:
            shown = ("Authorization", "X-API-Key")
            line += "".join(
                f" {name}: {request.headers[name]}" for name in shown if name in request.headers
            )
        self.log.append(line)
        del self.log[:-MOST_LINES]

    def _caller(self, request: Request) -> _Caller | None:
        key = request.headers.get("X-API-Key")
        if key is not None:
            maker = self._keys.get(key)
            return None if maker is None else _Caller(maker, may_change=True, is_admin=True)
        given = request.authorization
        if given is None or given.type != "basic":
            return None
        login, password = given.username or "", given.password or ""
        asked = {"username": login, "password": password}
        answer = self._asking.post(f"{self._lab.url}/api/v1/authn", json=asked)
        if answer.status_code != 200 or answer.json()["status"] != "SUCCESS":
            return None
        person = answer.json()["_embedded"]["user"]["id"]
        groups = json_of(self._lab.admin.get(f"/api/v1/users/{person}/groups"))
        is_staff = any(each["profile"]["name"] == STAFF for each in groups)
        return _Caller(login, is_staff, password=password)

    def _answer(self, request: Request, caller: _Caller) -> Response:
        asked = _object_in(request)
        match (request.method, request.path):
            case ("GET", "/prices"):
                return _json(200, {"prices": self._prices})
            case ("POST", "/prices") if not caller.may_change:
                return _json(403, {"message": "Only staff changes prices."})
            case ("POST", "/prices") if "item" in asked and "price" in asked:
                price = {"item": asked["item"], "price": asked["price"]}
                kept = [one for one in self._prices if one["item"] != price["item"]]
                self._prices = [*kept, price][-MOST_LINES:]
                return _json(201, price)
            case ("POST", "/password") if "login" in asked and "new" in asked:
                return self._set_password(caller, str(asked["login"]), str(asked["new"]))
            case ("POST", "/prices" | "/password"):
                return _json(400, {"message": "Something is missing in the body."})
        return _json(404, {"message": "There is nothing here."})

    def _set_password(self, caller: _Caller, login: str, new: str) -> Response:
        """Everybody may set their own password, and an admin's key anybody's."""
        person = self._lab.person(login) if login == caller.login or caller.is_admin else None
        if person is None:
            return _json(403, {"message": "That is somebody else's password."})
        path, value = f"/api/v1/users/{person.id}", {"value": new}
        body: dict[str, Any] = {"credentials": {"password": value}}
        if not caller.is_admin:
            path = f"{path}/credentials/change_password"
            body = {"oldPassword": {"value": caller.password}, "newPassword": value}
        done = self._lab.admin.post(path, json=body)
        if not done.is_success:
            return _json(400, {"message": "That is no password that may be had here."})
        return _json(200, {"login": person.login, "password": "is new"})


def _object_in(request: Request) -> Price:
    try:
        found = json.loads(request.get_data(as_text=True) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unknown() -> Response:
    answer = _json(401, {"message": "Who are you?"})
    answer.headers["WWW-Authenticate"] = 'Basic realm="old shop"'
    return answer


def _json(status: int, document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
