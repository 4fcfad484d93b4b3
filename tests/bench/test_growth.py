"""The grown org is a sound one; how quick it is, no test asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
from joserfc.jwk import RSAKey

from tests.bench.growth import LOOKUPS, Compared, Size, grow, shown
from tests.conftest import ROOT_TOKEN, running
from tests.speaking import add_scope, call, custom_server, done, register_app

SMALL = Size(users=30, apps=6, rules=20, families=60, groups=4)


def test_a_grown_org_reads_well_and_gives_tokens_past_all_its_rules(
    tmp_path: Path, make_key: Callable[[], RSAKey]
) -> None:
    with running(tmp_path, make_key):
        pass
    grow(tmp_path, SMALL)
    headers = {"Authorization": f"SSWS {ROOT_TOKEN}"}

    with (
        running(tmp_path, make_key) as server,
        httpx.Client(base_url=server.url, headers=headers, trust_env=False) as admin,
    ):
        users = done(admin.get("/api/v1/users", params={"q": "bench", "limit": 200}))
        groups = done(admin.get(f"/api/v1/users/{users[0]['id']}/groups"))
        apps = done(admin.get("/api/v1/apps", params={"q": "Grown", "limit": 200}))
        policies = "/api/v1/authorizationServers/default/policies"
        rules = [
            each
            for policy in done(admin.get(policies))
            for each in done(admin.get(f"{policies}/{policy['id']}/rules"))
        ]
        service = register_app(admin, type="service")
        add_scope(admin, "grown:read")
        token = call(
            admin,
            custom_server(server.url),
            "token",
            service,
            grant_type="client_credentials",
            scope="grown:read",
        )

    assert len(users) == SMALL.users
    assert len(groups) == 3  # Everyone among them
    assert len(apps) == SMALL.apps
    assert len([each for each in rules if each["name"].startswith("R")]) >= SMALL.rules
    assert token.status_code == 200, token.text


def test_what_is_not_flat_is_marked() -> None:
    flat = Compared(LOOKUPS[0], (0.002, 0.002), (0.002, 0.0029))
    text = shown([flat, Compared(LOOKUPS[1], (0.002,), (0.0031,))])

    first, second = text.splitlines()[2:]
    assert first.split()[-2:] == ["1.45", "1.00"]
    assert second.endswith("over 1.5")
