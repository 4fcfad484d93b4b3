"""Factors over HTTP: enrol, activate, ask, remove."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp
import pytest

from tests.speaking import Person, add_user, done, find_person

PHONE = {"phoneNumber": "+1-555-415-1337"}
QUESTION = {"question": "disliked_food", "answer": "mayonnaise"}
TOTP = "token:software:totp"


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def path(cora: Person) -> str:
    """Cora's factors."""
    return f"/api/v1/users/{cora.id}/factors"


def factor(factor_type: str, provider: str = "OKTA", **profile: str) -> dict[str, Any]:
    """The document of a factor to enrol."""
    return {"factorType": factor_type, "provider": provider, "profile": profile}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def causes(answer: httpx.Response) -> list[str]:
    return [cause["errorSummary"] for cause in answer.json()["errorCauses"]]


def sent_code(admin: httpx.Client) -> str:
    """The code in the newest message."""
    code: str = done(admin.get("/lab/outbox"))[0]["code"]
    return code


def now_at(admin: httpx.Client) -> int:
    now: int = done(admin.get("/lab/clock"))["now"]
    return now


def forward(admin: httpx.Client, seconds: int) -> None:
    done(admin.post("/lab/clock", json={"forward": seconds}))


def an_app(admin: httpx.Client, path: str) -> tuple[str, pyotp.TOTP]:
    """The path of an active code app, and the app. Its last used code is of the past."""
    made = done(admin.post(path, json=factor(TOTP)))
    app = pyotp.TOTP(made["_embedded"]["activation"]["sharedSecret"])
    one = f"{path}/{made['id']}"
    body = {"passCode": app.at(now_at(admin))}
    done(admin.post(f"{one}/lifecycle/activate", json=body))
    forward(admin, 90)
    return one, app


def test_a_question_is_active_at_once_and_shows_no_answer(admin: httpx.Client, path: str) -> None:
    answer = admin.post(path, json=factor("question", **QUESTION))

    assert answer.status_code == 200
    made = answer.json()
    assert made["id"].startswith("ufs")
    assert made["status"] == "ACTIVE"
    assert made["vendorName"] == "OKTA"
    assert made["profile"] == {
        "question": "disliked_food",
        "questionText": "What is the food you least liked as a child?",
    }
    assert admin.get(path).json() == [made]
    assert admin.get(f"{path}/{made['id']}").json() == made
    assert "mayonnaise" not in admin.get(path).text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (factor("retina"), "factorType"),
        (factor("sms", "GOOGLE", **PHONE), "provider"),
        (factor("question", question="disliked_food", answer="egg"), "answer"),
        (factor("question", question="disliked_food", answer="food"), "answer"),
        (factor("question", question="shoe_size", answer="forty-four"), "question"),
        (factor("sms", phoneNumber="mum"), "phoneNumber"),
        (factor("email", email="nowhere"), "email"),
        ({"provider": "OKTA"}, "factorType"),
        ({"factorType": "sms", "profile": "none"}, "profile"),
    ],
)
def test_a_factor_that_does_not_fit_is_refused_by_field(
    admin: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = admin.post(path, json=body)

    assert code_of(answer) == (400, "E0000001")
    assert field in causes(answer)[0]
    assert admin.get(path).json() == []


def test_a_second_factor_of_one_kind_is_refused(admin: httpx.Client, path: str) -> None:
    done(admin.post(path, json=factor("question", **QUESTION)))

    answer = admin.post(path, json=factor("question", **QUESTION))

    assert code_of(answer) == (400, "E0000001")
    assert "already set up" in causes(answer)[0]


def test_the_questions_are_for_api_tokens(admin: httpx.Client, path: str) -> None:
    shown = done(admin.get(f"{path}/questions"))

    assert {
        "question": "disliked_food",
        "questionText": "What is the food you least liked as a child?",
    } in shown
    assert len({each["question"] for each in shown}) == len(shown) >= 20


def test_the_catalogue_says_what_is_set_up(admin: httpx.Client, path: str) -> None:
    done(admin.post(path, json=factor("question", **QUESTION)))

    shown = done(admin.get(f"{path}/catalog"))

    found = {(each["factorType"], each["provider"]): each for each in shown}
    assert set(found) == {
        ("question", "OKTA"),
        (TOTP, "OKTA"),
        (TOTP, "GOOGLE"),
        ("sms", "OKTA"),
        ("call", "OKTA"),
        ("email", "OKTA"),
    }
    assert found["question", "OKTA"]["status"] == "ACTIVE"
    assert found["sms", "OKTA"]["status"] == "NOT_SETUP"
    assert {each["enrollment"] for each in shown} <= {"OPTIONAL", "REQUIRED"}
    assert found["sms", "OKTA"]["_links"]["enroll"]["hints"]["allow"] == ["POST"]


@pytest.mark.parametrize(
    ("body", "channel"),
    [
        (factor("sms", **PHONE), "SMS"),
        (factor("call", **PHONE), "CALL"),
        (factor("email", email="cora@bank.example"), "EMAIL"),
    ],
)
def test_a_phone_or_mail_is_activated_by_the_code_in_the_outbox(
    admin: httpx.Client, path: str, body: dict[str, Any], channel: str
) -> None:
    made = done(admin.post(path, json=body))
    message = done(admin.get("/lab/outbox"))[0]
    activate = made["_links"]["activate"]["href"]
    wrong = f"{(int(message['code']) + 1) % 10**6:06d}"

    refused = admin.post(activate, json={"passCode": wrong})
    activated = admin.post(activate, json={"passCode": message["code"]})
    again = admin.post(activate, json={"passCode": message["code"]})

    assert made["status"] == "PENDING_ACTIVATION"
    assert message["channel"] == channel
    assert code_of(refused) == (403, "E0000068")
    assert causes(refused) == ["Your passcode doesn't match our records. Please try again."]
    assert (activated.status_code, activated.json()["status"]) == (200, "ACTIVE")
    assert code_of(again) == (403, "E0000107")


def test_activate_in_the_query_leaves_out_the_first_code(admin: httpx.Client, path: str) -> None:
    made = admin.post(path, params={"activate": "true"}, json=factor("sms", **PHONE))

    assert made.json()["status"] == "ACTIVE"
    assert done(admin.get("/lab/outbox")) == []


def test_a_phone_is_replaced_when_the_call_says_so(admin: httpx.Client, path: str) -> None:
    done(admin.post(path, params={"activate": "true"}, json=factor("sms", **PHONE)))
    other = factor("sms", phoneNumber="+49 30 901820")

    refused = admin.post(path, json=other)
    replaced = admin.post(path, params={"updatePhone": "true"}, json=other)

    assert code_of(refused) == (400, "E0000001")
    assert causes(refused) == ["factorEnrollRequest: There is an existing verified phone number."]
    assert replaced.json()["status"] == "PENDING_ACTIVATION"
    assert [each["profile"] for each in admin.get(path).json()] == [{"phoneNumber": "+4930901820"}]


def test_another_code_must_wait_thirty_seconds(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("sms", **PHONE)))
    resend = f"{path}/{made['id']}/resend"

    early = admin.post(resend)
    forward(admin, 30)
    later = admin.post(resend, json=factor("sms", **PHONE))

    assert code_of(early) == (429, "E0000109")
    assert later.status_code == 200
    assert len(done(admin.get("/lab/outbox"))) == 2


@pytest.mark.parametrize("provider", ["OKTA", "GOOGLE"])
def test_a_code_app_learns_its_seed_when_it_is_enrolled_and_never_again(
    admin: httpx.Client, path: str, provider: str
) -> None:
    made = done(admin.post(path, json=factor(TOTP, provider)))
    activation = made["_embedded"]["activation"]
    one = f"{path}/{made['id']}"
    shown = admin.get(one)
    app = pyotp.TOTP(activation["sharedSecret"])

    activated = admin.post(f"{one}/lifecycle/activate", json={"passCode": app.at(now_at(admin))})

    assert made["status"] == "PENDING_ACTIVATION"
    assert made["vendorName"] == provider
    assert (activation["timeStep"], activation["encoding"], activation["keyLength"]) == (
        30,
        "base32",
        6,
    )
    assert activation["sharedSecret"] not in shown.text
    assert activated.json()["status"] == "ACTIVE"
    assert activation["sharedSecret"] not in activated.text


def test_the_qr_code_is_a_picture_until_the_app_is_active(
    admin: httpx.Client, http: httpx.Client, path: str
) -> None:
    made = done(admin.post(path, json=factor(TOTP)))
    activation = made["_embedded"]["activation"]
    picture = activation["_links"]["qrcode"]["href"]
    app = pyotp.TOTP(activation["sharedSecret"])

    shown = http.get(picture)
    guessed = http.get(f"{picture[:-1]}{'0' if picture[-1] != '0' else '1'}")
    body = {"passCode": app.at(now_at(admin))}
    done(admin.post(f"{path}/{made['id']}/lifecycle/activate", json=body))
    afterwards = http.get(picture)

    assert shown.headers["Content-Type"] == "image/png"
    assert shown.content.startswith(b"\x89PNG")
    assert code_of(guessed) == code_of(afterwards) == (404, "E0000007")


def test_a_code_of_an_app_is_good_once(admin: httpx.Client, path: str) -> None:
    one, app = an_app(admin, path)
    body = {"passCode": app.at(now_at(admin))}

    first = admin.post(f"{one}/verify", json=body)
    second = admin.post(f"{one}/verify", json=body)

    assert (first.status_code, first.json()) == (200, {"factorResult": "SUCCESS"})
    assert code_of(second) == (403, "E0000082")


def test_an_answer_is_right_or_wrong(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("question", **QUESTION)))
    verify = made["_links"]["verify"]["href"]

    right = admin.post(verify, json={"answer": "Mayonnaise"})
    wrong = admin.post(verify, json={"answer": "ketchup"})
    none = admin.post(verify)

    assert right.json() == {"factorResult": "SUCCESS"}
    assert code_of(wrong) == (403, "E0000068")
    assert wrong.json()["errorSummary"] == "Invalid Passcode/Answer"
    assert causes(wrong) == ["Your answer doesn't match our records. Please try again."]
    assert code_of(none) == (400, "E0000001")


def test_an_empty_verification_sends_a_code_that_then_verifies(
    admin: httpx.Client, path: str
) -> None:
    made = done(admin.post(path, params={"activate": "true"}, json=factor("sms", **PHONE)))
    verify = f"{path}/{made['id']}/verify"

    asked = admin.post(verify)
    too_early = admin.post(verify, json={})
    answered = admin.post(verify, json={"passCode": sent_code(admin)})

    assert asked.json()["factorResult"] == "CHALLENGE"
    assert asked.json()["_links"]["verify"]["href"].endswith("/verify")
    assert code_of(too_early) == (429, "E0000109")
    assert answered.json() == {"factorResult": "SUCCESS"}


@pytest.mark.parametrize(("lifetime", "later", "status"), [(3600, 600, 200), (60, 60, 403)])
def test_a_code_lives_as_long_as_the_call_says(
    admin: httpx.Client, path: str, lifetime: int, later: int, status: int
) -> None:
    made = done(admin.post(path, params={"activate": "true"}, json=factor("sms", **PHONE)))
    verify = f"{path}/{made['id']}/verify"
    done(admin.post(verify, params={"tokenLifetimeSeconds": lifetime}))
    forward(admin, later)

    answer = admin.post(verify, json={"passCode": sent_code(admin)})

    assert answer.status_code == status


@pytest.mark.parametrize("lifetime", ["0", "86401", "soon", "-1", "٣"])
def test_a_lifetime_out_of_range_is_refused(admin: httpx.Client, path: str, lifetime: str) -> None:
    query = {"tokenLifetimeSeconds": lifetime}

    answer = admin.post(path, params=query, json=factor("sms", **PHONE))

    assert code_of(answer) == (400, "E0000001")


def test_wrong_codes_lock_the_user_and_the_right_one_helps_no_more(
    admin: httpx.Client, cora: Person, path: str
) -> None:
    one, app = an_app(admin, path)
    now = now_at(admin)
    wrong = f"{(int(app.at(now)) + 1) % 10**6:06d}"

    tries = [admin.post(f"{one}/verify", json={"passCode": wrong}) for _ in range(10)]
    right = admin.post(f"{one}/verify", json={"passCode": app.at(now)})

    assert {code_of(answer) for answer in tries} == {(403, "E0000068")}
    assert done(admin.get(f"/api/v1/users/{cora.id}"))["status"] == "LOCKED_OUT"
    assert code_of(right) == (403, "E0000069")


def test_a_factor_is_removed(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("question", **QUESTION)))
    one = f"{path}/{made['id']}"

    answer = admin.delete(one)

    assert (answer.status_code, answer.content) == (204, b"")
    assert code_of(admin.get(one)) == (404, "E0000007")


def test_put_is_no_method_of_a_factor(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("question", **QUESTION)))

    answer = admin.put(f"{path}/{made['id']}", json=factor("question", **QUESTION))

    assert code_of(answer) == (405, "E0000022")


def test_one_persons_factor_is_not_found_below_another(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("question", **QUESTION)))
    tom = find_person(admin, "tom")

    answer = admin.get(f"/api/v1/users/{tom.id}/factors/{made['id']}")

    assert code_of(answer) == (404, "E0000007")


def test_who_was_deactivated_enrols_nothing(admin: httpx.Client) -> None:
    person = add_user(admin, "gone")
    done(admin.post(f"/api/v1/users/{person.id}/lifecycle/deactivate"))

    answer = admin.post(f"/api/v1/users/{person.id}/factors", json=factor("question", **QUESTION))

    assert code_of(answer) == (403, "E0000038")


def test_no_code_and_no_seed_is_in_the_log(admin: httpx.Client, path: str) -> None:
    made = done(admin.post(path, json=factor("sms", **PHONE)))
    code = sent_code(admin)
    done(admin.post(f"{path}/{made['id']}/lifecycle/activate", json={"passCode": code}))
    seed = done(admin.post(path, json=factor(TOTP)))["_embedded"]["activation"]["sharedSecret"]

    log = admin.get("/api/v1/logs").text

    assert "user.mfa.factor.activate" in log
    assert f'"{code}"' not in log
    assert seed not in log
