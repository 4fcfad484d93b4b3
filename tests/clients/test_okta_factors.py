"""Okta's strict models read every factor document."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from okta import models

from tests.speaking import done, find_person

PHONE = {"phoneNumber": "+1-555-415-1337"}
QUESTION = {"question": "disliked_food", "answer": "mayonnaise"}


@pytest.fixture
def path(admin: httpx.Client) -> str:
    """Cora's factors."""
    return f"/api/v1/users/{find_person(admin).id}/factors"


@pytest.mark.parametrize(
    ("factor_type", "provider", "profile", "model"),
    [
        ("question", "OKTA", QUESTION, models.UserFactorSecurityQuestion),
        ("sms", "OKTA", PHONE, models.UserFactorSMS),
        ("call", "OKTA", PHONE, models.UserFactorCall),
        ("email", "OKTA", {}, models.UserFactorEmail),
        ("token:software:totp", "OKTA", {}, models.UserFactorTokenSoftwareTOTP),
        ("token:software:totp", "GOOGLE", {}, models.UserFactorTokenSoftwareTOTP),
    ],
)
def test_each_factor_is_read_by_the_model_of_its_type(
    admin: httpx.Client,
    path: str,
    factor_type: str,
    provider: str,
    profile: dict[str, str],
    model: type[Any],
) -> None:
    body = {"factorType": factor_type, "provider": provider, "profile": profile}
    made = done(admin.post(path, json=body))

    read = models.UserFactor.from_dict(made)

    assert isinstance(read, model)
    assert read.id == made["id"]
    assert read.status.value == made["status"]
    assert read.links.user.href == made["_links"]["user"]["href"]


def test_catalogue_and_questions_are_read(admin: httpx.Client, path: str) -> None:
    catalog = [
        models.UserFactorSupported.from_dict(each) for each in done(admin.get(path + "/catalog"))
    ]
    questions = done(admin.get(path + "/questions"))

    assert {each.status.value for each in catalog if each} == {"NOT_SETUP"}
    assert len(questions) == 20
    for question in questions:
        assert models.UserFactorSecurityQuestionProfile.from_dict(question) is not None


def test_both_answers_of_a_verification_are_read(admin: httpx.Client, path: str) -> None:
    body = {"factorType": "sms", "provider": "OKTA", "profile": PHONE}
    made = done(admin.post(path, params={"activate": "true"}, json=body))
    verify = f"{path}/{made['id']}/verify"

    asked = models.UserFactorVerifyResponse.from_dict(done(admin.post(verify)))
    code = done(admin.get("/lab/outbox"))[0]["code"]
    right = models.UserFactorVerifyResponse.from_dict(
        done(admin.post(verify, json={"passCode": code}))
    )

    assert asked is not None
    assert right is not None
    assert (asked.factor_result, right.factor_result) == ("CHALLENGE", "SUCCESS")
