"""What was acknowledged outlives `kill -9`: under load, with two workers, at both servers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.oauth.serving import clients, serve
from tests.speaking import (
    App,
    Authorized,
    Issuer,
    Person,
    add_scope,
    assertion,
    authorize,
    call,
    custom_server,
    done,
    exchange_code,
    find_person,
    introspect,
    org_server,
    refresh,
    register_app,
    tokens_for,
    verified,
)

OFFLINE = "openid offline_access"


class _Acknowledged:
    """What the server has said yes to, by one thread after the other call."""

    def __init__(self) -> None:
        self.revoked: list[str] = []
        self.redeemed: list[tuple[Authorized, str]] = []
        self.rotated: list[tuple[str, str]] = []
        self.stop = threading.Event()

    def rounds(self) -> int:
        return min(len(self.revoked), len(self.redeemed), len(self.rotated))


def work(url: str, issuer: Issuer, app: App, person: Person, seen: _Acknowledged) -> None:
    """Redeem, rotate and revoke until the server is gone; note only what was answered."""
    http, _ = clients(url)
    with http:
        try:
            authorize(http, issuer, app, person)
            while not seen.stop.is_set():
                authorized = authorize(http, issuer, app, scope=OFFLINE)
                tokens = done(exchange_code(http, issuer, authorized))
                seen.redeemed.append((authorized, tokens["refresh_token"]))
                second = done(refresh(http, issuer, app, tokens["refresh_token"]))
                seen.rotated.append((tokens["refresh_token"], second["refresh_token"]))
                call(http, issuer, "revoke", app, token=tokens["access_token"]).raise_for_status()
                seen.revoked.append(tokens["access_token"])
        except httpx.TransportError:
            return


def keys_of(http: httpx.Client, issuer: Issuer) -> Any:
    return done(http.get(issuer.at("keys")))


def test_after_kill_nine_under_load_nothing_acknowledged_is_lost(
    tmp_path: Path, private_key: rsa.RSAPrivateKey
) -> None:
    with serve(tmp_path) as server:
        url = server.url
        http, admin = clients(url)
        with http, admin:
            cora = find_person(admin)
            app = register_app(admin, cora, refresh_token={"rotation_type": "ROTATE", "leeway": 0})
            service = register_app(admin, type="service", auth="private_key_jwt", key=private_key)
            add_scope(admin, "orders:read")
            issuers = [org_server(url), custom_server(url)]
            kept = [tokens_for(http, issuer, app, cora, OFFLINE) for issuer in issuers]
            keys = [keys_of(http, issuer) for issuer in issuers]
            signed = assertion(service, issuers[1].at("token"))
            grant = {"grant_type": "client_credentials", "scope": "orders:read"}
            done(http.post(issuers[1].at("token"), data=grant | signed))
        seen = [_Acknowledged() for _ in range(4)]
        threads = [
            threading.Thread(target=work, args=(url, issuers[number % 2], app, cora, each))
            for number, each in enumerate(seen)
        ]
        for thread in threads:
            thread.start()
        while min(each.rounds() for each in seen) < 3:
            assert all(thread.is_alive() for thread in threads)
            threads[0].join(0.05)
        server.kill()
        for each, thread in zip(seen, threads, strict=True):
            each.stop.set()
            thread.join(30)

    port = int(url.rsplit(":", 1)[1])
    with serve(tmp_path, port) as server:
        http, admin = clients(server.url)
        with http, admin:
            assert [keys_of(http, issuer) for issuer in issuers] == keys
            for issuer, tokens in zip(issuers, kept, strict=True):
                assert introspect(http, issuer, app, tokens["access_token"])["active"]
                assert verified(http, issuer, tokens["id_token"], app.id)["sub"] == cora.id
                assert refresh(http, issuer, app, tokens["refresh_token"]).status_code == 200
            again = http.post(issuers[1].at("token"), data=grant | signed)
            assert again.json()["error"] == "invalid_client"
            for number, each in enumerate(seen):
                issuer = issuers[number % 2]
                for token in each.revoked:
                    assert introspect(http, issuer, app, token) == {"active": False}
                for old, new in each.rotated:
                    assert introspect(http, issuer, app, old) == {"active": False}
                    assert introspect(http, issuer, app, new)["active"]
                for authorized, _ in each.redeemed:
                    assert exchange_code(http, issuer, authorized).status_code == 400
