"""Who is an admin but no super admin climbs no higher, and leaves those above alone."""

from __future__ import annotations

import httpx
import pytest

from tests.speaking import (
    CALLBACK,
    App,
    Person,
    add_user,
    call,
    done,
    find_person,
    org_server,
    public_jwk,
    register_app,
)
from tests.web.calling import (
    USERS,
    api_token,
    assert_api_refused,
    assert_lacks_role,
    assert_lacks_scope,
    assign_role,
    bearing,
    grant,
    lab_url,
    private_key,
    service,
    user_token,
    with_api_token,
)

GROUPS = "/api/v1/groups"


@pytest.fixture
def boss(admin: httpx.Client) -> Person:
    """The person whom the org's own token belongs to, who is its one super admin from now on."""
    found = done(admin.get(f"{USERS}/me"))
    for user in done(admin.get(USERS)):
        path = f"{USERS}/{user['id']}/roles"
        for role in done(admin.get(path)) if user["id"] != found["id"] else []:
            if role["type"] == "SUPER_ADMIN":
                done(admin.delete(f"{path}/{role['id']}"))
    return Person(found["id"], found["profile"]["login"])


def group_of_supers(admin: httpx.Client) -> str:
    """The id of a group whose members are super admins."""
    made = done(admin.post(GROUPS, json={"profile": {"name": "Supers"}}))
    done(admin.post(f"{GROUPS}/{made['id']}/roles", json={"type": "SUPER_ADMIN"}))
    return str(made["id"])


def test_only_a_super_admin_changes_a_group_that_makes_admins(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora = find_person(admin, "cora")
    assign_role(admin, cora, "ORG_ADMIN")
    token, group = api_token(admin, cora), group_of_supers(admin)
    path = f"{GROUPS}/{group}"
    plain = done(admin.post(GROUPS, json={"profile": {"name": "Plain"}}))["id"]

    for method, target, body in (
        ("PUT", path, {"profile": {"name": "Renamed"}}),
        ("POST", f"{path}/owners", {"id": cora.id, "type": "USER"}),
        ("DELETE", path, None),
    ):
        assert_lacks_role(with_api_token(http, token, method, target, body))
    assert with_api_token(http, token, "DELETE", f"{GROUPS}/{plain}").status_code == 204
    assert done(admin.get(path))["profile"]["name"] == "Supers"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/lifecycle/suspend"),
        ("POST", "/lifecycle/deactivate"),
        ("DELETE", ""),
    ],
)
def test_the_last_super_admin_is_not_put_out(
    admin: httpx.Client, boss: Person, method: str, path: str
) -> None:
    answer = admin.request(method, f"{USERS}/{boss.id}{path}")

    assert_api_refused(answer, 400, "E0000001")
    assert "last super admin" in answer.json()["errorCauses"][0]["errorSummary"]
    assert done(admin.get(f"{USERS}/{boss.id}"))["status"] == "ACTIVE"


def test_one_of_two_super_admins_may_go(admin: httpx.Client, boss: Person) -> None:
    second = add_user(admin, "second")
    assign_role(admin, second, "SUPER_ADMIN")

    answer = admin.post(f"{USERS}/{second.id}/lifecycle/suspend")

    assert answer.status_code == 200
    assert_api_refused(admin.post(f"{USERS}/{boss.id}/lifecycle/suspend"), 400, "E0000001")


@pytest.mark.parametrize("end", ["leave", "delete"])
def test_the_last_super_admin_by_a_group_stays_in_it(
    admin: httpx.Client, http: httpx.Client, boss: Person, end: str
) -> None:
    group, other = group_of_supers(admin), add_user(admin, "other")
    done(admin.put(f"{GROUPS}/{group}/users/{other.id}"))
    token = api_token(admin, other)
    path = f"{USERS}/{boss.id}/roles"
    (own,) = done(with_api_token(http, token, "GET", path))
    done(with_api_token(http, token, "DELETE", f"{path}/{own['id']}"))
    members = f"{GROUPS}/{group}/users/{other.id}" if end == "leave" else f"{GROUPS}/{group}"

    answer = with_api_token(http, token, "DELETE", members)

    assert_api_refused(answer, 400, "E0000001")
    assert with_api_token(http, token, "GET", f"{USERS}/{other.id}/roles").status_code == 200


def test_strangers_lock_nobodys_api_token_out(
    admin: httpx.Client, http: httpx.Client, boss: Person
) -> None:
    for _ in range(10):
        http.post("/api/v1/authn", json={"username": boss.login, "password": "a guess"})

    found = admin.get(f"{USERS}/me")

    assert found.status_code == 200
    assert found.json()["status"] == "LOCKED_OUT"
    assert admin.post(f"{USERS}/me/lifecycle/unlock").status_code == 200


PARTNERS = (
    "okta.users.manage okta.groups.manage okta.apps.manage okta.clients.manage okta.roles.manage "
    "okta.appGrants.manage okta.apiTokens.manage okta.oauthIntegrations.manage"
)


@pytest.fixture
def partner(admin: httpx.Client) -> App:
    """An installed integration with every scope that could lead to more power."""
    scopes = PARTNERS.split()
    type = "climber_" + lab_url(admin).rsplit("/", 1)[1].replace("-", "_")
    declared = {"type": type, "name": "Climber", "scopes": scopes, "published": False}
    done(admin.post("/lab/integrations", json=declared))
    wanted = {"type": type, "grantedScopes": scopes}
    made = done(admin.post("/integrations/api/v1/api-services", json=wanted))
    return App(made["id"], made["clientSecret"], "client_secret_basic", "Climber")


def token_of(http: httpx.Client, partner: App) -> str:
    """The partner's access token."""
    issuer = org_server(lab_url(http))
    asked = call(http, issuer, "token", partner, grant_type="client_credentials", scope=PARTNERS)
    return str(done(asked)["access_token"])


def test_an_integration_makes_no_admins_grants_or_tokens_and_changes_no_admin(
    admin: httpx.Client, http: httpx.Client, partner: App
) -> None:
    token, ada, cora = token_of(http, partner), find_person(admin, "ada"), find_person(admin)
    group, job, web = group_of_supers(admin), service(admin, role="ORG_ADMIN"), register_app(admin)
    grant(admin, web, "okta.users.read")
    person = {"firstName": "New", "lastName": "One", "email": "n@b.example", "login": "n@b.example"}
    password = {"credentials": {"password": {"value": "Another-Word-2026"}}}
    key, secrets = public_jwk(private_key(), "another"), f"api-services/{partner.id}/credentials"
    permits = {"label": "All", "description": "All", "permissions": ["okta.users.manage"]}

    for method, path, body in (
        ("POST", f"{USERS}/{cora.id}/roles", {"type": "SUPER_ADMIN"}),
        ("POST", "/api/v1/iam/roles", permits),
        ("POST", "/api/v1/api-tokens", {"name": "Mine", "userId": ada.id}),
        ("POST", f"/api/v1/apps/{web.id}/grants", {"scopeId": "okta.apps.manage"}),
        ("POST", f"/integrations/api/v1/{secrets}/secrets", None),
        ("PUT", f"{GROUPS}/{group}/users/{cora.id}", None),
        ("POST", USERS, {"profile": person, "groupIds": [group]}),
        ("POST", f"{USERS}/{ada.id}", password),
        ("POST", f"{USERS}/{ada.id}/lifecycle/reset_password?sendEmail=false", None),
        ("POST", f"/api/v1/apps/{job.id}/credentials/jwks", key),
        ("POST", f"/oauth2/v1/clients/{web.id}/lifecycle/newSecret", None),
        ("DELETE", f"/oauth2/v1/clients/{job.id}", None),
    ):
        assert_lacks_role(bearing(http, token, method, path, body))
    for path in (USERS, GROUPS, "/api/v1/apps", "/oauth2/v1/clients", f"{USERS}/{ada.id}/roles"):
        assert bearing(http, token, "GET", path).status_code == 200
    assert bearing(http, token, "POST", f"{USERS}/{cora.id}", password).status_code == 200


def test_no_app_takes_the_client_id_of_an_integration(
    admin: httpx.Client, http: httpx.Client, partner: App
) -> None:
    cora = find_person(admin, "cora")
    assign_role(admin, cora, "APP_ADMIN")
    body = {
        "name": "oidc_client",
        "label": "Shadow",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"client_id": partner.id}},
        "settings": {
            "oauthClient": {
                "application_type": "web",
                "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code"],
                "response_types": ["code"],
            }
        },
    }

    answer = with_api_token(http, api_token(admin, cora), "POST", "/api/v1/apps", body)

    assert_api_refused(answer, 400, "E0000001")
    assert token_of(http, partner)


def test_an_app_admin_of_one_app_reaches_it_as_a_client_too_and_no_other(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora, clients = find_person(admin, "cora"), "/oauth2/v1/clients"
    role = assign_role(admin, cora, "APP_ADMIN")
    mine, other = register_app(admin), register_app(admin)
    targets = f"{USERS}/{cora.id}/roles/{role}/targets/catalog/apps"
    done(admin.put(f"{targets}/oidc_client/{mine.id}"))
    token = api_token(admin, cora)

    listed = done(with_api_token(http, token, "GET", clients))
    shown = done(with_api_token(http, token, "GET", f"{clients}/{mine.id}"))
    renewed = with_api_token(http, token, "POST", f"{clients}/{mine.id}/lifecycle/newSecret")

    assert [found["client_id"] for found in listed] == [mine.id]
    assert shown["client_id"] == mine.id
    assert done(renewed)["client_secret"] != mine.secret
    for method, path in (
        ("GET", other.id),
        ("PUT", other.id),
        ("DELETE", other.id),
        ("POST", f"{other.id}/lifecycle/newSecret"),
        ("GET", f"{mine.id}/roles"),
    ):
        assert_lacks_role(with_api_token(http, token, method, f"{clients}/{path}", {}))


@pytest.mark.parametrize(
    "profile",
    [{"login": "boss@bank.example"}, {"department": "Treasury"}, {"city": "Here", "title": "CFO"}],
)
def test_people_do_not_decide_their_own_login_or_work(
    admin: httpx.Client, http: httpx.Client, profile: dict[str, str]
) -> None:
    token = user_token(admin, http, find_person(admin), "okta.users.manage.self")
    before = done(admin.get(f"{USERS}/cora@bank.example"))["profile"]

    answer = bearing(http, token, "POST", f"{USERS}/me", {"profile": profile})
    sent_back = bearing(
        http, token, "POST", f"{USERS}/me", {"profile": before | {"nickName": "Co"}}
    )

    assert_lacks_scope(answer, "okta.users.manage")
    assert done(sent_back)["profile"] == before | {"nickName": "Co"}


@pytest.mark.parametrize("operator", ["co", "ew"])
@pytest.mark.parametrize(("path", "name"), [(USERS, "profile.login"), (GROUPS, "profile.name")])
def test_a_filter_of_people_or_groups_has_no_operator_for_parts_and_a_search_has(
    admin: httpx.Client, path: str, name: str, operator: str
) -> None:
    text = (
        f'status pr or not ({name} {operator} "a")' if path == USERS else f'{name} {operator} "a"'
    )

    assert_api_refused(admin.get(path, params={"filter": text}), 400, "E0000031")
    assert admin.get(path, params={"search": text}).status_code == 200
