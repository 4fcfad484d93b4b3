"""Lesson 07: checks that a learner may write, at a real API with a real server's tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest
from flask import Flask, request

from grantlab import Lab, Recording
from grantlab.exercises import exercises_of
from grantlab.flows import FlowSetup
from grantlab.lessons import lesson_07
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.own import OwnServer, own_app, own_server
from grantlab.lessons.two_servers import ORG, facts, kind_in_lesson, sample
from grantlab.library.authorization_code_pkce import flow
from grantlab.tampering import with_other_kid
from grantlab.tokens import tamper

EXERCISES = exercises_of("07")
Accept = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Bank:
    """An org with a Home Loan server, and the seven tokens that come to the door."""

    lab: Lab
    home_loan: OwnServer
    tokens: tuple[str, ...]
    keys: dict[str, jwt.PyJWK]
    keys_of_all: dict[str, jwt.PyJWK]


@pytest.fixture
def kit_lab(new_lab: Callable[[], Any]) -> Iterator[Lab]:
    """The kit in an org of its own."""
    org = new_lab()
    with Lab(org.url, org.token) as lab:
        yield lab


@pytest.fixture
def bank(kit_lab: Lab) -> Bank:
    """The world of the lesson."""
    home_loan = own_server(kit_lab, "Home Loan", "loans:read")
    next_door = own_server(kit_lab, "Sync", "sync:read")
    desk, cora = own_app(kit_lab, "Loan Desk", "cora"), kit_lab.person("cora")
    at_org = FlowSetup(
        issuer=kit_lab.url,
        client_id=desk.client_id,
        client_secret=desk.client_secret,
        scopes=("openid",),
        username=cora.login,
        password=cora.password,
    )
    there = replace(at_org, issuer=home_loan.issuer, scopes=("openid", "loans:read"))
    of_org, own = (flow(setup).run_all().state.tokens for setup in (at_org, there))
    job = own_app(kit_lab, "Loan Job")
    ours = {"iss": home_loan.issuer, "aud": home_loan.audience}
    edited = with_other_kid(of_org["access_token"], kid_of(own["access_token"]), **ours)
    tokens = (
        *(each[kind] for each in (of_org, own) for kind in ("access_token", "id_token")),
        _by_itself(kit_lab, job, next_door, "sync:read"),
        _by_itself(kit_lab, job, home_loan, "loans:read"),
        edited.token,
    )
    keys = {one: _keys(kit_lab, f"{one}/v1/keys") for one in (home_loan.issuer, next_door.issuer)}
    org_keys = _keys(kit_lab, f"{kit_lab.url}/oauth2/v1/keys")
    of_all = {kid: key for each in (*keys.values(), org_keys) for kid, key in each.items()}
    return Bank(kit_lab, home_loan, tokens, keys[home_loan.issuer], of_all)


def _by_itself(lab: Lab, job: Any, server: OwnServer, scope: str) -> str:
    answer = lab.admin.post(
        f"{server.issuer}/v1/token",
        auth=(job.client_id, job.client_secret),
        data={"grant_type": "client_credentials", "scope": scope},
    )
    return str(answer.json()["access_token"])


def _keys(lab: Lab, url: str) -> dict[str, jwt.PyJWK]:
    return {key["kid"]: jwt.PyJWK(key) for key in lab.admin.get(url).json()["keys"]}


def knocked(accept: Accept, tokens: tuple[str, ...]) -> Recording:
    """All of them came to an API with this check."""
    site, recording = Flask("loans"), Recording()
    site.register_error_handler(jwt.InvalidTokenError, lambda fault: (str(fault), 401))
    site.logger.disabled = True

    @site.get("/loans")
    def loans() -> dict[str, Any]:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return {"loans of": accept(token)["sub"]}

    transport = httpx.WSGITransport(app=site, raise_app_exceptions=False)
    visitors = recording.client("V", base_url="https://loans.example", transport=transport)
    for token in tokens:
        visitors.get("/loans", headers={"Authorization": f"Bearer {token}"})
    return recording


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def checks(bank: Bank) -> dict[str, Accept]:
    """What learners write, by the reason that they must read; "" for the right one."""
    meant: Any = {"issuer": bank.home_loan.issuer, "audience": bank.home_loan.audience}
    any_audience: Any = {"verify_aud": False}
    unsigned: Any = {"verify_signature": False}

    def right(token: str) -> dict[str, Any]:
        if kid_of(token) not in bank.keys:
            raise jwt.InvalidTokenError("unknown key")
        return jwt.decode(token, bank.keys[kid_of(token)], algorithms=["RS256"], **meant)

    def falling_over(token: str) -> dict[str, Any]:
        return jwt.decode(token, bank.keys[kid_of(token)], algorithms=["RS256"], **meant)

    def only_signature_errors(token: str) -> dict[str, Any]:
        if key := bank.keys.get(kid_of(token)):
            return jwt.decode(token, key, algorithms=["RS256"], **meant)
        return jwt.decode(token, options=unsigned)

    def by_prefix(token: str) -> dict[str, Any]:
        if kid_of(token) not in bank.keys_of_all:
            raise jwt.InvalidTokenError("unknown key")
        key = bank.keys_of_all[kid_of(token)]
        claims = jwt.decode(token, key, algorithms=["RS256"], options=any_audience)
        if not claims["iss"].startswith(bank.lab.url):
            raise jwt.InvalidIssuerError("another org")
        return claims

    def without_audience(token: str) -> dict[str, Any]:
        if kid_of(token) not in bank.keys:
            raise jwt.InvalidTokenError("unknown key")
        key, issuer = bank.keys[kid_of(token)], bank.home_loan.issuer
        return jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options=any_audience)

    def comparing_alone(token: str) -> dict[str, Any]:
        compared = {"verify_iss": True, "verify_aud": True}
        return jwt.decode(token, options=unsigned | compared, **meant)

    return {
        "": right,
        lesson_07.FALLS_OVER: falling_over,
        lesson_07.NO_KEY_FOUND: only_signature_errors,
        lesson_07.BY_PREFIX: by_prefix,
        lesson_07.NO_AUDIENCE: without_audience,
        lesson_07.CLAIMS_ALONE: comparing_alone,
        lesson_07.DECODES: lambda token: jwt.decode(token, options=unsigned),
    }


def test_each_way_to_check_is_judged_by_who_gets_in_at_a_real_door(bank: Bank) -> None:
    for reason, accept in checks(bank).items():
        outcome = EXERCISES["never-this"].judge(knocked(accept, bank.tokens))

        assert outcome.passed == (not reason), outcome.reasons
        assert not reason or reason in outcome.reasons


def test_names_of_keys_prove_nothing(bank: Bank) -> None:
    compared: Any = {"verify_signature": False, "verify_iss": True, "verify_aud": True}
    meant: Any = {"issuer": bank.home_loan.issuer, "audience": bank.home_loan.audience}

    def by_the_name_of_the_key(token: str) -> dict[str, Any]:
        if kid_of(token) not in bank.keys:
            raise jwt.InvalidTokenError("unknown key")
        return jwt.decode(token, options=compared, **meant)

    outcome = EXERCISES["never-this"].judge(knocked(by_the_name_of_the_key, bank.tokens))

    assert outcome.reasons == (lesson_07.CLAIMS_ALONE,)


def test_the_samples_are_of_the_kinds_that_the_servers_make(bank: Bank) -> None:
    found = [kind_in_lesson(token) for token in bank.tokens]

    assert found == [
        "access token of org",
        "ID token of org",
        "access token",
        "ID token",
        "neighbour",
        "access token",
        "forged",
    ]
    assert [kind_in_lesson(sample(kind)) for kind in found] == found


def test_only_the_newest_answer_to_a_token_counts() -> None:
    careless, careful = lesson_07._knocked(*lesson_07._VISITORS), lesson_07._knocked("access token")

    assert EXERCISES["never-this"].judge(recording_of(*careless, *careful)).passed


def test_facts_are_asked_of_the_server(kit_lab: Lab) -> None:
    server = own_server(kit_lab, "Transfers", "transfers:read", accessTokenLifetimeMinutes=5)
    token = _by_itself(kit_lab, own_app(kit_lab, "Job"), server, "transfers:read")

    found = facts(kit_lab, server.id, token)

    assert found is not None
    assert (found.audience, found.scopes) == ("api://lesson/transfers", ("transfers:read",))
    assert found.claims["exp"] - found.claims["iat"] == 300
    assert "api://transfers" in found.others
    assert EXERCISES["one-server-per-product"].judge(found).passed


def test_a_token_that_the_server_didn_t_sign_proves_nothing(kit_lab: Lab) -> None:
    server = own_server(kit_lab, "Transfers", "transfers:read", accessTokenLifetimeMinutes=60)
    token = _by_itself(kit_lab, own_app(kit_lab, "Job"), server, "transfers:read")
    shorter = tamper(token, exp=int(kit_lab.now()) + 300).token

    judged = EXERCISES["one-server-per-product"].judge

    assert judged(facts(kit_lab, server.id, token)).reasons == (lesson_07.SAME_LIFE,)
    assert judged(facts(kit_lab, server.id, shorter)).reasons == (lesson_07.NO_TOKEN,)
    assert judged(facts(kit_lab, server.id, 7)).reasons == (lesson_07.NO_TOKEN,)
    assert judged(facts(kit_lab, "aus-nowhere", token)).reasons == (lesson_07.NO_SERVER,)
    assert judged(facts(kit_lab, ..., token)).status == "not attempted"


def test_the_server_that_the_bank_had_before_is_not_one_s_own(kit_lab: Lab) -> None:
    found = facts(kit_lab, kit_lab.server("Transfers").id, "")

    assert lesson_07.THE_BANKS in EXERCISES["one-server-per-product"].judge(found).reasons


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://other.example/oauth2/v1/token", lesson_07.ELSEWHERE),
        (f"{ORG}/oauth2/v1/token?x=1", lesson_07.ELSEWHERE),
        (f"{ORG}/oauth2/v1/token/", lesson_07.ISSUER_ALONE),
        (f"{ORG}/oauth2/v1/authorize", lesson_07.NOT_FOR_TOKENS),
        (7, lesson_07.ELSEWHERE),
    ],
)
def test_an_odd_address_for_the_org_is_not_yet(url: Any, reason: str) -> None:
    outcome = EXERCISES["right-endpoint"].judge(lesson_07._ENDPOINTS | {ORG: url})

    assert outcome.reasons == (reason,)


@pytest.mark.parametrize("answers", [{}, {"A": "org"}, {"A": ("org",)}, {"A": ("Okta", "me")}])
def test_answers_of_another_shape_are_not_yet(answers: Any) -> None:
    evidence = {"tokens": lesson_07._BAG, "answers": answers | {"B": ("org", "the app")}}

    assert EXERCISES["whose-token"].judge(evidence).status == "not yet"
