"""Which claims go where: scopes, thin and fat, custom claims with their conditions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labserver.domain import claims
from labserver.domain.catalog import RESERVED_SCOPES, SERVER_OWNED_CLAIMS
from labserver.domain.errors import Refusal
from labserver.domain.expressions import Names
from labserver.domain.values import AuthorizationServer, Claim, Client, Group, User

ADA = User(
    id="00uada",
    login="ada@bank.example",
    status="ACTIVE",
    profile={
        "login": "ada@bank.example",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@mail.example",
        "timezone": "Europe/London",
        "locale": "en-GB",
        "nickName": "",
        "primaryPhone": "+44 20 0000",
        "city": "London",
        "zipCode": None,
        "department": "Engines",
    },
    groups=(Group("00g1", "Everyone"), Group("00g2", "Staff"), Group("00g3", "staff-admins")),
    updated=1_000,
)
APP = Client("0oaweb", "Web", "web", "client_secret_basic", profile={"tier": "gold"})
ORG = {"name": "Bank", "subDomain": "bank"}


def names(user: User | None = ADA, scopes: tuple[str, ...] = ("openid",)) -> Names:
    login = user.login if user else None
    return claims.names_for(APP, user, login, scopes, ("pwd",), ORG, 1_000)


def claim(name: str, value: str, kind: str = "RESOURCE", **changes: object) -> Claim:
    made = Claim("ocl1", name, kind, "EXPRESSION", value)  # type: ignore[arg-type]
    return replace(made, **changes)  # type: ignore[arg-type]


def server(*custom: Claim) -> AuthorizationServer:
    return AuthorizationServer(
        "aus1", "S", "http://lab.test", "http://lab.test/v1", "api://s", RESERVED_SCOPES, custom
    )


def resource_claims(*custom: Claim, scopes: tuple[str, ...] = ("openid",)) -> dict[str, object]:
    return claims.custom_claims(server(*custom), "RESOURCE", scopes, names(scopes=scopes))


def test_openid_alone_says_nothing_about_a_person() -> None:
    assert claims.person_claims(ADA, ["openid"]) == {}


def test_profile_opens_the_profile_without_empty_attributes() -> None:
    assert claims.person_claims(ADA, ["profile"]) == {
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "preferred_username": "ada@bank.example",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "updated_at": 1_000,
    }


def test_a_display_name_goes_before_the_parts_of_a_name() -> None:
    user = replace(ADA, profile=dict(ADA.profile) | {"displayName": "Countess"})

    assert claims.person_claims(user, ["profile"])["name"] == "Countess"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("email", {"email": "ada@mail.example", "email_verified": True}),
        ("phone", {"phone_number": "+44 20 0000"}),
        ("address", {"address": {"locality": "London"}}),
    ],
)
def test_each_scope_opens_its_own_claims(scope: str, expected: dict[str, object]) -> None:
    assert claims.person_claims(ADA, [scope]) == expected


def test_nothing_is_said_of_attributes_that_a_person_lacks() -> None:
    bare = User("00u", "x@bank.example", "ACTIVE", {})

    assert claims.person_claims(bare, ["profile", "email", "phone", "address"]) == {}


def test_a_thin_id_token_names_the_person_and_the_address_and_no_more() -> None:
    thin = claims.thin_person_claims(ADA, ["profile", "email", "phone", "address"])

    assert thin == {
        "name": "Ada Lovelace",
        "preferred_username": "ada@bank.example",
        "email": "ada@mail.example",
        "email_verified": True,
    }


def test_a_thin_id_token_says_only_what_the_scopes_open() -> None:
    assert set(claims.thin_person_claims(ADA, ["email"])) == {"email", "email_verified"}


def test_custom_claims_are_told_apart_by_their_token() -> None:
    both = (claim("a", '"access"'), claim("b", '"identity"', "IDENTITY"))

    assert resource_claims(*both) == {"a": "access"}
    identity = claims.custom_claims(server(*both), "IDENTITY", ["openid"], names())
    assert identity == {"b": "identity"}


def test_a_claim_with_conditions_appears_when_one_of_its_scopes_is_granted() -> None:
    conditional = claim("c", '"yes"', scopes=frozenset({"email", "phone"}))

    assert resource_claims(conditional) == {}
    assert resource_claims(conditional, scopes=("openid", "phone")) == {"c": "yes"}


def test_a_claim_without_a_value_is_left_out() -> None:
    assert resource_claims(claim("c", "user.noSuchAttribute")) == {}


def test_false_zero_and_empty_text_are_values() -> None:
    found = resource_claims(claim("no", "false"), claim("zero", "0"), claim("empty", '""'))

    assert found == {"no": False, "zero": 0, "empty": ""}


@pytest.mark.parametrize("thin", [False, True])
def test_a_claim_that_is_not_always_there_is_missing_from_thin_tokens(thin: bool) -> None:
    sometimes = claim("s", '"x"', "IDENTITY", always_in_token=False)

    found = claims.custom_claims(server(sometimes), "IDENTITY", ["openid"], names(), thin=thin)

    assert found == ({} if thin else {"s": "x"})


@pytest.mark.parametrize("name", sorted(SERVER_OWNED_CLAIMS))
def test_a_custom_claim_never_replaces_a_claim_of_the_server(name: str) -> None:
    assert resource_claims(claim(name, '"mine"')) == {}


def test_a_claim_that_cannot_be_evaluated_ends_the_request_by_its_name() -> None:
    broken = claim("department", "String.substring(user.department, 5, 1)")

    with pytest.raises(Refusal) as caught:
        resource_claims(broken)

    assert (caught.value.error, caught.value.status) == ("server_error", 400)
    assert caught.value.description == "The 'department' user claim could not be evaluated."


def groups_claim(kind: str, value: str) -> Claim:
    return claim("groups", value, value_type="GROUPS", group_filter_type=kind)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STARTS_WITH", "STAFF", ["Staff", "staff-admins"]),
        ("EQUALS", "staff", ["Staff"]),
        ("CONTAINS", "-ADM", ["staff-admins"]),
        ("REGEX", "Staff.*", ["Staff"]),
        ("REGEX", ".*", ["Everyone", "Staff", "staff-admins"]),
    ],
)
def test_a_groups_claim_lists_the_names_that_its_filter_matches(
    kind: str, value: str, expected: list[str]
) -> None:
    assert resource_claims(groups_claim(kind, value)) == {"groups": expected}


def test_a_groups_claim_without_a_match_is_left_out() -> None:
    assert resource_claims(groups_claim("EQUALS", "Nobody")) == {}


def test_a_machine_has_no_groups() -> None:
    at = server(groups_claim("REGEX", ".*"))

    assert claims.custom_claims(at, "RESOURCE", ["a"], names(None, ("a",))) == {}


def in_groups(count: int) -> User:
    return replace(ADA, groups=tuple(Group(f"00g{n}", f"team-{n}") for n in range(count)))


def test_a_hundred_groups_fit_and_one_more_ends_the_request() -> None:
    at = server(groups_claim("STARTS_WITH", "team-"))

    fitting = claims.custom_claims(at, "RESOURCE", [], names(in_groups(100)))
    with pytest.raises(Refusal) as caught:
        claims.custom_claims(at, "RESOURCE", [], names(in_groups(101)))

    assert len(fitting["groups"]) == 100
    assert caught.value.error == "server_error"
    assert caught.value.description == (
        "The groups claim matched too many groups and must be configured to match fewer groups."
    )


FILTER = {"name": "teams", "filter_type": "STARTS_WITH", "value": "staff"}


def test_an_apps_groups_filter_needs_the_groups_scope() -> None:
    app = replace(APP, groups_claim=FILTER)

    assert claims.app_groups_claim(app, ADA, ["openid"]) == {}
    assert claims.app_groups_claim(app, ADA, ["openid", "groups"]) == {
        "teams": ["Staff", "staff-admins"]
    }
    assert claims.app_groups_claim(APP, ADA, ["openid", "groups"]) == {}
