"""From which statuses of a user each operation may start."""

from __future__ import annotations

import pytest

from labserver.domain.lifecycle import (
    OPERATIONS,
    STATUSES,
    links,
    status_after_activation,
    status_after_new_password,
)

STARTS = {
    "activate": "STAGED DEPROVISIONED",
    "reactivate": "PROVISIONED RECOVERY",
    "deactivate": "STAGED PROVISIONED ACTIVE PASSWORD_EXPIRED RECOVERY LOCKED_OUT SUSPENDED",
    "suspend": "ACTIVE",
    "unsuspend": "SUSPENDED",
    "unlock": "LOCKED_OUT",
    "reset_password": "ACTIVE PASSWORD_EXPIRED RECOVERY LOCKED_OUT",
    "expire_password": "ACTIVE PASSWORD_EXPIRED RECOVERY",
    "expire_password_with_temp_password": "ACTIVE PASSWORD_EXPIRED RECOVERY",
    "reset_factors": "ACTIVE",
    "change_password": "ACTIVE PASSWORD_EXPIRED STAGED RECOVERY",
    "change_recovery_question": "ACTIVE STAGED RECOVERY",
    "forgot_password": "ACTIVE",
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_starts_from_the_documented_statuses_alone(name: str) -> None:
    operation = OPERATIONS[name]

    starts = {
        status
        for status in STATUSES
        if operation.is_open(status, has_password=True, has_question=True)
    }

    assert starts == set(STARTS[name].split())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("STAGED", "activate changePassword changeRecoveryQuestion deactivate"),
        ("PROVISIONED", "reactivate deactivate"),
        (
            "ACTIVE",
            "suspend resetPassword expirePassword resetFactors changePassword "
            "changeRecoveryQuestion forgotPassword deactivate",
        ),
        ("PASSWORD_EXPIRED", "resetPassword expirePassword changePassword deactivate"),
        ("LOCKED_OUT", "unlock resetPassword deactivate"),
        ("SUSPENDED", "unsuspend deactivate"),
        ("DEPROVISIONED", "activate"),
    ],
)
def test_the_links_of_a_user_are_what_is_legal_now(status: str, expected: str) -> None:
    found = links(status, has_password=True, has_question=True)

    assert set(found) == set(expected.split())


def test_without_password_and_question_nothing_is_offered_that_needs_them() -> None:
    found = links("ACTIVE", has_password=False, has_question=False)

    assert set(found) == {"suspend", "resetFactors", "deactivate"}


def test_a_password_decides_where_activation_leads() -> None:
    assert status_after_activation(has_password=True) == "ACTIVE"
    assert status_after_activation(has_password=False) == "PROVISIONED"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("STAGED", "STAGED"),
        ("PROVISIONED", "ACTIVE"),
        ("ACTIVE", "ACTIVE"),
        ("PASSWORD_EXPIRED", "ACTIVE"),
        ("RECOVERY", "ACTIVE"),
        ("LOCKED_OUT", "LOCKED_OUT"),
        ("SUSPENDED", "SUSPENDED"),
    ],
)
def test_a_new_password_frees_who_waited_for_one(before: str, after: str) -> None:
    assert status_after_new_password(before) == after
