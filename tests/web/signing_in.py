"""What the tests of `/api/v1/authn` say: arrange an org's rules, take a step, read where it led."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp

from tests.speaking import PASSWORD, Person, done

AUTHN = "/api/v1/authn"
ANSWER = "Mayonnaise"
QUESTION = {"question": "disliked_food", "answer": ANSWER}
PHONE = "+15554151337"
TOTP = "token:software:totp"
POLICIES = "/api/v1/policies"
_NAMES = {TOTP: "okta_otp"}


def step(http: httpx.Client, path: str = "", **body: Any) -> httpx.Response:
    """The answer to a step of a sign-in: `step(http, "/skip", stateToken=…)`."""
    return http.post(f"{AUTHN}{path}", json=body)


def begin(http: httpx.Client, person: Person, **more: Any) -> dict[str, Any]:
    """Where the right password leads."""
    found: dict[str, Any] = done(
        step(http, username=person.login, password=person.password, **more)
    )
    return found


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the error code of a refusal, whose form is Okta's."""
    document = answer.json()
    assert set(document) == {
        "errorCode",
        "errorSummary",
        "errorLink",
        "errorId",
        "errorCauses",
    }, answer.text
    return answer.status_code, document["errorCode"]


def causes_of(answer: httpx.Response) -> list[str]:
    """The causes of a refusal."""
    return [cause["errorSummary"] for cause in answer.json()["errorCauses"]]


def newest(admin: httpx.Client) -> dict[str, Any]:
    """The newest message of the outbox."""
    found: dict[str, Any] = done(admin.get("/lab/outbox"))[0]
    return found


def link_token(admin: httpx.Client) -> str:
    """The token at the end of the newest mail's link."""
    return str(newest(admin)["link"]).rsplit("/", 1)[1]


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06d}"


# Arranging


def _policy(admin: httpx.Client, type: str) -> dict[str, Any]:
    found: dict[str, Any] = done(admin.get(POLICIES, params={"type": type}))[0]
    return found


def require_factor(admin: httpx.Client, **signon: Any) -> None:
    """The password alone is not enough; `signon` are members of the sign-on rule."""
    path = f"{POLICIES}/{_policy(admin, 'OKTA_SIGN_ON')['id']}/rules"
    rule = done(admin.get(path))[0]
    rule["actions"]["signon"] |= {"requireFactor": True} | signon
    done(admin.put(f"{path}/{rule['id']}", json=rule))


def let_enroll(admin: httpx.Client, mode: str, *types: str) -> None:
    """These factors may, or must, be enrolled at a sign-in."""
    policy = _policy(admin, "MFA_ENROLL")
    for kind in types:
        policy["settings"]["factors"][_NAMES.get(kind, f"okta_{kind}")]["enroll"]["self"] = mode
    done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))


def password_rules(admin: httpx.Client, part: str, **members: Any) -> None:
    """One part of the password policy has these members."""
    policy = _policy(admin, "PASSWORD")
    policy["settings"]["password"][part] |= members
    done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))


def deny(admin: httpx.Client, action: str) -> None:
    """`passwordChange`, `selfServicePasswordReset`, `selfServiceUnlock`: nobody may do that."""
    path = f"{POLICIES}/{_policy(admin, 'PASSWORD')['id']}/rules"
    rule = done(admin.get(path))[0]
    rule["actions"][action]["access"] = "DENY"
    done(admin.put(f"{path}/{rule['id']}", json=rule))


def close_way(admin: httpx.Client, way: str) -> None:
    """`okta_email`, `okta_sms` …: nobody recovers that way."""
    policy = _policy(admin, "PASSWORD")
    policy["settings"]["recovery"]["factors"][way]["status"] = "INACTIVE"
    done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))


def add_person(
    admin: httpx.Client, name: str = "nora", *, question: bool = True, phone: str | None = PHONE
) -> Person:
    """Somebody with a password, a recovery question and a phone."""
    login = f"{name}@bank.example"
    profile = {"firstName": name.title(), "lastName": "Tester", "email": login, "login": login}
    credentials: dict[str, Any] = {"password": {"value": PASSWORD}}
    if question:
        asked = {"question": "Which food do you dislike?", "answer": ANSWER}
        credentials["recovery_question"] = asked
    if phone:
        profile |= {"mobilePhone": phone}
    body = {"profile": profile, "credentials": credentials}
    made = done(admin.post("/api/v1/users", params={"activate": "true"}, json=body))
    return Person(made["id"], login)


def give_factor(admin: httpx.Client, person: Person, kind: str) -> str:
    """The id of an active factor that an admin made for the person."""
    profile = QUESTION if kind == "question" else {"phoneNumber": PHONE}
    path = f"/api/v1/users/{person.id}/factors"
    body = {"factorType": kind, "provider": "OKTA", "profile": profile}
    made = done(admin.post(path, params={"activate": "true"}, json=body))
    assert made["status"] == "ACTIVE"
    return str(made["id"])


def give_app(admin: httpx.Client, person: Person, now: int) -> tuple[str, pyotp.TOTP]:
    """The id of an active code app, and the app. Its code of the time `now` has been used."""
    path = f"/api/v1/users/{person.id}/factors"
    made = done(admin.post(path, json={"factorType": TOTP, "provider": "OKTA"}))
    app = pyotp.TOTP(made["_embedded"]["activation"]["sharedSecret"])
    activate = f"{path}/{made['id']}/lifecycle/activate"
    done(admin.post(activate, json={"passCode": app.at(now)}))
    return str(made["id"]), app


def now_of(admin: httpx.Client) -> int:
    """The org's time."""
    return int(done(admin.get("/lab/clock"))["now"])


def status_of(admin: httpx.Client, person: Person) -> str:
    """The person's status."""
    return str(done(admin.get(f"/api/v1/users/{person.id}"))["status"])


def lock(http: httpx.Client, person: Person) -> None:
    """The person is locked out, by ten wrong passwords."""
    for _ in range(10):
        step(http, username=person.login, password="wrong")
