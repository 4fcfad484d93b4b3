"""Refresh tokens: shrinking scopes, rotation, leeway, reuse, and what ends them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_server,
    assert_refused,
    call,
    claims_of,
    custom_server,
    done,
    events_of,
    introspect,
    move_clock,
    refresh,
    register_app,
    rule,
    set_status,
    tokens_for,
    unassign,
)

DEAD = "The refresh token is invalid or expired."
OFFLINE = "openid email offline_access"
DAY = 24 * 3600


@pytest.fixture
def rotating(admin: httpx.Client, cora: Person) -> App:
    """A web app whose refresh tokens rotate, with 30 seconds of leeway."""
    settings = {"rotation_type": "ROTATE", "leeway": 30}
    return register_app(admin, cora, refresh_token=settings)


def test_a_refresh_gives_new_tokens_with_the_first_scopes(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, web, cora, OFFLINE)

    answer = refresh(http, issuer, web, first["refresh_token"])

    second = done(answer)
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert second["scope"] == OFFLINE
    assert second["access_token"] != first["access_token"]
    assert claims_of(second["access_token"])["scp"] == OFFLINE.split()
    assert introspect(http, issuer, web, second["access_token"])["active"]


def test_a_refreshed_id_token_keeps_who_and_when_and_has_no_nonce(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, web, cora, OFFLINE, nonce="n-1")
    move_clock(admin, 1000)

    second = done(refresh(http, issuer, web, first["refresh_token"]))

    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    assert [after[name] for name in ("sub", "iss", "aud", "auth_time", "amr")] == [
        before[name] for name in ("sub", "iss", "aud", "auth_time", "amr")
    ]
    assert after["iat"] > before["iat"]
    assert "nonce" not in after


def test_a_static_refresh_token_stays_the_same(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]

    assert done(refresh(http, issuer, web, first))["refresh_token"] == first
    assert done(refresh(http, issuer, web, first))["refresh_token"] == first


def test_a_browser_apps_refresh_token_rotates(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, spa, cora, OFFLINE)["refresh_token"]

    assert done(refresh(http, issuer, spa, first))["refresh_token"] != first


@pytest.mark.parametrize(
    ("scope", "tokens"),
    [
        ("openid", {"access_token", "id_token"}),
        ("email", {"access_token"}),
        ("offline_access", {"access_token", "refresh_token"}),
        ("openid offline_access", {"access_token", "id_token", "refresh_token"}),
    ],
)
def test_scopes_may_shrink(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, scope: str, tokens: set[str]
) -> None:
    first = tokens_for(http, issuer, web, cora, OFFLINE)

    second = done(refresh(http, issuer, web, first["refresh_token"], scope=scope))

    assert second["scope"] == scope
    assert {name for name in second if name.endswith("_token")} == tokens


def test_scopes_never_grow(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> None:
    first = tokens_for(http, issuer, web, cora, OFFLINE)

    answer = refresh(http, issuer, web, first["refresh_token"], scope="openid phone")

    assert_refused(
        answer,
        "access_denied",
        "Some of the scopes requested for the refresh request were not granted in the original "
        "authorize request. Denied scopes: phone.",
    )


def test_scopes_do_not_grow_back_over_several_refreshes(
    http: httpx.Client, issuer: Issuer, rotating: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, rotating, cora, OFFLINE)
    shrunk = done(
        refresh(http, issuer, rotating, first["refresh_token"], scope="openid offline_access")
    )

    answer = refresh(http, issuer, rotating, shrunk["refresh_token"], scope=OFFLINE)

    assert_refused(answer, "access_denied")


def test_within_the_leeway_the_previous_token_still_works(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, rotating: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, rotating, cora, OFFLINE)["refresh_token"]
    lost = done(refresh(http, issuer, rotating, first))["refresh_token"]
    move_clock(admin, 20)

    again = done(refresh(http, issuer, rotating, first))["refresh_token"]

    assert again != lost
    assert refresh(http, issuer, rotating, again).status_code == 200


def test_after_the_leeway_the_previous_token_ends_the_whole_family(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, rotating: App, cora: Person
) -> None:
    others = tokens_for(http, issuer, rotating, cora, OFFLINE)
    first = tokens_for(http, issuer, rotating, cora, OFFLINE)
    second = done(refresh(http, issuer, rotating, first["refresh_token"]))
    move_clock(admin, 31)

    reuse = refresh(http, issuer, rotating, first["refresh_token"])

    assert_refused(reuse, "invalid_grant", DEAD)
    assert_refused(refresh(http, issuer, rotating, second["refresh_token"]), "invalid_grant", DEAD)
    for token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert introspect(http, issuer, rotating, token) == {"active": False}
    assert introspect(http, issuer, rotating, others["access_token"])["active"]
    assert refresh(http, issuer, rotating, others["refresh_token"]).status_code == 200
    prefix = "app.oauth2" if issuer.is_org else "app.oauth2.as"
    assert f"{prefix}.token.detect_reuse" in {
        event["eventType"] for event in events_of(admin, reuse)
    }


def test_without_leeway_the_second_use_is_reuse_at_once(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, refresh_token={"rotation_type": "ROTATE", "leeway": 0})
    first = tokens_for(http, issuer, app, cora, OFFLINE)["refresh_token"]
    second = done(refresh(http, issuer, app, first))["refresh_token"]

    assert_refused(refresh(http, issuer, app, first), "invalid_grant", DEAD)
    assert_refused(refresh(http, issuer, app, second), "invalid_grant", DEAD)


def test_simultaneous_uses_leave_one_usable_successor_at_most(
    http: httpx.Client, issuer: Issuer, rotating: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, rotating, cora, OFFLINE)["refresh_token"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(http, issuer, rotating, first), range(16)))

    successors = [answer.json()["refresh_token"] for answer in answers if answer.is_success]
    usable = [token for token in successors if introspect(http, issuer, rotating, token)["active"]]
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert successors
    assert len(usable) == 1


def test_a_refresh_token_is_for_its_client_alone(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]
    other = register_app(admin, cora)

    assert_refused(refresh(http, issuer, other, token), "invalid_grant", DEAD)
    assert refresh(http, issuer, web, token).status_code == 200


def test_a_refresh_token_is_for_its_server_alone(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, org, web, cora, OFFLINE)["refresh_token"]

    assert_refused(refresh(http, custom, web, token), "invalid_grant", DEAD)


def test_a_confidential_client_must_authenticate_to_refresh(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]

    answer = http.post(
        issuer.at("token"),
        data={"grant_type": "refresh_token", "refresh_token": token, "client_id": web.id},
    )

    assert_refused(answer, "invalid_client", status=401)


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
def test_no_other_kind_of_token_refreshes(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, kind: str
) -> None:
    value = tokens_for(http, issuer, web, cora, OFFLINE)[kind]

    assert_refused(refresh(http, issuer, web, value), "invalid_grant", DEAD)


def test_a_refresh_token_is_missing(http: httpx.Client, issuer: Issuer, web: App) -> None:
    assert_refused(call(http, issuer, "token", web, grant_type="refresh_token"), "invalid_request")


def test_a_suspended_person_refreshes_nothing(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]
    set_status(admin, cora, "suspend")

    assert_refused(refresh(http, issuer, web, token), "invalid_grant", DEAD)


def test_a_suspension_ends_refresh_tokens_for_good(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]
    set_status(admin, cora, "suspend")

    set_status(admin, cora, "unsuspend")

    assert_refused(refresh(http, issuer, web, token), "invalid_grant", DEAD)


def test_an_unassigned_person_refreshes_nothing(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]
    unassign(admin, web, cora)

    assert_refused(refresh(http, issuer, web, token), "access_denied")


def test_a_deactivated_client_refreshes_nothing(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]
    done(admin.post(f"/api/v1/apps/{web.id}/lifecycle/deactivate"))

    assert_refused(refresh(http, issuer, web, token), "invalid_client", status=401)


class _Orders:
    """A custom server whose one rule can be changed."""

    def __init__(self, admin: httpx.Client, url: str, **lifetimes: Any) -> None:
        self.admin = admin
        self.id = add_server(admin, "Orders", "orders:read")
        self.policy = add_policy(admin, self.id)
        self.rule = add_rule(admin, self.id, self.policy, **lifetimes)
        self.issuer = custom_server(url, self.id)

    def change(self, grant_types: tuple[str, ...] = ("authorization_code",), **more: Any) -> None:
        path = f"/api/v1/authorizationServers/{self.id}/policies/{self.policy}/rules/{self.rule}"
        done(self.admin.put(path, json=rule("Any", grant_types=grant_types, **more)))


def test_row_20_a_refresh_takes_the_lifetime_of_the_rule_as_it_is_now(
    http: httpx.Client, admin: httpx.Client, web: App, cora: Person
) -> None:
    orders = _Orders(admin, str(http.base_url).rstrip("/"))
    first = tokens_for(http, orders.issuer, web, cora, OFFLINE)
    orders.change(accessTokenLifetimeMinutes=5)

    second = done(refresh(http, orders.issuer, web, first["refresh_token"]))

    claims = claims_of(second["access_token"])
    assert second["expires_in"] == claims["exp"] - claims["iat"] == 300
    assert first["expires_in"] == 3600


def test_a_refresh_that_no_rule_covers_any_more_is_denied(
    http: httpx.Client, admin: httpx.Client, web: App, cora: Person
) -> None:
    orders = _Orders(admin, str(http.base_url).rstrip("/"))
    first = tokens_for(http, orders.issuer, web, cora, OFFLINE)
    orders.change(grant_types=("client_credentials",))

    answer = refresh(http, orders.issuer, web, first["refresh_token"])

    assert_refused(
        answer,
        "access_denied",
        "Policy evaluation failed for this request, please check the policy configurations.",
    )


def test_a_refresh_token_that_rests_too_long_is_over_and_each_use_starts_its_rest_again(
    http: httpx.Client, admin: httpx.Client, web: App, cora: Person
) -> None:
    orders = _Orders(admin, str(http.base_url).rstrip("/"), refreshTokenWindowMinutes=60)
    token = tokens_for(http, orders.issuer, web, cora, OFFLINE)["refresh_token"]

    for _ in range(3):
        move_clock(admin, 50 * 60)
        assert refresh(http, orders.issuer, web, token).status_code == 200
    move_clock(admin, 61 * 60)

    assert_refused(refresh(http, orders.issuer, web, token), "invalid_grant", DEAD)


def test_rotation_keeps_the_absolute_end(
    http: httpx.Client, admin: httpx.Client, rotating: App, cora: Person
) -> None:
    orders = _Orders(
        admin,
        str(http.base_url).rstrip("/"),
        refreshTokenLifetimeMinutes=120,
        refreshTokenWindowMinutes=100,
    )
    token = tokens_for(http, orders.issuer, rotating, cora, OFFLINE)["refresh_token"]

    for _ in range(2):
        move_clock(admin, 50 * 60)
        token = done(refresh(http, orders.issuer, rotating, token))["refresh_token"]
    move_clock(admin, 21 * 60)

    assert_refused(refresh(http, orders.issuer, rotating, token), "invalid_grant", DEAD)


def test_the_org_servers_refresh_tokens_live_ninety_days(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, org, web, cora, OFFLINE)["refresh_token"]

    move_clock(admin, 29 * DAY)  # The admin's own token needs a use every 30 days.
    move_clock(admin, 29 * DAY)
    move_clock(admin, 29 * DAY)
    assert refresh(http, org, web, token).status_code == 200
    move_clock(admin, 4 * DAY)

    assert_refused(refresh(http, org, web, token), "invalid_grant", DEAD)
