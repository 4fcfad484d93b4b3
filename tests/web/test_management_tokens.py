"""Who may call: API tokens, admin roles, and the form of every refusal."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    Person,
    add_user,
    done,
    introspect,
    move_clock,
    org_server,
    register_app,
    set_status,
)
from tests.speaking import call as ask_endpoint
from tests.speaking import find_person as person_named
from tests.web.calling import assert_api_refused, assert_lacks_role, assign_role

USERS = "/api/v1/users"


def token_of(admin: httpx.Client, login: str) -> str:
    """A fresh API token of a person."""
    user = admin.get(f"{USERS}/{login}").json()
    answer = admin.post("/api/v1/api-tokens", json={"name": login, "userId": user["id"]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def call(
    http: httpx.Client, token: str, method: str, path: str, body: object = None
) -> httpx.Response:
    """A call with an API token."""
    return http.request(method, path, headers={"Authorization": f"SSWS {token}"}, json=body)


@pytest.mark.parametrize(
    "header", [None, "SSWS", "SSWS wrong", "Basic YTpi", "SSWS a b", "Token x", ""]
)
def test_a_caller_who_is_not_known_gets_401_in_the_api_form(
    http: httpx.Client, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = http.get("/api/v1/users", headers=headers)

    assert answer.status_code == 401
    error = answer.json()
    assert error["errorCode"] == error["errorLink"] == "E0000011"
    assert error["errorSummary"] == "Invalid token provided"
    assert error["errorId"].startswith("oae")
    assert error["errorCauses"] == []
    assert answer.headers["X-Okta-Request-Id"]


@pytest.mark.parametrize("header", ["SSWS {}", "SSWS{}", "ssws {}", "SSWS  {}"])
def test_the_scheme_may_stand_close_to_the_token(http: httpx.Client, lab: Lab, header: str) -> None:
    answer = http.get("/api/v1/users", headers={"Authorization": header.format(lab.token)})

    assert answer.status_code == 200


def test_a_bearer_token_that_opens_nothing_is_told_where_to_get_one(
    http: httpx.Client, lab: Lab
) -> None:
    answer = http.get("/api/v1/users", headers={"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."})

    challenge = answer.headers["WWW-Authenticate"]
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "E0000011")
    assert challenge.startswith("Bearer ")
    assert 'error="invalid_token"' in challenge
    assert f'authorization_uri="{lab.url}/oauth2/v1/authorize"' in challenge


def test_every_answer_of_the_api_shows_the_rate_limits(
    admin: httpx.Client, http: httpx.Client
) -> None:
    for answer in (admin.get(USERS), http.get(USERS), admin.get("/api/v1/nowhere")):
        assert int(answer.headers["X-Rate-Limit-Limit"]) > 0
        assert int(answer.headers["X-Rate-Limit-Remaining"]) > 0
        assert int(answer.headers["X-Rate-Limit-Reset"]) > 1_000_000_000


def test_unknown_paths_and_methods_are_errors_of_the_api(admin: httpx.Client) -> None:
    path = admin.get("/api/v1/nowhere")
    method = admin.patch("/api/v1/users")

    assert (path.status_code, path.json()["errorCode"]) == (404, "E0000008")
    assert (method.status_code, method.json()["errorCode"]) == (405, "E0000022")


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"{", "application/json", "E0000003"),
        (b"[]", "application/json", "E0000003"),
        (b"\xff", "application/json", "E0000003"),
        (b'{"name": NaN}', "application/json", "E0000003"),
        (b"name=x", "application/x-www-form-urlencoded", "E0000021"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    admin: httpx.Client, content: bytes, content_type: str, code: str
) -> None:
    headers = {"Content-Type": content_type}

    answer = admin.post("/api/v1/authorizationServers", content=content, headers=headers)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)


def test_a_tokens_value_is_shown_once(admin: httpx.Client, http: httpx.Client) -> None:
    made = admin.post("/api/v1/api-tokens", json={"name": "CI"})
    value, path = made.json()["token"], f"/api/v1/api-tokens/{made.json()['id']}"

    shown = admin.get(path)
    listed = admin.get("/api/v1/api-tokens")

    assert made.status_code == 201
    assert made.json()["id"].startswith("00T")
    assert "token" not in shown.json()
    assert value not in shown.text + listed.text
    assert shown.json()["tokenWindow"] == "P30D"
    assert call(http, value, "GET", USERS).status_code == 200


def test_a_revoked_token_is_over_at_once(admin: httpx.Client, http: httpx.Client) -> None:
    made = admin.post("/api/v1/api-tokens", json={"name": "CI"}).json()

    revoked = admin.delete(f"/api/v1/api-tokens/{made['id']}")

    assert revoked.status_code == 204
    assert call(http, made["token"], "GET", USERS).status_code == 401


def test_a_token_can_end_itself(admin: httpx.Client, http: httpx.Client) -> None:
    token = token_of(admin, "cora@bank.example")

    ended = call(http, token, "DELETE", "/api/v1/api-tokens/current")

    assert ended.status_code == 204
    assert call(http, token, "DELETE", "/api/v1/api-tokens/current").status_code == 401


def test_a_token_needs_an_active_owner(admin: httpx.Client) -> None:
    staged = admin.post(
        USERS,
        params={"activate": "false"},
        json={
            "profile": {
                "login": "new@example.com",
                "email": "new@example.com",
                "firstName": "N",
                "lastName": "N",
            }
        },
    ).json()

    for user_id in (staged["id"], "00uNobody"):
        answer = admin.post("/api/v1/api-tokens", json={"name": "x", "userId": user_id})
        assert answer.status_code == 400


def test_thirty_idle_days_end_a_token(admin: httpx.Client, http: httpx.Client) -> None:
    token = token_of(admin, "ada@bank.example")
    day = 24 * 3600
    admin.post("/lab/clock", json={"forward": 29 * day})
    used = call(http, token, "GET", USERS)
    admin.post("/lab/clock", json={"forward": 29 * day})
    used_again = call(http, token, "GET", USERS)

    admin.post("/lab/clock", json={"forward": 30 * day + 1})

    assert (used.status_code, used_again.status_code) == (200, 200)
    assert call(http, token, "GET", USERS).status_code == 401
    assert admin.get(USERS).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/users"),
        ("GET", "/api/v1/apps"),
        ("GET", "/api/v1/logs"),
        ("GET", "/api/v1/authorizationServers"),
        ("POST", "/api/v1/api-tokens"),
        ("DELETE", "/api/v1/authorizationServers/default"),
        ("GET", "/lab/clock"),
    ],
)
def test_a_person_without_a_role_may_nothing(
    admin: httpx.Client, http: httpx.Client, method: str, path: str
) -> None:
    answer = call(http, token_of(admin, "cora@bank.example"), method, path)

    assert (answer.status_code, answer.json()["errorCode"]) == (403, "E0000006")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/authorizationServers", 200),
        ("POST", "/api/v1/authorizationServers/default/lifecycle/deactivate", 204),
        ("GET", "/api/v1/apps", 200),
        ("GET", "/api/v1/users", 200),
        ("POST", "/api/v1/users/cora@bank.example/lifecycle/suspend", 403),
        ("DELETE", "/api/v1/users/cora@bank.example", 403),
        ("GET", "/api/v1/logs", 403),
        ("GET", "/api/v1/orgs", 403),
        ("POST", "/lab/clock", 403),
    ],
)
def test_an_api_access_management_admin_manages_servers_not_people(
    admin: httpx.Client, http: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = call(http, token_of(admin, "pia@bank.example"), method, path)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/users/sam@bank.example", 200),
        ("POST", "/api/v1/users/sam@bank.example/lifecycle/suspend", 200),
        ("GET", "/api/v1/users/cora@bank.example", 403),
        ("POST", "/api/v1/users/cora@bank.example/lifecycle/suspend", 403),
        ("POST", "/api/v1/users/ada@bank.example/lifecycle/suspend", 403),
        ("GET", "/api/v1/authorizationServers", 403),
        ("GET", "/api/v1/users/nobody@bank.example", 403),
    ],
)
def test_a_group_admin_reaches_the_target_group_only(
    admin: httpx.Client, http: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = call(http, token_of(admin, "grace@bank.example"), method, path)

    assert answer.status_code == status


def test_nobody_but_a_super_admin_makes_tokens_of_others(
    admin: httpx.Client, http: httpx.Client
) -> None:
    grace, ada = token_of(admin, "grace@bank.example"), token_of(admin, "ada@bank.example")
    cora = admin.get(f"{USERS}/cora").json()["id"]
    body = {"name": "x", "userId": cora}

    by_grace = call(http, grace, "POST", "/api/v1/api-tokens", body)
    by_ada = call(http, ada, "POST", "/api/v1/api-tokens", body)

    assert by_grace.status_code == 403
    assert by_ada.status_code == 201


def test_secrets_are_for_those_who_may_edit_the_app(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    pia = token_of(admin, "pia@bank.example")
    path = f"/api/v1/apps/{admin.get('/api/v1/apps', params={'q': 'Bank Web'}).json()[0]['id']}"

    before = call(http, pia, "GET", path).json()["credentials"]["oauthClient"]
    grant = {"scopeId": "okta.users.read", "issuer": lab.url}
    granted = admin.post(f"{path}/grants", json=grant)
    after = call(http, pia, "GET", path).json()["credentials"]["oauthClient"]

    assert granted.status_code == 201
    assert "client_secret" in before
    assert "client_secret" not in after
    assert call(http, pia, "GET", f"{path}/credentials/secrets").status_code == 403
    assert call(http, pia, "POST", f"{path}/credentials/secrets").status_code == 403
    assert call(http, pia, "POST", f"{path}/grants", grant).status_code == 403
    assert admin.get(f"{path}/credentials/secrets").status_code == 200


def test_options_tell_the_methods_and_nothing_else(admin: httpx.Client) -> None:
    answer = admin.options("/api/v1/users")

    assert answer.status_code == 200
    assert "POST" in answer.headers["Allow"]
    assert answer.content == b""


def test_a_suspended_owner_takes_the_token_along(admin: httpx.Client, http: httpx.Client) -> None:
    token = token_of(admin, "ada@bank.example")

    admin.post(f"{USERS}/ada/lifecycle/suspend")
    admin.post(f"{USERS}/ada/lifecycle/unsuspend")

    assert call(http, token, "GET", USERS).status_code == 401


def test_no_token_value_is_in_the_log(admin: httpx.Client, lab: Lab) -> None:
    token = token_of(admin, "ada@bank.example")

    log = admin.get("/api/v1/logs", params={"limit": 1000}).text

    assert "system.api_token.create" in log
    assert token not in log
    assert lab.token not in log


def own_token(admin: httpx.Client, http: httpx.Client, person: Person, role: str) -> httpx.Response:
    """The answer to a person with this role who makes a token of their own."""
    assign_role(admin, person, role)
    body = {"name": "Mine"}
    return call(http, token_of(admin, person.login), "POST", "/api/v1/api-tokens", body)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("SUPER_ADMIN", True),
        ("ORG_ADMIN", True),
        ("USER_ADMIN", True),
        ("GROUP_MEMBERSHIP_ADMIN", True),
        ("READ_ONLY_ADMIN", True),
        ("HELP_DESK_ADMIN", False),
        ("APP_ADMIN", False),
        ("API_ACCESS_MANAGEMENT_ADMIN", False),
        ("REPORT_ADMIN", False),
    ],
)
def test_some_admins_make_tokens_of_their_own_and_others_do_not(
    admin: httpx.Client, http: httpx.Client, role: str, may: bool
) -> None:
    made = own_token(admin, http, add_user(admin, "maker"), role)

    assert made.status_code == (201 if may else 403)


def test_a_help_desk_gets_a_token_by_being_promoted_for_a_moment(
    admin: httpx.Client, http: httpx.Client
) -> None:
    helper = add_user(admin, "helper")
    assign_role(admin, helper, "HELP_DESK_ADMIN")
    made = own_token(admin, http, helper, "READ_ONLY_ADMIN").json()
    roles = f"{USERS}/{helper.id}/roles"
    (read_only,) = (role for role in done(admin.get(roles)) if role["type"] == "READ_ONLY_ADMIN")

    done(admin.delete(f"{roles}/{read_only['id']}"))

    assert call(http, made["token"], "GET", USERS).status_code == 200
    assert_lacks_role(call(http, made["token"], "GET", "/api/v1/apps"))
    assert_lacks_role(call(http, made["token"], "POST", "/api/v1/api-tokens", {"name": "x"}))


def test_a_token_may_what_its_owner_may_at_this_moment(
    admin: httpx.Client, http: httpx.Client
) -> None:
    owner = add_user(admin, "owner")
    token = token_of(admin, owner.login)
    suspend = f"{USERS}/{add_user(admin, 'other').id}/lifecycle/suspend"
    assert_lacks_role(call(http, token, "GET", USERS))

    role = assign_role(admin, owner, "USER_ADMIN")
    promoted = call(http, token, "POST", suspend)
    done(admin.delete(f"{USERS}/{owner.id}/roles/{role}"))
    demoted = call(http, token, "POST", suspend)

    assert promoted.status_code == 200
    assert_lacks_role(demoted)


@pytest.mark.parametrize("end", ["suspend", "deactivate", "delete"])
def test_a_token_is_over_with_its_owners_account(
    admin: httpx.Client, http: httpx.Client, end: str
) -> None:
    owner = add_user(admin, "owner")
    assign_role(admin, owner, "READ_ONLY_ADMIN")
    token = token_of(admin, owner.login)
    before = call(http, token, "GET", USERS)

    set_status(admin, owner, "deactivate" if end == "delete" else end)
    if end == "delete":
        done(admin.delete(f"{USERS}/{owner.id}"))

    assert before.status_code == 200
    assert_api_refused(call(http, token, "GET", USERS), 401, "E0000011")


def test_a_refused_call_does_not_start_the_thirty_days_again(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = token_of(admin, "cora@bank.example")
    day = 24 * 3600
    move_clock(admin, 29 * day)
    refused = call(http, token, "GET", USERS)

    move_clock(admin, 2 * day)

    assert refused.status_code == 403
    assert call(http, token, "GET", USERS).status_code == 401


def test_the_thirty_days_are_shown_and_slide(admin: httpx.Client, http: httpx.Client) -> None:
    made = admin.post("/api/v1/api-tokens", json={"name": "CI"}).json()
    path = f"/api/v1/api-tokens/{made['id']}"
    move_clock(admin, 24 * 3600)

    unused = done(admin.get(path))
    call(http, made["token"], "GET", USERS)
    used = done(admin.get(path))

    assert unused["expiresAt"] == made["expiresAt"]
    assert used["expiresAt"] > made["expiresAt"]


def test_an_api_access_management_admin_sees_no_tokens_of_others(
    admin: httpx.Client, http: httpx.Client
) -> None:
    pia, tokens = token_of(admin, "pia@bank.example"), "/api/v1/api-tokens"
    everybodys = done(admin.get(tokens))
    pia_id = done(admin.get(f"{USERS}/pia"))["id"]
    (own,) = (token for token in everybodys if token["userId"] == pia_id)
    (other, *_) = (token for token in everybodys if token["userId"] != pia_id)

    assert [token["id"] for token in done(call(http, pia, "GET", tokens))] == [own["id"]]
    assert call(http, pia, "GET", f"{tokens}/{own['id']}").status_code == 200
    assert_lacks_role(call(http, pia, "GET", f"{tokens}/{other['id']}"))
    assert_lacks_role(call(http, pia, "DELETE", f"{tokens}/{other['id']}"))


@pytest.mark.parametrize("role", ["ORG_ADMIN", "READ_ONLY_ADMIN"])
def test_some_admins_see_all_tokens_and_end_none(
    admin: httpx.Client, http: httpx.Client, role: str
) -> None:
    viewer = add_user(admin, "viewer")
    assign_role(admin, viewer, role)
    token, tokens = token_of(admin, viewer.login), "/api/v1/api-tokens"

    seen = done(call(http, token, "GET", tokens))

    assert seen == done(admin.get(tokens))
    assert_lacks_role(call(http, token, "DELETE", f"{tokens}/{seen[0]['id']}"))


def test_a_tokens_network_is_anywhere_and_no_zone(admin: httpx.Client) -> None:
    made = admin.post("/api/v1/api-tokens", json={"name": "CI"}).json()
    path = f"/api/v1/api-tokens/{made.pop('id')}"
    zone = {"network": {"connection": "ZONE", "include": ["nzo1"]}}
    both = {"network": {"connection": "ANYWHERE", "exclude": ["nzo1"]}}
    anywhere = {"name": "Other", "userId": "00uOther", "network": {"connection": "ANYWHERE"}}

    put = done(admin.put(path, json=anywhere))
    refused = [admin.put(path, json=body) for body in (zone, both, {})]

    assert (put["name"], put["userId"]) == ("CI", made["userId"])
    assert put["network"] == {"connection": "ANYWHERE"}
    for answer in refused:
        assert_api_refused(answer, 400, "E0000001")
    assert "network zones" in refused[0].json()["errorCauses"][0]["errorSummary"]
    assert_api_refused(admin.put("/api/v1/api-tokens/00Tnone", json=anywhere), 404, "E0000007")


def test_an_api_token_is_no_token_of_oauth(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    issuer, app = org_server(lab.url), register_app(admin, person_named(admin, "ada"))
    token = token_of(admin, "ada@bank.example")

    for scheme in ("SSWS", "Bearer"):
        answer = http.get(issuer.at("userinfo"), headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 401
    assert introspect(http, issuer, app, token) == {"active": False}
    for form in (
        {"grant_type": "refresh_token", "refresh_token": token},
        {"grant_type": "authorization_code", "code": token, "redirect_uri": app.redirect_uri},
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        },
    ):
        answer = ask_endpoint(http, issuer, "token", app, **form)
        assert answer.status_code == 400, answer.text
        assert "access_token" not in answer.json()
