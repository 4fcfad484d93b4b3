"""The states of a sign-in: what leads where, what comes first, which links are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from labserver.domain.authn import (
    AMR,
    LEADS,
    NEXT,
    PATHS,
    AuthnRefused,
    Factor,
    Operation,
    Progress,
    Status,
    amr_of,
    enrollable,
    is_skippable,
    leads,
    links,
    next_status,
)
from labserver.domain.sign_in_policy import FactorType

DONE = Progress(require_factor=False, enroll={}, held=frozenset())
WITH_CODE = frozenset({"sms"})


def test_the_machine_speaks_of_every_status_and_every_operation() -> None:
    named = {operation for legal in LEADS.values() for operation in legal}

    assert set(LEADS) == set(get_args(Status))
    assert named == set(get_args(Operation)) == set(PATHS)


def test_every_status_is_reached_and_only_success_leads_nowhere() -> None:
    reached = {status for legal in LEADS.values() for ends in legal.values() for status in ends}

    assert reached == set(get_args(Status))
    assert [status for status, legal in LEADS.items() if not legal] == ["SUCCESS"]


def test_every_state_with_a_token_can_be_shown_and_cancelled() -> None:
    without_token = {"UNAUTHENTICATED", "LOCKED_OUT", "SUCCESS"}

    for status in set(LEADS) - without_token:
        assert leads(status, "show") == (status,)
        assert leads(status, "cancel") == ("UNAUTHENTICATED",)


def test_an_expired_password_leads_to_success_by_its_change_alone() -> None:
    assert {
        operation for operation, ends in LEADS["PASSWORD_EXPIRED"].items() if "SUCCESS" in ends
    } == {"change password"}


def test_what_goes_on_is_legal() -> None:
    for status, (_, operation) in NEXT.items():
        assert leads(status, operation)


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        (DONE, "SUCCESS"),
        (replace(DONE, held=WITH_CODE), "SUCCESS"),
        (replace(DONE, require_factor=True, held=WITH_CODE), "MFA_REQUIRED"),
        (replace(DONE, require_factor=True, held=WITH_CODE, proven=True), "SUCCESS"),
        (
            replace(DONE, require_factor=True, held=WITH_CODE, password_expired=True),
            "MFA_REQUIRED",
        ),
        (
            replace(DONE, require_factor=True, held=WITH_CODE, proven=True, password_expired=True),
            "PASSWORD_EXPIRED",
        ),
        (replace(DONE, password_expired=True, password_warned=True), "PASSWORD_EXPIRED"),
        (replace(DONE, password_warned=True), "PASSWORD_WARN"),
        (replace(DONE, password_warned=True, warning_skipped=True), "SUCCESS"),
        (replace(DONE, enroll={"sms": "REQUIRED"}), "MFA_ENROLL"),
        (replace(DONE, enroll={"sms": "REQUIRED"}, enroll_skipped=True), "MFA_ENROLL"),
        (replace(DONE, enroll={"sms": "REQUIRED"}, held=WITH_CODE), "SUCCESS"),
        (replace(DONE, enroll={"sms": "OPTIONAL"}), "MFA_ENROLL"),
        (replace(DONE, enroll={"sms": "OPTIONAL"}, enroll_skipped=True), "SUCCESS"),
        (replace(DONE, enroll={"sms": "NOT_ALLOWED"}), "SUCCESS"),
        (replace(DONE, enroll={"question": "OPTIONAL"}, held=WITH_CODE), "SUCCESS"),
        (
            replace(
                DONE,
                enroll={"question": "OPTIONAL"},
                held=WITH_CODE,
                enrolled_now=True,
                multi_optional=True,
            ),
            "MFA_ENROLL",
        ),
        (
            replace(DONE, enroll={"question": "OPTIONAL"}, held=WITH_CODE, enrolled_now=True),
            "SUCCESS",
        ),
        (
            replace(DONE, require_factor=True, enroll={"sms": "OPTIONAL"}, password_expired=True),
            "MFA_ENROLL",
        ),
        (
            replace(DONE, require_factor=True, held=WITH_CODE, enroll={"question": "REQUIRED"}),
            "MFA_REQUIRED",
        ),
    ],
)
def test_what_comes_next(progress: Progress, status: Status) -> None:
    assert next_status(progress) == status


def test_a_factor_that_is_required_and_cannot_be_had_stops_the_sign_in() -> None:
    with pytest.raises(AuthnRefused) as caught:
        next_status(replace(DONE, require_factor=True, enroll={"sms": "NOT_ALLOWED"}))

    assert caught.value.code == "E0000006"


def test_enrolling_is_optional_unless_a_factor_must_be_there() -> None:
    optional = replace(DONE, enroll={"sms": "OPTIONAL", "question": "NOT_ALLOWED"})

    assert enrollable(optional) == (("sms", "OPTIONAL"),)
    assert is_skippable(optional)
    assert not is_skippable(replace(optional, require_factor=True))
    assert is_skippable(replace(optional, require_factor=True, held=frozenset({"question"})))
    assert not is_skippable(replace(DONE, enroll={"sms": "REQUIRED"}))


@pytest.mark.parametrize(
    ("factors", "amr"),
    [
        ((), ("pwd",)),
        (("question",), ("pwd", "mfa", "kba")),
        (("token:software:totp",), ("pwd", "mfa", "otp")),
        (("sms",), ("pwd", "mfa", "sms")),
        (("call",), ("pwd", "mfa", "tel")),
        (("sms", "sms", "question"), ("pwd", "mfa", "sms", "kba")),
    ],
)
def test_amr_tells_the_methods_that_were_used(
    factors: tuple[str, ...], amr: tuple[str, ...]
) -> None:
    assert amr_of(factors) == amr


def test_every_factor_type_has_its_amr() -> None:
    assert set(AMR) == set(get_args(FactorType))


@pytest.mark.parametrize("status", [status for status in LEADS if status != "SUCCESS"])
def test_links_lead_to_what_is_legal_there(status: Status) -> None:
    shown = links(status, Factor("ufs1", "sms"), skippable=True)

    paths = {PATHS[operation] for operation in LEADS[status]}
    generic = {
        link.path.replace("ufs1", "{factor_id}").replace("/SMS/", "/{factor_type}/")
        for link in shown
    }
    assert generic <= paths


def test_a_challenge_shows_next_cancel_prev_and_resend() -> None:
    shown = {link.relation: link for link in links("MFA_CHALLENGE", Factor("ufs1", "sms"))}

    assert set(shown) == {"next", "cancel", "prev", "resend"}
    assert (shown["next"].name, shown["next"].path) == (
        "verify",
        "/api/v1/authn/factors/ufs1/verify",
    )
    assert (shown["resend"].name, shown["resend"].path) == (
        "sms",
        "/api/v1/authn/factors/ufs1/verify/resend",
    )


def test_a_code_of_an_app_cannot_be_sent_again() -> None:
    shown = links("MFA_ENROLL_ACTIVATE", Factor("ufs1", "token:software:totp"))

    assert "resend" not in {link.relation for link in shown}


def test_skip_is_shown_where_it_works() -> None:
    def relations(status: Status, *, skippable: bool) -> set[str]:
        return {link.relation for link in links(status, skippable=skippable)}

    assert "skip" in relations("PASSWORD_WARN", skippable=False)
    assert "skip" in relations("MFA_ENROLL", skippable=True)
    assert "skip" not in relations("MFA_ENROLL", skippable=False)
    assert "skip" not in relations("PASSWORD_EXPIRED", skippable=True)
