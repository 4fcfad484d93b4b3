"""Admin rights: which role holds which, and how far targets reach."""

from __future__ import annotations

import pytest

from labserver.domain.operations import OPERATIONS
from labserver.domain.rights import ROLES, Reach, Right, Role, allows, is_super

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


def test_the_org_admin_does_not_edit_servers() -> None:
    assert not allows([Role("ORG_ADMIN")], "edit servers", EVERYWHERE)
    assert allows([Role("API_ACCESS_MANAGEMENT_ADMIN")], "edit servers", EVERYWHERE)


def test_a_read_only_admin_writes_nothing_but_tokens() -> None:
    rights = {
        found.right
        for found in OPERATIONS.values()
        if found.method != "GET" and allows([Role("READ_ONLY_ADMIN")], found.right, EVERYWHERE)
    }

    assert rights == {"make tokens", "own token"}


def test_only_the_super_role_is_super() -> None:
    assert is_super([Role("HELP_DESK_ADMIN"), Role("SUPER_ADMIN")])
    assert not is_super([Role("ORG_ADMIN")])
