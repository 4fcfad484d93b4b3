"""No key is imported twice in a process: importing costs more than all else of a request."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, RSAKey

from labserver.store import keys
from tests.speaking import (
    Issuer,
    Person,
    assertion,
    change_app,
    done,
    introspect,
    refresh,
    register_app,
    tokens_for,
)


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each key was imported from now on."""
    counts: Counter[str] = Counter()
    for kind in (RSAKey, ECKey):
        bound: Any = kind.import_key
        original = bound.__func__

        def counting(cls: Any, value: Any, *args: Any, _original: Any = original) -> Any:
            counts[str(value)] += 1
            return _original(cls, value, *args)

        monkeypatch.setattr(kind, "import_key", classmethod(counting))
    return counts


def test_no_key_of_a_server_or_a_client_is_imported_twice(
    http: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    cora: Person,
    imported: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    app = register_app(admin, cora, auth="private_key_jwt", key=key)
    done(http.get(issuer.at("keys")))
    change_app(admin, app, client_uri="https://app.example/")
    # As in a process that has just started: all keys rest in the database, none in memory.
    monkeypatch.setattr(keys, "_imported", keys._Imported(most=100))
    imported.clear()

    for number in range(3):
        tokens = tokens_for(http, issuer, app, cora, "openid offline_access")
        done(refresh(http, issuer, app, tokens["refresh_token"]))
        assert introspect(http, issuer, app, tokens["access_token"])["active"]
        form = assertion(app, issuer.at("introspect")) | {"token": "x"}
        assert http.post(issuer.at("introspect"), data=form).status_code == 200
        assert http.get(issuer.at("keys")).status_code == 200
        change_app(admin, app, client_uri=f"https://app.example/{number}")

    assert imported
    assert max(imported.values()) == 1
