"""`/api/v1/authn` with a second factor: shown, enrolled, remembered, and told in the tokens."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp
import pytest

from tests.conftest import Lab
from tests.speaking import (
    Person,
    authorize,
    claims_of,
    custom_server,
    done,
    events_of,
    exchange_code,
    move_clock,
    org_server,
    register_app,
    set_status,
)
from tests.web.signing_in import (
    ANSWER,
    PHONE,
    QUESTION,
    TOTP,
    add_person,
    another,
    begin,
    causes_of,
    code_of,
    give_app,
    give_factor,
    let_enroll,
    newest,
    now_of,
    require_factor,
    status_of,
    step,
)


@pytest.fixture
def nora(admin: httpx.Client) -> Person:
    return add_person(admin)


def amr_after(http: httpx.Client, admin: httpx.Client, lab: Lab, person: Person, token: str) -> Any:
    """The `amr` of the ID token that a sign-in with this session token gives."""
    app = register_app(admin, person)
    issuer = org_server(lab.url)
    authorized = authorize(http, issuer, app, prompt="none", sessionToken=token)
    tokens = done(exchange_code(http, issuer, authorized))
    return claims_of(tokens["id_token"])["amr"]


# Showing a factor


def test_a_required_factor_is_asked_for_after_the_password(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    require_factor(admin)
    question, phone = give_factor(admin, nora, "question"), give_factor(admin, nora, "sms")

    asked = begin(http, nora)

    assert set(asked) == {"stateToken", "expiresAt", "status", "_embedded", "_links"}
    assert asked["status"] == "MFA_REQUIRED"
    assert asked["stateToken"].startswith("00")
    assert asked["_embedded"]["user"]["id"] == nora.id
    shown = {each["id"]: each for each in asked["_embedded"]["factors"]}
    assert shown[question] == {
        "id": question,
        "factorType": "question",
        "provider": "OKTA",
        "vendorName": "OKTA",
        "profile": {
            "question": "disliked_food",
            "questionText": "What is the food you least liked as a child?",
        },
        "_links": {
            "verify": {
                "href": f"{lab.url}/api/v1/authn/factors/{question}/verify",
                "hints": {"allow": ["POST"]},
            }
        },
    }
    assert shown[phone]["profile"] == {"phoneNumber": "+1 XXXX-1337"}
    assert asked["_links"] == {
        "cancel": {"href": f"{lab.url}/api/v1/authn/cancel", "hints": {"allow": ["POST"]}}
    }


def test_without_the_rule_nobody_is_asked(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    give_factor(admin, nora, "question")

    assert begin(http, nora)["status"] == "SUCCESS"


def test_the_right_answer_signs_in_and_the_id_token_tells(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "question")
    state = begin(http, nora)["stateToken"]

    answer = step(http, f"/factors/{factor}/verify", stateToken=state, answer=ANSWER)

    document = done(answer)
    assert set(document) == {"expiresAt", "status", "sessionToken", "_embedded"}
    assert document["status"] == "SUCCESS"
    assert amr_after(http, admin, lab, nora, document["sessionToken"]) == ["pwd", "mfa", "kba"]
    types = {event["eventType"] for event in events_of(admin, answer)}
    assert types == {"user.authentication.auth_via_mfa", "user.session.start"}


def test_a_state_token_is_over_with_its_transaction(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "question")
    state = begin(http, nora)["stateToken"]
    done(step(http, f"/factors/{factor}/verify", stateToken=state, answer=ANSWER))

    for path, more in (("", {}), (f"/factors/{factor}/verify", {"answer": ANSWER})):
        assert code_of(step(http, path, stateToken=state, **more)) == (401, "E0000011")


def test_a_code_of_an_app_signs_in_once(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    require_factor(admin)
    factor, app = give_app(admin, nora, now_of(admin))
    move_clock(admin, 60)
    code = app.at(now_of(admin))
    first, second = begin(http, nora), begin(http, nora)

    document = done(
        step(http, f"/factors/{factor}/verify", stateToken=first["stateToken"], passCode=code)
    )
    again = step(http, f"/factors/{factor}/verify", stateToken=second["stateToken"], passCode=code)

    assert amr_after(http, admin, lab, nora, document["sessionToken"]) == ["pwd", "mfa", "otp"]
    assert code_of(again) == (403, "E0000082")


@pytest.mark.parametrize(("kind", "method"), [("sms", "sms"), ("call", "tel")])
@pytest.mark.parametrize("make_issuer", [org_server, custom_server])
def test_a_sent_code_is_a_challenge_and_then_a_sign_in(
    http: httpx.Client,
    admin: httpx.Client,
    nora: Person,
    lab: Lab,
    kind: str,
    method: str,
    make_issuer: Any,
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, kind)
    state = begin(http, nora)["stateToken"]
    verify = f"/factors/{factor}/verify"

    challenged = done(step(http, verify, stateToken=state))
    shown = done(step(http, "", stateToken=state))
    code = newest(admin)["code"]
    document = done(step(http, verify, stateToken=state, passCode=code))

    assert challenged["status"] == shown["status"] == "MFA_CHALLENGE"
    assert challenged["stateToken"] == state
    assert challenged["_embedded"]["factor"]["id"] == factor
    assert challenged["_embedded"]["factor"]["profile"] == {"phoneNumber": "+1 XXXX-1337"}
    links = challenged["_links"]
    assert set(links) == {"next", "cancel", "prev", "resend"}
    assert (links["next"]["name"], links["resend"][0]["name"]) == ("verify", kind)
    app = register_app(admin, nora)
    issuer = make_issuer(lab.url)
    token = document["sessionToken"]
    authorized = authorize(http, issuer, app, prompt="none", sessionToken=token)
    tokens = done(exchange_code(http, issuer, authorized))
    assert claims_of(tokens["id_token"])["amr"] == ["pwd", "mfa", method]


@pytest.mark.parametrize("path", ["resend", "resend/sms", "resend/SMS"])
def test_a_code_is_sent_again_after_half_a_minute(
    http: httpx.Client, admin: httpx.Client, nora: Person, path: str
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "sms")
    state = begin(http, nora)["stateToken"]
    done(step(http, f"/factors/{factor}/verify", stateToken=state))
    old = newest(admin)["code"]

    early = step(http, f"/factors/{factor}/verify/{path}", stateToken=state)
    move_clock(admin, 31)
    late = step(http, f"/factors/{factor}/verify/{path}", stateToken=state)

    assert code_of(early) == (429, "E0000109")
    assert done(late)["status"] == "MFA_CHALLENGE"
    stale = step(http, f"/factors/{factor}/verify", stateToken=state, passCode=old)
    fresh = newest(admin)["code"]
    if old != fresh:
        assert code_of(stale) == (403, "E0000068")
    done(step(http, f"/factors/{factor}/verify", stateToken=state, passCode=fresh))


def test_previous_goes_back_to_the_choice(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    phone, question = give_factor(admin, nora, "sms"), give_factor(admin, nora, "question")
    state = begin(http, nora)["stateToken"]
    done(step(http, f"/factors/{phone}/verify", stateToken=state))

    other = step(http, f"/factors/{question}/verify", stateToken=state, answer=ANSWER)
    back = done(step(http, "/previous", stateToken=state))
    then = done(step(http, f"/factors/{question}/verify", stateToken=state, answer=ANSWER))

    assert code_of(other) == (403, "E0000079")
    assert back["status"] == "MFA_REQUIRED"
    assert then["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("kind", "said", "words"),
    [
        (
            "question",
            {"answer": "wrong"},
            "Your answer doesn't match our records. Please try again.",
        ),
        (
            "sms",
            {"passCode": "no"},
            "Your passcode doesn't match our records. Please try again.",
        ),
    ],
)
def test_a_wrong_answer_or_code_is_refused_in_oktas_words(
    http: httpx.Client,
    admin: httpx.Client,
    nora: Person,
    kind: str,
    said: dict[str, str],
    words: str,
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, kind)
    state = begin(http, nora)["stateToken"]

    answer = step(http, f"/factors/{factor}/verify", stateToken=state, **said)

    assert code_of(answer) == (403, "E0000068")
    assert causes_of(answer) == [words]
    assert done(step(http, stateToken=state))["status"] == "MFA_REQUIRED"


def test_ten_wrong_answers_lock_whatever_the_password_does_between(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "question")
    answers = []

    for _ in range(10):
        state = begin(http, nora)["stateToken"]
        answers.append(step(http, f"/factors/{factor}/verify", stateToken=state, answer="wrong"))

    assert {code_of(answer) for answer in answers} == {(403, "E0000068")}
    assert status_of(admin, nora) == "LOCKED_OUT"
    assert "user.account.lock" in {e["eventType"] for e in events_of(admin, answers[9])}
    right = step(http, f"/factors/{factor}/verify", stateToken=state, answer=ANSWER)
    assert code_of(right) == (403, "E0000069")
    again = step(http, username=nora.login, password=nora.password)
    assert code_of(again) == (401, "E0000004")


def test_who_was_stopped_in_between_goes_no_further(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "question")
    state = begin(http, nora)["stateToken"]
    set_status(admin, nora, "suspend")

    answer = step(http, f"/factors/{factor}/verify", stateToken=state, answer=ANSWER)

    assert code_of(answer) == (401, "E0000011")


def test_somebody_elses_factor_is_not_found(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    give_factor(admin, nora, "question")
    theirs = give_factor(admin, add_person(admin, "otto"), "question")
    state = begin(http, nora)["stateToken"]

    for factor in (theirs, "ufsNobody"):
        answer = step(http, f"/factors/{factor}/verify", stateToken=state, answer=ANSWER)

        assert code_of(answer) == (404, "E0000007")


def test_a_state_token_slides_with_its_use_and_ends_after_five_minutes(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    give_factor(admin, nora, "question")
    first = begin(http, nora)
    state = first["stateToken"]

    move_clock(admin, 200)
    second = done(step(http, stateToken=state))
    move_clock(admin, 200)
    third = done(step(http, stateToken=state))
    move_clock(admin, 301)
    late = step(http, stateToken=state)

    assert first["expiresAt"] < second["expiresAt"] < third["expiresAt"]
    assert code_of(late) == (401, "E0000011")


def test_cancel_gives_the_relay_state_back_and_ends_the_transaction(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    give_factor(admin, nora, "question")
    asked = begin(http, nora, relayState="/orders?id=7")

    cancelled = step(http, "/cancel", stateToken=asked["stateToken"])

    assert asked["relayState"] == "/orders?id=7"
    assert done(cancelled) == {"relayState": "/orders?id=7"}
    assert code_of(step(http, stateToken=asked["stateToken"])) == (401, "E0000011")


# Remembering a device


def trusted(admin: httpx.Client, person: Person, device: str) -> httpx.Response:
    """A trusted caller's sign-in from a device."""
    return step(
        admin, username=person.login, password=person.password, context={"deviceToken": device}
    )


@pytest.mark.parametrize(
    ("mode", "device", "later", "status"),
    [
        ("SESSION", "laptop", 0, "SUCCESS"),
        ("DEVICE", "laptop", 0, "SUCCESS"),
        ("SESSION", "phone", 0, "MFA_REQUIRED"),
        ("SESSION", "laptop", 901, "MFA_REQUIRED"),
        ("ALWAYS", "laptop", 0, "MFA_REQUIRED"),
    ],
)
def test_a_device_is_remembered_as_the_rule_says(
    admin: httpx.Client, nora: Person, mode: str, device: str, later: int, status: str
) -> None:
    require_factor(admin, factorPromptMode=mode, factorLifetime=15)
    factor = give_factor(admin, nora, "question")
    state = done(trusted(admin, nora, "laptop"))["stateToken"]
    body = {"stateToken": state, "answer": ANSWER}
    path = f"/api/v1/authn/factors/{factor}/verify"
    done(admin.post(path, params={"rememberDevice": "true"}, json=body))
    move_clock(admin, later)

    assert done(trusted(admin, nora, device))["status"] == status


def test_a_device_is_remembered_unasked_where_the_rule_says_so(
    admin: httpx.Client, nora: Person
) -> None:
    signon = {"factorPromptMode": "DEVICE", "factorLifetime": 15, "rememberDeviceByDefault": True}
    require_factor(admin, **signon)
    factor = give_factor(admin, nora, "question")
    asked = done(trusted(admin, nora, "laptop"))

    verify = f"/factors/{factor}/verify"
    done(step(admin, verify, stateToken=asked["stateToken"], answer=ANSWER))

    assert asked["_embedded"]["policy"] == {
        "allowRememberDevice": True,
        "rememberDeviceLifetimeInMinutes": 15,
        "rememberDeviceByDefault": True,
    }
    assert done(trusted(admin, nora, "laptop"))["status"] == "SUCCESS"


def test_a_device_is_not_remembered_unasked_nor_for_the_public(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin, factorPromptMode="DEVICE", factorLifetime=15)
    factor = give_factor(admin, nora, "question")
    verify = f"/factors/{factor}/verify"

    unasked = done(trusted(admin, nora, "laptop"))["stateToken"]
    done(step(admin, verify, stateToken=unasked, answer=ANSWER))
    still = done(trusted(admin, nora, "laptop"))
    body = {"stateToken": still["stateToken"], "answer": ANSWER}
    done(http.post(f"/api/v1/authn{verify}?rememberDevice=true", json=body))
    public = begin(http, nora, context={"deviceToken": "laptop"})

    assert still["status"] == "MFA_REQUIRED"
    assert public["status"] == "MFA_REQUIRED"


def test_a_device_token_has_at_most_32_characters(admin: httpx.Client, nora: Person) -> None:
    answer = trusted(admin, nora, "x" * 33)

    assert code_of(answer) == (400, "E0000001")


# Enrolling


def test_a_required_factor_is_enrolled_before_the_first_sign_in(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    let_enroll(admin, "REQUIRED", "question")

    asked = begin(http, nora)
    enrolled = step(
        http,
        "/factors",
        stateToken=asked["stateToken"],
        factorType="question",
        provider="OKTA",
        profile=QUESTION,
    )

    assert asked["status"] == "MFA_ENROLL"
    (offered,) = asked["_embedded"]["factors"]
    assert (offered["factorType"], offered["enrollment"]) == ("question", "REQUIRED")
    assert offered["_links"]["enroll"]["href"] == f"{lab.url}/api/v1/authn/factors"
    assert set(asked["_links"]) == {"cancel"}
    document = done(enrolled)
    assert document["status"] == "SUCCESS"
    assert amr_after(http, admin, lab, nora, document["sessionToken"]) == ["pwd", "mfa", "kba"]
    assert begin(http, nora)["status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["sms", "call", "email"])
def test_a_factor_with_a_sent_code_is_activated_by_it(
    http: httpx.Client, admin: httpx.Client, nora: Person, kind: str
) -> None:
    let_enroll(admin, "REQUIRED", kind)
    state = begin(http, nora)["stateToken"]
    profile = {"email": nora.login} if kind == "email" else {"phoneNumber": PHONE}

    waiting = done(
        step(
            http,
            "/factors",
            stateToken=state,
            factorType=kind,
            provider="OKTA",
            profile=profile,
        )
    )
    factor = waiting["_embedded"]["factor"]
    code = newest(admin)["code"]
    path = f"/factors/{factor['id']}/lifecycle/activate"
    wrong = step(http, path, stateToken=state, passCode=another(code))
    right = step(http, path, stateToken=state, passCode=code)

    assert waiting["status"] == "MFA_ENROLL_ACTIVATE"
    assert factor["profile"] == profile
    assert set(waiting["_links"]) == {"next", "cancel", "prev", "resend"}
    assert waiting["_links"]["next"]["name"] == "activate"
    assert waiting["_links"]["resend"][0]["href"].endswith("/lifecycle/resend")
    assert code_of(wrong) == (403, "E0000068")
    assert done(right)["status"] == "SUCCESS"


def test_an_app_is_enrolled_by_its_seed_and_activated_by_its_code(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    let_enroll(admin, "REQUIRED", TOTP)
    state = begin(http, nora)["stateToken"]

    waiting = done(
        step(http, "/factors", stateToken=state, factorType=TOTP, provider="OKTA", profile={})
    )
    factor = waiting["_embedded"]["factor"]
    activation = factor["_embedded"]["activation"]
    path = f"/factors/{factor['id']}/lifecycle/activate"
    code = pyotp.TOTP(activation["sharedSecret"]).at(now_of(admin))
    right = step(http, path, stateToken=state, passCode=code)

    assert {name: activation[name] for name in ("timeStep", "encoding", "keyLength")} == {
        "timeStep": 30,
        "encoding": "base32",
        "keyLength": 6,
    }
    assert "resend" not in waiting["_links"]
    assert done(right)["status"] == "SUCCESS"


@pytest.mark.parametrize("path", ["resend", "resend/sms"])
def test_the_code_of_a_new_factor_is_sent_again(
    http: httpx.Client, admin: httpx.Client, nora: Person, path: str
) -> None:
    let_enroll(admin, "REQUIRED", "sms")
    state = begin(http, nora)["stateToken"]
    body = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": PHONE}}
    waiting = done(step(http, "/factors", stateToken=state, **body))
    factor = waiting["_embedded"]["factor"]["id"]

    early = step(http, f"/factors/{factor}/lifecycle/{path}", stateToken=state)
    move_clock(admin, 31)
    late = step(http, f"/factors/{factor}/lifecycle/{path}", stateToken=state)
    code = newest(admin)["code"]

    assert code_of(early) == (429, "E0000109")
    assert done(late)["status"] == "MFA_ENROLL_ACTIVATE"
    activate = f"/factors/{factor}/lifecycle/activate"
    assert done(step(http, activate, stateToken=state, passCode=code))["status"] == "SUCCESS"


def test_a_mistyped_number_is_mended_after_previous(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    let_enroll(admin, "REQUIRED", "sms")
    state = begin(http, nora)["stateToken"]
    body = {"stateToken": state, "factorType": "sms", "provider": "OKTA"}
    done(step(http, "/factors", **body, profile={"phoneNumber": "+15550000000"}))

    back = done(step(http, "/previous", stateToken=state))
    move_clock(admin, 31)
    again = http.post(
        "/api/v1/authn/factors?updatePhone=true", json=body | {"profile": {"phoneNumber": PHONE}}
    )

    assert back["status"] == "MFA_ENROLL"
    assert done(again)["_embedded"]["factor"]["profile"] == {"phoneNumber": PHONE}
    assert newest(admin)["to"] == PHONE


@pytest.mark.parametrize("shows_a_factor", [True, False])
def test_an_active_phone_is_replaced_by_whoever_has_shown_a_factor(
    http: httpx.Client, admin: httpx.Client, nora: Person, shows_a_factor: bool
) -> None:
    phone = give_factor(admin, nora, "sms")
    let_enroll(admin, "REQUIRED", "question")
    let_enroll(admin, "OPTIONAL", "sms")
    if shows_a_factor:
        require_factor(admin)
    state = begin(http, nora)["stateToken"]
    if shows_a_factor:
        done(step(http, f"/factors/{phone}/verify", stateToken=state))
        code = newest(admin)["code"]
        done(step(http, f"/factors/{phone}/verify", stateToken=state, passCode=code))
        move_clock(admin, 31)
    profile = {"phoneNumber": "+15550000000"}
    body = {"stateToken": state, "factorType": "sms", "provider": "OKTA", "profile": profile}

    answer = http.post("/api/v1/authn/factors?updatePhone=true", json=body)

    if shows_a_factor:
        assert done(answer)["_embedded"]["factor"]["profile"] == profile
    else:
        assert code_of(answer) == (400, "E0000001")
        assert causes_of(answer)[0].endswith("There is an existing verified phone number.")


def test_what_is_optional_can_be_skipped(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    let_enroll(admin, "OPTIONAL", "question", "sms")
    asked = begin(http, nora)

    skipped = done(step(http, "/skip", stateToken=asked["stateToken"]))

    assert asked["status"] == "MFA_ENROLL"
    assert asked["_links"]["skip"]["href"] == f"{lab.url}/api/v1/authn/skip"
    assert skipped["status"] == "SUCCESS"
    assert amr_after(http, admin, lab, nora, skipped["sessionToken"]) == ["pwd"]


def test_what_is_required_cannot_be_skipped(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    let_enroll(admin, "OPTIONAL", "question")
    require_factor(admin)
    asked = begin(http, nora)

    answer = step(http, "/skip", stateToken=asked["stateToken"])

    assert "skip" not in asked["_links"]
    assert code_of(answer) == (403, "E0000079")


@pytest.mark.parametrize(("more", "status"), [(True, "MFA_ENROLL"), (False, "SUCCESS")])
def test_more_optional_factors_are_offered_to_whoever_can_show_them(
    http: httpx.Client, admin: httpx.Client, nora: Person, more: bool, status: str
) -> None:
    let_enroll(admin, "REQUIRED", "question")
    let_enroll(admin, "OPTIONAL", "sms")
    asked = begin(http, nora, options={"multiOptionalFactorEnroll": more, "of-the-future": 1})
    body = {"factorType": "question", "provider": "OKTA", "profile": QUESTION}

    after = done(step(http, "/factors", stateToken=asked["stateToken"], **body))

    assert after["status"] == status
    if more:
        assert "skip" in after["_links"]
        assert [each["factorType"] for each in after["_embedded"]["factors"]] == ["sms"]
        skipped = step(http, "/skip", stateToken=asked["stateToken"])
        assert done(skipped)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"factorType": "sms", "provider": "OKTA", "profile": {}}, "E0000001", "factorType"),
        ({"factorType": "question", "provider": "GOOGLE"}, "E0000001", "provider"),
        ({"factorType": "question", "provider": "OKTA", "profile": {}}, "E0000001", "question"),
        ({"factorType": "question"}, "E0000001", "provider"),
        ({"provider": "OKTA"}, "E0000001", "factorType"),
        ({"factorType": "question", "provider": "OKTA", "profile": []}, "E0000003", ""),
        ({"factorType": 7, "provider": "OKTA"}, "E0000003", ""),
    ],
)
def test_what_cannot_be_enrolled_is_refused_by_field(
    http: httpx.Client,
    admin: httpx.Client,
    nora: Person,
    body: dict[str, Any],
    code: str,
    field: str,
) -> None:
    let_enroll(admin, "REQUIRED", "question")
    state = begin(http, nora)["stateToken"]

    answer = step(http, "/factors", stateToken=state, **body)

    assert code_of(answer) == (400, code)
    if field:
        assert answer.json()["errorSummary"] == f"Api validation failed: {field}"
    assert done(step(http, stateToken=state))["status"] == "MFA_ENROLL"


def test_a_rule_that_nobody_can_fulfil_refuses_the_sign_in(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)

    answer = step(http, username=nora.login, password=nora.password)

    assert code_of(answer) == (403, "E0000006")
