"""Admin rights: which role holds which, how far targets reach, what custom roles add."""

from __future__ import annotations

import pytest

from labserver.domain.operations import OPERATIONS
from labserver.domain.permissions import PERMISSIONS, includes
from labserver.domain.rights import (
    CUSTOM,
    ROLES,
    STANDARD_ROLES,
    Need,
    Reach,
    Right,
    Role,
    allows,
    is_super,
    least_roles,
)

EVERYWHERE = Reach()


@pytest.mark.parametrize("right", [*ROLES, "own token"])
def test_a_super_admin_may_everything(right: Right) -> None:
    assert allows([Role("SUPER_ADMIN")], right, EVERYWHERE)


@pytest.mark.parametrize("right", list(ROLES))
def test_nobody_may_anything_without_a_role(right: Right) -> None:
    assert not allows([], right, EVERYWHERE)


def test_everybody_may_end_the_token_in_use() -> None:
    assert allows([], "own token", EVERYWHERE)


def test_targets_limit_a_role_to_their_groups() -> None:
    grace = [Role("USER_ADMIN", groups=frozenset({"sub"}))]

    assert allows(grace, "edit people", Reach(groups=frozenset({"sub", "all"})))
    assert not allows(grace, "edit people", Reach(groups=frozenset({"all"})))
    assert not allows(grace, "edit people", EVERYWHERE)


def test_a_limited_role_without_any_target_left_reaches_nothing() -> None:
    orphan = [Role("USER_ADMIN", limited=True)]

    assert not allows(orphan, "edit people", EVERYWHERE)
    assert not allows(orphan, "edit people", Reach(groups=frozenset({"sub"})))


def test_a_listing_is_open_to_who_has_any_target() -> None:
    grace = [Role("USER_ADMIN", groups=frozenset({"sub"}))]

    assert allows(grace, "view people", Reach(listing=True))
    assert not allows(grace, "view servers", Reach(listing=True))


@pytest.mark.parametrize(("role", "may"), [("USER_ADMIN", False), ("GROUP_MEMBERSHIP_ADMIN", True)])
def test_who_may_edit_people_adds_only_those_already_in_reach(role: str, may: bool) -> None:
    held = [Role(role, groups=frozenset({"sub"}))]
    group = frozenset({"sub"})

    assert allows(held, "edit members", Reach(groups=group, person=group))
    assert allows(held, "edit members", Reach(groups=group, person=frozenset({"all"}))) == may


def test_targets_do_not_limit_a_role_that_takes_none() -> None:
    assert allows([Role("READ_ONLY_ADMIN", limited=True)], "view people", EVERYWHERE)


def test_the_org_admin_does_not_edit_servers() -> None:
    assert not allows([Role("ORG_ADMIN")], "edit servers", EVERYWHERE)
    assert allows([Role("API_ACCESS_MANAGEMENT_ADMIN")], "edit servers", EVERYWHERE)


def test_a_read_only_admin_writes_nothing_but_tokens() -> None:
    rights = {
        found.right
        for found in OPERATIONS.values()
        if found.method != "GET"
        and found.right != "public"
        and allows([Role("READ_ONLY_ADMIN")], found.right, EVERYWHERE)
    }

    assert rights == {"make tokens", "own token"}


def test_only_the_super_role_is_super() -> None:
    assert is_super([Role("HELP_DESK_ADMIN"), Role("SUPER_ADMIN")])
    assert not is_super([Role("ORG_ADMIN")])


@pytest.mark.parametrize("right", list(ROLES))
def test_the_least_roles_hold_the_right_and_include_one_another_not(right: Right) -> None:
    def rights_of(role: str) -> set[Right]:
        return {each for each, holders in ROLES.items() if role in holders}

    least = least_roles(right)

    assert least
    assert set(least) <= set(STANDARD_ROLES)
    for role in least:
        assert allows([Role(role)], right, EVERYWHERE)
        assert not any(rights_of(role) < rights_of(other) for other in least)
        assert not any(rights_of(holder) < rights_of(role) for holder in ROLES[right])


# Custom roles


def custom(permissions: set[str], resources: set[str]) -> Role:
    return Role(CUSTOM, permissions=frozenset(permissions), resources=frozenset(resources))


def about(permission: str, *resources: str) -> Reach:
    return Reach(needs=(Need(permission, frozenset(resources)),))


def test_a_custom_role_needs_the_permission_and_the_resource() -> None:
    held = [custom({"okta.users.read"}, {"groups/00g1/users"})]

    assert allows(held, "view people", about("okta.users.read", "users", "groups/00g1/users"))
    assert not allows(held, "view people", about("okta.users.read", "users"))
    assert not allows(
        held, "edit people", about("okta.users.lifecycle.suspend", "groups/00g1/users")
    )
    assert not allows(held, "view people", EVERYWHERE)


def test_two_custom_roles_can_meet_two_needs() -> None:
    reach = Reach(
        needs=(
            Need("okta.groups.members.manage", frozenset({"groups"})),
            Need("okta.users.groupMembership.manage", frozenset({"users"})),
        )
    )
    groups = custom({"okta.groups.manage"}, {"groups"})
    people = custom({"okta.users.groupMembership.manage"}, {"users"})

    assert allows([groups, people], "edit members", reach)
    assert not allows([groups], "edit members", reach)
    assert not allows([people], "edit members", reach)


@pytest.mark.parametrize(
    ("held", "wanted", "result"),
    [
        ("okta.users.manage", "okta.users.read", True),
        ("okta.users.manage", "okta.users.lifecycle.suspend", True),
        ("okta.users.lifecycle.manage", "okta.users.lifecycle.unlock", True),
        ("okta.users.lifecycle.manage", "okta.users.read", False),
        ("okta.users.read", "okta.users.manage", False),
        ("okta.users.create", "okta.users.read", False),
        ("okta.users.manage", "okta.users.apitokens.read", False),
        ("okta.users.apitokens.manage", "okta.users.apitokens.read", True),
        ("okta.apps.manage", "okta.apps.clientCredentials.read", False),
        ("okta.apps.manage", "okta.apps.assignment.manage", True),
        ("okta.groups.manage", "okta.users.read", False),
    ],
)
def test_manage_holds_its_family_but_not_its_secrets(held: str, wanted: str, result: bool) -> None:
    assert includes(held, wanted) == result


def test_every_permission_of_an_operation_is_one_that_a_role_may_have() -> None:
    named = {found.permission for found in OPERATIONS.values()} - {None}

    assert named <= set(PERMISSIONS)
    assert {"okta.users.create", "okta.groups.members.manage", "okta.authzServers.manage"} <= named


def test_no_custom_role_opens_what_only_super_admins_may() -> None:
    rights = {found.right for found in OPERATIONS.values() if found.permission is None}

    assert "super" in rights
    assert not any(
        found.permission for found in OPERATIONS.values() if found.right in ("super", "own token")
    )
