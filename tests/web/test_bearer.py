"""Access tokens of the org server open the management API: scope and admin role, both needed."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    add_policy,
    add_rule,
    add_scope,
    add_server,
    add_user,
    call,
    claims_of,
    custom_server,
    done,
    events_of,
    find_person,
    move_clock,
    org_server,
    register_app,
    set_status,
    tokens_for,
)
from tests.web.calling import (
    USERS,
    api_token,
    ask,
    assert_api_refused,
    assert_lacks_role,
    assert_lacks_scope,
    assign_role,
    bearing,
    grant,
    group_named,
    service,
    service_token,
    user_token,
)

GROUPS = "/api/v1/groups"
NOT_OURS = "The access token provided is not intended for Okta."


def assert_not_accepted(answer: httpx.Response, words: str) -> None:
    """The token is none for this API; the challenge says why, and where to get one."""
    assert_api_refused(answer, 401, "E0000011")
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer authorization_uri=")
    assert f'error="invalid_token", error_description="{words}"' in challenge


# What opens


@pytest.mark.parametrize(
    ("scope", "shown"), [("okta.apps.read", False), ("okta.apps.manage", True)]
)
def test_a_scope_that_only_reads_shows_no_clients_secret(
    admin: httpx.Client, http: httpx.Client, scope: str, shown: bool
) -> None:
    app = register_app(admin)
    token = service_token(admin, http, scope, "SUPER_ADMIN")

    one = done(bearing(http, token, "GET", f"/api/v1/apps/{app.id}"))
    secrets = done(bearing(http, token, "GET", f"/api/v1/apps/{app.id}/credentials/secrets"))

    assert (str(app.secret) in str(one)) is shown
    assert (str(app.secret) in str(secrets)) is shown


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "Bearer{}", "BEARER  {}"])
def test_a_service_with_scope_and_role_lists_groups(
    admin: httpx.Client, http: httpx.Client, header: str
) -> None:
    token = service_token(admin, http, "okta.groups.read", "READ_ONLY_ADMIN")

    answer = http.get(GROUPS, params={"limit": 10}, headers={"Authorization": header.format(token)})

    assert "SubGroup" in {found["profile"]["name"] for found in done(answer)}


def test_manage_includes_read_and_read_never_writes(
    admin: httpx.Client, http: httpx.Client
) -> None:
    manages = service_token(admin, http, "okta.groups.manage", "SUPER_ADMIN")
    reads = service_token(admin, http, "okta.groups.read", "SUPER_ADMIN")
    body = {"profile": {"name": "Made by a service"}}

    assert bearing(http, manages, "GET", GROUPS).status_code == 200
    assert bearing(http, manages, "POST", GROUPS, body).status_code == 200
    assert_lacks_scope(bearing(http, reads, "POST", GROUPS, body), "okta.groups.manage")


def test_a_super_admins_token_lists_people(admin: httpx.Client, http: httpx.Client) -> None:
    token = user_token(admin, http, find_person(admin, "ada"), "openid okta.users.read")

    logins = {found["profile"]["login"] for found in done(bearing(http, token, "GET", USERS))}

    assert {"cora@bank.example", "sam@bank.example"} <= logins


def test_the_rights_behind_a_token_are_live(admin: httpx.Client, http: httpx.Client) -> None:
    tom = find_person(admin, "tom")
    token = user_token(admin, http, tom, "okta.users.read")
    before = bearing(http, token, "GET", USERS)
    role = assign_role(admin, tom, "READ_ONLY_ADMIN")
    during = bearing(http, token, "GET", USERS)
    done(admin.delete(f"{USERS}/{tom.id}/roles/{role}"))

    after = bearing(http, token, "GET", USERS)

    assert_lacks_role(before)
    assert during.status_code == 200
    assert_lacks_role(after)


# The two refusals


def test_a_missing_scope_and_a_missing_role_are_told_apart(
    admin: httpx.Client, http: httpx.Client
) -> None:
    no_scope = service_token(admin, http, "okta.users.read", "READ_ONLY_ADMIN")
    no_role = service_token(admin, http, "okta.groups.read", None)

    without_scope = bearing(http, no_scope, "GET", GROUPS)
    without_role = bearing(http, no_role, "GET", GROUPS)

    assert_lacks_scope(without_scope, "okta.groups.read")
    assert_lacks_role(without_role)
    assert without_scope.json()["errorSummary"] == without_role.json()["errorSummary"]


def test_the_challenge_names_the_resource_and_nothing_breaks_out_of_it(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    token = service_token(admin, http, "okta.users.read", "READ_ONLY_ADMIN")

    answer = bearing(http, token, "GET", f"{GROUPS}/00g%22,%20scope=%22x%0d%0aX:%20y%C3%BC")

    challenge = answer.headers["WWW-Authenticate"]
    assert_lacks_scope(answer, "okta.groups.read")
    assert f'realm="{lab.url}"' in challenge
    assert challenge.endswith('resource="/api/v1/groups/00g%22,%20scope=%22x%0D%0AX:%20y%C3%BC"')


def test_a_custom_scope_that_is_called_like_oktas_opens_nothing(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    server_id = add_server(admin, "Fake")
    made = admin.post(
        f"/api/v1/authorizationServers/{server_id}/scopes", json={"name": "okta.users.read"}
    )
    scope = "okta.users.read" if made.is_success else "fake:read"
    if not made.is_success:
        add_scope(admin, scope, server_id)
    add_rule(admin, server_id, add_policy(admin, server_id))
    issuer = custom_server(lab.url, server_id)
    job = register_app(admin, type="service")
    token = done(call(http, issuer, "token", job, grant_type="client_credentials", scope=scope))

    answer = bearing(http, token["access_token"], "GET", USERS)

    assert_not_accepted(answer, NOT_OURS)


# What is no token for this API


def test_a_custom_servers_token_is_refused_even_when_it_names_the_org_as_audience(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    body = {"name": "Posing", "description": "Posing", "audiences": [lab.url]}
    server_id = done(admin.post("/api/v1/authorizationServers", json=body))["id"]
    add_scope(admin, "users:read", server_id)
    add_rule(admin, server_id, add_policy(admin, server_id))
    issuer = custom_server(lab.url, server_id)
    job = register_app(admin, type="service")
    token = done(
        call(http, issuer, "token", job, grant_type="client_credentials", scope="users:read")
    )

    answer = bearing(http, token["access_token"], "GET", USERS)

    assert_not_accepted(answer, "The access token provided has an invalid issuer.")


def test_an_expired_token_is_refused_as_such(admin: httpx.Client, http: httpx.Client) -> None:
    token = service_token(admin, http, "okta.users.read", "READ_ONLY_ADMIN")

    move_clock(admin, 3600)

    assert_not_accepted(bearing(http, token, "GET", USERS), "The token has expired.")


def test_a_revoked_token_is_refused_as_such(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    app = service(admin, "okta.users.read", role="READ_ONLY_ADMIN")
    token = done(ask(http, app, "okta.users.read"))["access_token"]

    done(call(http, org_server(lab.url), "revoke", app, token=token))

    answer = bearing(http, token, "GET", USERS)
    assert_not_accepted(answer, "The access token has been revoked.")


@pytest.mark.parametrize("operation", ["suspend", "deactivate"])
def test_a_person_who_is_not_active_opens_nothing(
    admin: httpx.Client, http: httpx.Client, operation: str
) -> None:
    leaver = add_user(admin, "leaver")
    assign_role(admin, leaver, "READ_ONLY_ADMIN")
    token = user_token(admin, http, leaver, "okta.users.read")
    assert bearing(http, token, "GET", USERS).status_code == 200

    set_status(admin, leaver, operation)

    assert_api_refused(bearing(http, token, "GET", USERS), 401, "E0000011")


def test_an_inactive_app_opens_nothing(admin: httpx.Client, http: httpx.Client) -> None:
    app = service(admin, "okta.users.read", role="READ_ONLY_ADMIN")
    token = done(ask(http, app, "okta.users.read"))["access_token"]

    done(admin.post(f"/api/v1/apps/{app.id}/lifecycle/deactivate"))

    assert_not_accepted(bearing(http, token, "GET", USERS), "The access token has been revoked.")


def test_an_id_token_is_no_access_token(admin: httpx.Client, http: httpx.Client, lab: Lab) -> None:
    ada = find_person(admin, "ada")
    app = register_app(admin, ada)
    tokens = tokens_for(http, org_server(lab.url), app, ada, "openid")

    assert_not_accepted(bearing(http, tokens["id_token"], "GET", USERS), NOT_OURS)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_refused(admin: httpx.Client, http: httpx.Client, part: int) -> None:
    parts = service_token(admin, http, "okta.users.read", "READ_ONLY_ADMIN").split(".")
    parts[part] = ("A" if parts[part][10] != "A" else "B").join(
        (parts[part][:10], parts[part][11:])
    )

    assert_api_refused(bearing(http, ".".join(parts), "GET", USERS), 401, "E0000011")


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "é.é.é", "eyJhbGciOiJub25lIn0.W10.x"])
def test_what_is_no_token_at_all_is_refused(http: httpx.Client, token: str) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]

    answer = http.get(USERS, headers=headers)

    assert_not_accepted(answer, "The access token is invalid.")


def test_neither_scheme_takes_the_other_ones_token(admin: httpx.Client, http: httpx.Client) -> None:
    ada = find_person(admin, "ada")
    ssws, jwt = api_token(admin, ada), service_token(admin, http, "okta.users.read", "SUPER_ADMIN")

    as_bearer = bearing(http, ssws, "GET", USERS)
    as_ssws = http.get(USERS, headers={"Authorization": f"SSWS {jwt}"})

    assert_not_accepted(as_bearer, "The access token is invalid.")
    assert_api_refused(as_ssws, 401, "E0000011")


@pytest.mark.parametrize("scheme", ["DPoP", "dpop"])
def test_the_dpop_scheme_is_refused_as_itself(
    admin: httpx.Client, http: httpx.Client, scheme: str
) -> None:
    token = service_token(admin, http, "okta.users.read", "SUPER_ADMIN")

    answer = http.get(USERS, headers={"Authorization": f"{scheme} {token}"})

    assert_api_refused(answer, 401, "E0000011")
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")


# What scopes never open


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/lab/clock"),
        ("GET", "/api/v1/orgs"),
        ("DELETE", "/api/v1/api-tokens/current"),
    ],
)
def test_what_has_no_scope_takes_api_tokens_alone(
    admin: httpx.Client, http: httpx.Client, method: str, path: str
) -> None:
    token = user_token(admin, http, find_person(admin, "ada"), "okta.users.manage")

    answer = bearing(http, token, method, path)

    assert_lacks_role(answer)
    assert "Use an API token." in answer.json()["errorCauses"][0]["errorSummary"]


# One's own record


def test_a_self_scope_opens_ones_own_record_without_any_role(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora, sam = find_person(admin, "cora"), find_person(admin, "sam")
    token = user_token(admin, http, cora, "okta.users.read.self")

    for wanted in ("me", cora.id, cora.login, "cora"):
        assert done(bearing(http, token, "GET", f"{USERS}/{wanted}"))["id"] == cora.id
    groups = done(bearing(http, token, "GET", f"{USERS}/me/groups"))
    others = bearing(http, token, "GET", f"{USERS}/{sam.id}")
    everybody = bearing(http, token, "GET", USERS)
    change = bearing(http, token, "POST", f"{USERS}/me", {"profile": {"city": "Elsewhere"}})

    assert {found["profile"]["name"] for found in groups} == {"Everyone", "Customers"}
    assert_lacks_scope(others, "okta.users.read")
    assert_lacks_scope(everybody, "okta.users.read")
    assert_lacks_scope(change, "okta.users.manage")


def test_manage_self_changes_ones_profile_and_neither_password_nor_status(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora = find_person(admin, "cora")
    token = user_token(admin, http, cora, "okta.users.manage.self")
    password = {"credentials": {"password": {"value": "Another-Word-2026"}}}

    changed = bearing(http, token, "POST", f"{USERS}/me", {"profile": {"city": "Elsewhere"}})

    assert done(changed)["profile"]["city"] == "Elsewhere"
    assert bearing(http, token, "GET", f"{USERS}/me").status_code == 200
    for method, path, body in (
        ("POST", f"{USERS}/me", password),
        ("PUT", f"{USERS}/me", password),
        ("POST", f"{USERS}/me/lifecycle/suspend", None),
        ("DELETE", f"{USERS}/me", None),
    ):
        assert_lacks_scope(bearing(http, token, method, path, body), "okta.users.manage")


def test_a_service_is_nobody_whom_me_could_mean(admin: httpx.Client, http: httpx.Client) -> None:
    token = service_token(admin, http, "okta.users.read", "READ_ONLY_ADMIN")

    assert_api_refused(bearing(http, token, "GET", f"{USERS}/me"), 404, "E0000007")


# Group admins


@pytest.fixture
def grace(admin: httpx.Client, http: httpx.Client) -> str:
    """A token of the admin of SubGroup, with every scope for people and groups."""
    return user_token(
        admin, http, find_person(admin, "grace"), "okta.users.manage okta.groups.manage"
    )


def test_a_group_admin_sees_only_the_people_of_the_group(http: httpx.Client, grace: str) -> None:
    logins = [found["profile"]["login"] for found in done(bearing(http, grace, "GET", USERS))]
    searched = bearing(http, grace, "GET", USERS, params={"search": 'status eq "ACTIVE"'})
    begun = bearing(http, grace, "GET", USERS, params={"q": "Cora"})

    assert logins == ["sam@bank.example"]
    assert [found["profile"]["login"] for found in done(searched)] == ["sam@bank.example"]
    assert done(begun) == []


def test_a_group_admin_sees_only_the_group(
    admin: httpx.Client, http: httpx.Client, grace: str
) -> None:
    subgroup, staff = group_named(admin, "SubGroup"), group_named(admin, "Staff")

    listed = [found["id"] for found in done(bearing(http, grace, "GET", GROUPS))]
    members = done(bearing(http, grace, "GET", f"{GROUPS}/{subgroup}/users"))

    assert listed == [subgroup]
    assert [found["profile"]["login"] for found in members] == ["sam@bank.example"]
    assert_lacks_role(bearing(http, grace, "GET", f"{GROUPS}/{staff}"))
    assert_lacks_role(bearing(http, grace, "GET", f"{GROUPS}/{staff}/users"))
    assert_lacks_role(bearing(http, grace, "GET", f"{USERS}/cora@bank.example"))


def test_a_group_admin_wins_no_power_by_adding_people(
    admin: httpx.Client, http: httpx.Client, grace: str
) -> None:
    subgroup, cora = group_named(admin, "SubGroup"), find_person(admin, "cora")

    added = bearing(http, grace, "PUT", f"{GROUPS}/{subgroup}/users/{cora.id}")

    assert_lacks_role(added)
    assert_lacks_role(bearing(http, grace, "POST", f"{USERS}/{cora.id}/lifecycle/suspend"))


def test_a_group_admin_makes_people_in_the_group_and_nowhere_else(
    admin: httpx.Client, http: httpx.Client, grace: str
) -> None:
    subgroup, staff = group_named(admin, "SubGroup"), group_named(admin, "Staff")

    def make(name: str, *groups: str) -> httpx.Response:
        login = f"{name}@bank.example"
        profile = {"login": login, "email": login, "firstName": name, "lastName": "New"}
        body = {"profile": profile, "groupIds": list(groups)}
        return bearing(http, grace, "POST", USERS, body)

    assert make("inside", subgroup).status_code == 200
    assert_lacks_role(make("outside"))
    assert_lacks_role(make("elsewhere", staff))
    assert_lacks_role(make("both", subgroup, staff))


def test_a_role_whose_target_is_deleted_reaches_nothing_any_more(
    admin: httpx.Client, http: httpx.Client, grace: str
) -> None:
    done(admin.delete(f"{GROUPS}/{group_named(admin, 'SubGroup')}"))

    assert done(bearing(http, grace, "GET", USERS)) == []
    assert_lacks_role(bearing(http, grace, "GET", f"{USERS}/cora@bank.example"))


# Who did it


def test_the_log_and_the_grants_name_the_service_that_acted(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    app = service(admin, "okta.appGrants.manage", role="SUPER_ADMIN")
    token = done(ask(http, app, "okta.appGrants.manage"))["access_token"]
    other = register_app(admin, type="service", auth="private_key_jwt", key=app.key)
    body = {"scopeId": "okta.logs.read", "issuer": lab.url}

    made = bearing(http, token, "POST", f"/api/v1/apps/{other.id}/grants", body)

    assert done(made)["createdBy"] == {"id": app.id, "type": "Client"}
    (event,) = events_of(admin, made)
    assert event["actor"]["id"] == app.id
    assert event["actor"]["type"] == "PublicClientApp"


def test_the_log_names_the_person_behind_a_users_token(
    admin: httpx.Client, http: httpx.Client
) -> None:
    ada = find_person(admin, "ada")
    token = user_token(admin, http, ada, "okta.groups.manage")

    made = bearing(http, token, "POST", GROUPS, {"profile": {"name": "By Ada"}})

    (event,) = events_of(admin, made)
    assert event["actor"]["id"] == ada.id


def test_a_service_makes_api_tokens_for_people_and_none_of_its_own(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = service_token(admin, http, "okta.apiTokens.manage", "SUPER_ADMIN")
    ada, tokens = find_person(admin, "ada"), "/api/v1/api-tokens"

    own = bearing(http, token, "POST", tokens, {"name": "mine"})
    for_ada = bearing(http, token, "POST", tokens, {"name": "hers", "userId": ada.id})

    assert_api_refused(own, 400, "E0000001")
    assert (for_ada.status_code, for_ada.json()["userId"]) == (201, ada.id)


def test_a_machine_token_carries_what_was_granted_and_no_person(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    app = service(admin, "okta.users.read", "okta.groups.read")

    document = done(ask(http, app, "okta.users.read okta.groups.read"))

    claims = claims_of(document["access_token"])
    assert (claims["sub"], claims["aud"]) == (app.id, lab.url)
    assert claims["scp"] == ["okta.users.read", "okta.groups.read"]
    assert "uid" not in claims
    assert document["expires_in"] == 3600
    assert "refresh_token" not in document


def test_a_grant_that_is_revoked_leaves_the_token_and_stops_the_next_one(
    admin: httpx.Client, http: httpx.Client
) -> None:
    app = service(admin, role="READ_ONLY_ADMIN")
    grant(admin, app, "okta.users.read")
    token = done(ask(http, app, "okta.users.read"))["access_token"]
    (held,) = done(admin.get(f"/api/v1/apps/{app.id}/grants"))

    done(admin.delete(f"/api/v1/apps/{app.id}/grants/{held['id']}"))

    assert bearing(http, token, "GET", USERS).status_code == 200
    assert ask(http, app, "okta.users.read").status_code == 400


def test_the_scope_for_registration_registers_and_does_nothing_else(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = service_token(admin, http, "okta.clients.register", "APP_ADMIN")
    clients = "/oauth2/v1/clients"
    body = {"client_name": "Registered", "redirect_uris": ["http://127.0.0.1:8765/callback"]}

    assert bearing(http, token, "POST", clients, body).status_code == 201
    assert_lacks_scope(bearing(http, token, "GET", clients), "okta.clients.read")
