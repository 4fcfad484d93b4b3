"""Which scopes a request gets: all it asks for, the default ones, or a refusal in known words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labserver.domain.catalog import ORG_SCOPES, RESERVED_SCOPES
from labserver.domain.errors import Refusal
from labserver.domain.scopes import granted_scopes, split
from labserver.domain.values import AuthorizationServer, Client, Scope

CODE = "authorization_code"
MACHINE = "client_credentials"

NOT_CONFIGURED = "One or more scopes are not configured for the authorization server resource."
NEEDS_OPENID = (
    "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope."
)
NO_OPENID_FOR_MACHINES = "Cannot request 'openid' scopes using client credentials."
NO_DEFAULTS = (
    "The authorization server resource does not have any configured default scopes, "
    "'scope' must be provided."
)

WEB = Client("0oaweb", "Web", "web", "client_secret_basic")
SERVICE = Client("0oajob", "Job", "service", "client_secret_basic")


def server(*scopes: Scope, **changes: object) -> AuthorizationServer:
    """A custom server with the reserved scopes and these."""
    value = AuthorizationServer(
        id="aus1",
        name="Orders",
        issuer="http://lab.test/oauth2/aus1",
        endpoint_root="http://lab.test/oauth2/aus1/v1",
        audience="api://orders",
        scopes=dict(RESERVED_SCOPES) | {scope.name: scope for scope in scopes},
    )
    return replace(value, **changes)  # type: ignore[arg-type]


READ, WRITE = Scope("orders:read"), Scope("orders:write")
CUSTOM = server(READ, WRITE)
ORG = replace(CUSTOM, id="org", scopes=ORG_SCOPES, without_scope="No scopes were requested.")


def refused(
    at: AuthorizationServer, client: Client, asked: str | None, grant_type: str = CODE
) -> Refusal:
    """The refusal of this request; a failure if it is granted."""
    with pytest.raises(Refusal) as caught:
        granted_scopes(at, client, asked, grant_type)
    return caught.value


def test_all_that_is_asked_is_granted_in_the_order_asked() -> None:
    assert granted_scopes(CUSTOM, WEB, "orders:write openid orders:read", CODE) == (
        "orders:write",
        "openid",
        "orders:read",
    )


def test_a_scope_that_is_asked_twice_is_granted_once() -> None:
    assert granted_scopes(CUSTOM, WEB, "orders:read orders:read", CODE) == ("orders:read",)


def test_a_request_without_scopes_gets_the_default_ones() -> None:
    at = server(replace(READ, default=True), WRITE)

    assert granted_scopes(at, WEB, None, CODE) == ("orders:read",)


@pytest.mark.parametrize("grant_type", [CODE, MACHINE])
def test_without_scopes_and_without_default_ones_there_is_nothing_to_grant(grant_type: str) -> None:
    refusal = refused(CUSTOM, SERVICE, None, grant_type)

    assert (refusal.error, refusal.status) == ("invalid_scope", 400)
    assert refusal.description == NO_DEFAULTS
    assert refusal.name == "no_default_scopes"


def test_the_org_server_says_in_its_own_words_that_scopes_are_missing() -> None:
    assert refused(ORG, SERVICE, None, MACHINE).description == "No scopes were requested."


@pytest.mark.parametrize("at", [CUSTOM, ORG], ids=["custom", "org"])
@pytest.mark.parametrize("grant_type", [CODE, MACHINE])
def test_one_unknown_scope_spoils_the_whole_request(
    at: AuthorizationServer, grant_type: str
) -> None:
    refusal = refused(at, WEB, "openid orders:delete", grant_type)

    assert (refusal.error, refusal.description) == ("invalid_scope", NOT_CONFIGURED)


def test_scopes_are_told_apart_by_case() -> None:
    assert refused(CUSTOM, WEB, "Orders:read").description == NOT_CONFIGURED


@pytest.mark.parametrize("scope", ["profile", "email", "address", "phone", "groups"])
def test_a_scope_about_a_person_needs_openid(scope: str) -> None:
    refusal = refused(CUSTOM, WEB, scope)

    assert (refusal.error, refusal.description) == ("invalid_scope", NEEDS_OPENID)
    assert granted_scopes(CUSTOM, WEB, f"openid {scope}", CODE) == ("openid", scope)


def test_offline_access_needs_no_openid() -> None:
    asked = "offline_access orders:read"

    assert granted_scopes(CUSTOM, WEB, asked, CODE) == ("offline_access", "orders:read")


@pytest.mark.parametrize("scope", sorted(RESERVED_SCOPES))
def test_a_machine_gets_no_reserved_scope(scope: str) -> None:
    refusal = refused(CUSTOM, SERVICE, f"orders:read {scope}", MACHINE)

    assert (refusal.error, refusal.description) == ("invalid_scope", NO_OPENID_FOR_MACHINES)


def test_a_machine_cannot_get_what_a_person_must_agree_to() -> None:
    at = server(replace(READ, consent="REQUIRED"), WRITE)

    refusal = refused(at, SERVICE, "orders:read orders:write", MACHINE)

    assert refusal.error == "consent_required"
    assert refusal.description == (
        "The following scopes require user consent and cannot be granted for the client "
        "credentials grant type: [orders:read]."
    )


def test_a_machine_gets_scopes_whose_consent_is_flexible() -> None:
    at = server(replace(READ, consent="FLEXIBLE"))

    assert granted_scopes(at, SERVICE, "orders:read", MACHINE) == ("orders:read",)


def test_a_scope_string_of_1024_characters_is_read_and_a_longer_one_refused() -> None:
    assert len(split("x" * 1024)[0]) == 1024
    with pytest.raises(Refusal, match="1024 characters"):
        split("x" * 1025)


@pytest.mark.parametrize(
    "asked",
    [" openid", "openid ", "openid  email", "openid\temail", 'a"b', "a\\b", "scöpe", "a\0b", "a\n"],
)
def test_a_scope_string_has_single_spaces_and_characters_of_scopes_only(asked: str) -> None:
    with pytest.raises(Refusal) as caught:
        split(asked)

    assert caught.value.error == "invalid_scope"


API_JOB = replace(SERVICE, api_scopes=frozenset({"okta.users.read"}))


def test_an_api_scope_is_granted_to_an_app_that_holds_it() -> None:
    assert granted_scopes(ORG, API_JOB, "okta.users.read", MACHINE) == ("okta.users.read",)


def test_an_app_that_holds_none_of_the_api_scopes_needs_an_admins_consent() -> None:
    refusal = refused(ORG, SERVICE, "okta.users.read", MACHINE)

    assert refusal.error == "consent_required"
    assert refusal.description == "You are not allowed any of the requested scopes."


def test_api_scopes_are_all_or_none() -> None:
    refusal = refused(ORG, API_JOB, "okta.users.read okta.groups.read", MACHINE)

    assert refusal.error == "invalid_scope"
    assert "okta.groups.read" in refusal.description
    assert "okta.users.read" not in refusal.description


def test_a_machine_has_no_self() -> None:
    holder = replace(SERVICE, api_scopes=frozenset({"okta.users.read.self"}))

    refusal = refused(ORG, holder, "okta.users.read.self", MACHINE)

    assert refusal.error == "client_credentials_self_scope_requested"
    assert refusal.description == (
        "The 'client_credentials' grant type may not request .self scopes."
    )


def test_a_custom_server_has_no_api_scopes() -> None:
    assert refused(CUSTOM, API_JOB, "okta.users.read", MACHINE).description == NOT_CONFIGURED


def test_the_org_server_has_no_device_sso() -> None:
    assert refused(ORG, WEB, "openid device_sso").description == NOT_CONFIGURED
