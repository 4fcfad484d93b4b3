"""What else Okta's management SDK does at the lab, with an API token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pyotp
import pytest
from okta import models

from tests.clients.okta_sdk import Failed, Sdk
from tests.speaking import (
    PASSWORD,
    add_user,
    custom_server,
    done,
    find_person,
    register_app,
    sign_in,
    tokens_for,
)


@pytest.fixture
def sdk(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    """The SDK as the org's super admin; it is told that plain http is meant."""
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    found = Sdk(lab.url, token=lab.token)
    yield found
    found.close()


def test_roles_and_the_groups_that_they_reach(sdk: Sdk, admin: httpx.Client) -> None:
    person, (group,) = add_user(admin, "mona"), sdk.list_groups(q="Staff")
    body = models.AssignRoleToUserRequest(models.StandardRoleAssignmentSchema(type="USER_ADMIN"))

    made = sdk.assign_role_to_user(person.id, body).actual_instance
    sdk.nothing("assign_group_target_to_user_role", person.id, made.id, group.id)
    reached = sdk.list_group_targets_for_role(person.id, made.id)
    held = sdk.list_assigned_roles_for_user(person.id)
    sdk.nothing("unassign_role_from_user", person.id, made.id)

    assert [each.actual_instance.type for each in held] == ["USER_ADMIN"]
    assert [each.id for each in reached] == [group.id]
    assert sdk.list_assigned_roles_for_user(person.id) == []


def test_factors_are_enrolled_listed_and_removed(sdk: Sdk, admin: httpx.Client) -> None:
    person = add_user(admin, "mona")
    body = {"factorType": "token:software:totp", "provider": "OKTA"}

    enrolled = sdk.enroll_factor(person.id, models.UserFactor.from_dict(body))
    code = pyotp.TOTP(enrolled.embedded["activation"]["sharedSecret"])
    now = done(admin.get("/lab/clock"))["now"]
    # The SDK's models of this body have no `passCode`, so that it cannot say it.
    path = f"/api/v1/users/{person.id}/factors/{enrolled.id}/lifecycle/activate"
    done(admin.post(path, json={"passCode": code.at(now)}))
    listed = sdk.list_factors(person.id)
    catalog = sdk.list_supported_factors(person.id)
    sdk.nothing("unenroll_factor", person.id, enrolled.id)

    assert enrolled.status == "PENDING_ACTIVATION"
    assert [(each.id, each.status) for each in listed] == [(enrolled.id, "ACTIVE")]
    assert "sms" in [each.factor_type for each in catalog]
    assert sdk.list_factors(person.id) == []


def test_passwords_and_recovery(sdk: Sdk, admin: httpx.Client) -> None:
    person = add_user(admin, "mona")
    change = models.ChangePasswordRequest.from_dict(
        {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "Other-Sesame-2026"}}
    )

    changed = sdk.change_password(person.id, change)
    link = sdk.reset_password(person.id, send_email=False).reset_password_url
    status = sdk.get_user(person.id).status

    assert changed.provider.type == "OKTA"
    assert link.startswith(str(admin.base_url))
    assert status == "RECOVERY"


def test_trusted_origins(sdk: Sdk) -> None:
    origin = {"name": "Shop", "origin": "https://shop.example", "scopes": [{"type": "CORS"}]}
    body = models.TrustedOriginWrite.from_dict(origin)

    made = sdk.create_trusted_origin(body)
    off = sdk.deactivate_trusted_origin(made.id)
    on = sdk.activate_trusted_origin(made.id)
    body = models.TrustedOrigin.from_dict(origin | {"name": "Renamed"})
    renamed = sdk.replace_trusted_origin(made.id, body)
    listed = sdk.list_trusted_origins()
    sdk.nothing("delete_trusted_origin", made.id)

    assert (made.status, off.status, on.status) == ("ACTIVE", "INACTIVE", "ACTIVE")
    assert [each.name for each in listed] == [renamed.name] == ["Renamed"]


def test_sessions(sdk: Sdk, admin: httpx.Client, http: httpx.Client) -> None:
    person = find_person(admin)
    begun = done(admin.post("/api/v1/sessions", json={"sessionToken": sign_in(http, person)}))

    read = sdk.get_session(begun["id"])
    longer = sdk.refresh_session(begun["id"])
    sdk.nothing("revoke_session", begun["id"])
    with pytest.raises(Failed) as over:
        sdk.get_session(begun["id"])

    assert (read.user_id, read.login, read.status) == (person.id, person.login, "ACTIVE")
    assert longer.id == read.id
    assert over.value.status == 404


def test_refresh_tokens_are_seen_and_revoked(
    sdk: Sdk, admin: httpx.Client, http: httpx.Client, lab: Any
) -> None:
    person = find_person(admin)
    app = register_app(admin, person)
    tokens_for(http, custom_server(lab.url), app, person, "openid offline_access")

    clients = sdk.list_o_auth2_clients_for_authorization_server("default")
    (held,) = sdk.list_refresh_tokens_for_authorization_server_and_client("default", app.id)
    (same,) = sdk.list_refresh_tokens_for_user_and_client(person.id, app.id)
    one = ("default", app.id, held.id)
    sdk.nothing("revoke_refresh_token_for_authorization_server_and_client", *one)

    assert app.id in [each.client_id for each in clients]
    assert (held.id, held.user_id, held.status) == (same.id, person.id, "ACTIVE")
    left = sdk.list_refresh_tokens_for_authorization_server_and_client("default", app.id)
    assert left == []


def test_api_tokens_end_by_their_id_and_by_themselves(sdk: Sdk, admin: httpx.Client) -> None:
    made = done(admin.post("/api/v1/api-tokens", json={"name": "Other"}))

    read = sdk.get_api_token(made["id"])
    sdk.nothing("revoke_api_token", made["id"])
    left = [each.id for each in sdk.list_api_tokens()]
    sdk.nothing("revoke_current_api_token")
    with pytest.raises(Failed) as over:
        sdk.list_api_tokens()

    assert read.name == "Other"
    assert made["id"] not in left
    assert over.value.code == "E0000011"


def test_the_orgs_policies(sdk: Sdk) -> None:
    (policy,) = sdk.list_policies(type="PASSWORD")
    (rule,) = sdk.list_policy_rules(policy.id)

    policy.settings.password.lockout.max_attempts = 7
    replaced = sdk.replace_policy(policy.id, policy)

    assert replaced.settings.password.lockout.max_attempts == 7
    assert sdk.get_policy_rule(policy.id, rule.id).id == rule.id


def test_the_log_is_followed_through_its_pages(sdk: Sdk, admin: httpx.Client) -> None:
    for number in range(12):
        add_user(admin, f"log{number}")

    events = sdk.every("list_log_events", 5, filter='eventType eq "user.lifecycle.create"')

    assert len({each.uuid for each in events}) == len(events) >= 12
