"""What an org's policies demand at sign-in: stored values become rules."""

from __future__ import annotations

import pytest

from labserver.domain.sign_in_policy import SignInRules, sign_in_rules


def test_an_org_that_has_changed_nothing_has_the_defaults() -> None:
    rules = sign_in_rules({})

    assert rules == SignInRules()
    assert rules.max_attempts == 10
    assert not rules.require_factor
    assert set(rules.enroll.values()) == {"NOT_ALLOWED"}


def test_each_policy_sets_its_own_rules_and_leaves_the_others() -> None:
    rules = sign_in_rules(
        {
            "OKTA_SIGN_ON": {"require_factor": True},
            "PASSWORD": {"max_attempts": 3, "exclude_attributes": ["firstName"]},
        }
    )

    assert rules == SignInRules(
        require_factor=True, max_attempts=3, exclude_attributes=("firstName",)
    )


def test_of_two_one_time_code_apps_the_stricter_word_counts() -> None:
    factors = {"okta_otp": "OPTIONAL", "google_otp": "REQUIRED", "okta_sms": "OPTIONAL"}

    rules = sign_in_rules({"MFA_ENROLL": {"factors": factors}})

    assert rules.enroll["token:software:totp"] == "REQUIRED"
    assert rules.enroll["sms"] == "OPTIONAL"
    assert rules.enroll["question"] == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("when", "require_factor", "wanted"),
    [
        ("LOGIN", False, "REQUIRED"),
        ("LOGIN", True, "REQUIRED"),
        ("CHALLENGE", False, "NOT_ALLOWED"),
        ("CHALLENGE", True, "REQUIRED"),
        ("NEVER", True, "NOT_ALLOWED"),
    ],
)
def test_factors_are_enrolled_when_the_rule_says_so(
    when: str, require_factor: bool, wanted: str
) -> None:
    rules = sign_in_rules(
        {
            "OKTA_SIGN_ON": {"require_factor": require_factor},
            "MFA_ENROLL": {"factors": {"okta_question": "REQUIRED"}, "when": when},
        }
    )

    assert rules.enroll["question"] == wanted


@pytest.mark.parametrize(
    ("idle", "whole", "age", "wanted"),
    [
        (None, 0, 0, 7200),
        (30, 0, 0, 1800),
        (30, 480, 0, 1800),
        (30, 480, 480 * 60 - 60, 60),
        (None, 480, 480 * 60, 0),
    ],
)
def test_a_session_ends_without_use_and_at_its_longest(
    idle: int | None, whole: int, age: int, wanted: int
) -> None:
    rules = SignInRules(session_idle_minutes=idle, session_lifetime_minutes=whole)

    assert rules.session_lifetime(7200, age) == wanted
