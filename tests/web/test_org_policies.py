"""The org's own policies over HTTP: what they show, what they refuse, and that they count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import Person, done, find_person, move_clock
from tests.web.policing import POLICIES, policy_of, rule_of, set_password_policy
from tests.web.visiting import Visitor

TYPES = {"OKTA_SIGN_ON": "SIGN_ON", "PASSWORD": "PASSWORD", "MFA_ENROLL": "MFA_ENROLL"}


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Visitor]:
    with Visitor(lab.url) as found:
        yield found


def causes(answer: httpx.Response) -> str:
    """All causes of an error, as one text."""
    return " | ".join(cause["errorSummary"] for cause in answer.json()["errorCauses"])


def tries(http: httpx.Client, person: Person, password: str) -> int:
    """The status of a sign-in."""
    body = {"username": person.login, "password": password}
    return http.post("/api/v1/authn", json=body).status_code


@pytest.mark.parametrize("type", TYPES)
def test_each_type_has_its_default_policy_with_its_default_rule(
    admin: httpx.Client, type: str
) -> None:
    policy = policy_of(admin, type)
    _, rule = rule_of(admin, type)

    assert policy["id"].startswith("00p")
    assert rule["id"].startswith("0pr")
    assert len(policy["id"]) == len(rule["id"]) == 20
    assert (policy["type"], rule["type"]) == (type, TYPES[type])
    for document in (policy, rule):
        assert document["system"] is True
        assert document["status"] == "ACTIVE"
        assert document["priority"] == 1
        assert set(document["_links"]) <= {"self", "rules"}
        assert document["_links"]["self"]["hints"] == {"allow": ["GET", "PUT"]}


@pytest.mark.parametrize("type", TYPES)
def test_what_a_get_showed_can_be_put_back_and_changes_nothing(
    admin: httpx.Client, type: str
) -> None:
    policy = policy_of(admin, type)
    rule_path, rule = rule_of(admin, type)

    again = done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))
    rule_again = done(admin.put(rule_path, json=rule))

    assert again | {"lastUpdated": ""} == policy | {"lastUpdated": ""}
    assert rule_again | {"lastUpdated": ""} == rule | {"lastUpdated": ""}
    assert policy_of(admin, type)["id"] == policy["id"]


def test_the_list_wants_a_type_that_exists(admin: httpx.Client) -> None:
    without = admin.get(POLICIES)
    unknown = admin.get(POLICIES, params={"type": "ACCESS_POLICY"})

    for answer in (without, unknown):
        assert answer.status_code == 400
        assert answer.json()["errorSummary"] == "Api validation failed: type"
        assert "OKTA_SIGN_ON, PASSWORD, MFA_ENROLL" in causes(answer)


def test_expand_shows_the_rules_with_the_policy(admin: httpx.Client) -> None:
    policy = policy_of(admin, "PASSWORD")

    shown = done(admin.get(f"{POLICIES}/{policy['id']}", params={"expand": "rules"}))

    assert [rule["name"] for rule in shown["_embedded"]["rules"]] == ["Default Rule"]


def test_none_of_them_is_inactive(admin: httpx.Client) -> None:
    found = admin.get(POLICIES, params={"type": "PASSWORD", "status": "INACTIVE"})

    assert done(found) == []


def test_what_the_body_leaves_out_is_the_default_again(admin: httpx.Client) -> None:
    set_password_policy(admin, "lockout", maxAttempts=3)
    policy = policy_of(admin, "PASSWORD")
    changed = policy["settings"]["password"]["lockout"]["maxAttempts"]

    body = {"type": "PASSWORD", "name": "Default Policy"}
    shown = done(admin.put(f"{POLICIES}/{policy['id']}", json=body))

    assert changed == 3
    assert shown["settings"]["password"]["lockout"]["maxAttempts"] == 10


def test_a_policy_and_its_rule_do_not_undo_each_other(admin: httpx.Client) -> None:
    path, rule = rule_of(admin, "PASSWORD")
    rule["actions"]["selfServiceUnlock"]["access"] = "DENY"
    done(admin.put(path, json=rule))

    set_password_policy(admin, "age", maxAgeDays=90)

    _, rule = rule_of(admin, "PASSWORD")
    assert rule["actions"]["selfServiceUnlock"]["access"] == "DENY"
    assert policy_of(admin, "PASSWORD")["settings"]["password"]["age"]["maxAgeDays"] == 90


def test_a_factor_and_when_it_is_enrolled_can_be_set(admin: httpx.Client) -> None:
    policy = policy_of(admin, "MFA_ENROLL")
    path, rule = rule_of(admin, "MFA_ENROLL")
    policy["settings"]["factors"]["okta_sms"]["enroll"]["self"] = "REQUIRED"
    rule["actions"]["enroll"]["self"] = "CHALLENGE"

    shown = done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))
    done(admin.put(path, json=rule))

    assert shown["settings"]["factors"]["okta_sms"]["enroll"]["self"] == "REQUIRED"
    assert shown["settings"]["factors"]["okta_otp"]["enroll"]["self"] == "NOT_ALLOWED"
    assert rule_of(admin, "MFA_ENROLL")[1]["actions"]["enroll"]["self"] == "CHALLENGE"


def test_the_sign_on_rule_keeps_what_it_was_told(admin: httpx.Client) -> None:
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    signon = {
        "access": "ALLOW",
        "requireFactor": True,
        "factorPromptMode": "SESSION",
        "factorLifetime": 60,
        "rememberDeviceByDefault": True,
        "session": {
            "usePersistentCookie": False,
            "maxSessionIdleMinutes": 30,
            "maxSessionLifetimeMinutes": 480,
        },
    }
    rule["actions"]["signon"] = signon

    done(admin.put(path, json=rule))

    assert rule_of(admin, "OKTA_SIGN_ON")[1]["actions"]["signon"] == signon


@pytest.mark.parametrize(
    ("type", "member", "value"),
    [
        ("PASSWORD", "settings.password.complexity.minLength", 3),
        ("PASSWORD", "settings.password.complexity.minLength", 73),
        ("PASSWORD", "settings.password.complexity.minLength", "8"),
        ("PASSWORD", "settings.password.complexity.minNumber", 2),
        ("PASSWORD", "settings.password.complexity.excludeUsername", "yes"),
        ("PASSWORD", "settings.password.complexity.excludeAttributes", ["email"]),
        ("PASSWORD", "settings.password.age.maxAgeDays", -1),
        ("PASSWORD", "settings.password.age.historyCount", 4),
        ("PASSWORD", "settings.password.lockout.maxAttempts", 101),
        ("PASSWORD", "settings.password.lockout.userLockoutNotificationChannels", ["EMAIL"]),
        ("PASSWORD", "settings.recovery.factors.okta_sms.status", "MAYBE"),
        (
            "PASSWORD",
            "settings.recovery.factors.okta_email.properties.recoveryToken.tokenLifetimeMinutes",
            0,
        ),
        ("PASSWORD", "name", "Another name"),
        ("PASSWORD", "status", "INACTIVE"),
        ("PASSWORD", "priority", 2),
        ("PASSWORD", "type", "MFA_ENROLL"),
        ("PASSWORD", "conditions.people.groups", {"include": ["00gsomebody"]}),
        ("MFA_ENROLL", "settings.factors.okta_sms.enroll.self", "SOMETIMES"),
        ("MFA_ENROLL", "settings.factors.okta_sms.consent.type", "TERMS_OF_SERVICE"),
        ("MFA_ENROLL", "settings.factors.duo", {"enroll": {"self": "OPTIONAL"}}),
        ("MFA_ENROLL", "settings.type", "AUTHENTICATORS"),
    ],
)
def test_a_bad_value_of_a_policy_is_refused_by_its_field(
    admin: httpx.Client, type: str, member: str, value: object
) -> None:
    policy = policy_of(admin, type)

    answer = admin.put(f"{POLICIES}/{policy['id']}", json=_with(policy, member, value))

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert member in causes(answer)
    assert policy_of(admin, type)["lastUpdated"] == policy["lastUpdated"]


@pytest.mark.parametrize(
    ("type", "member", "value", "named"),
    [
        ("OKTA_SIGN_ON", "actions.signon.access", "PERHAPS", "actions.signon.access"),
        ("OKTA_SIGN_ON", "actions", {}, "actions.signon"),
        ("OKTA_SIGN_ON", "actions.signon.factorPromptMode", "NOW", "factorPromptMode"),
        (
            "OKTA_SIGN_ON",
            "actions.signon",
            {"access": "ALLOW", "requireFactor": True},
            "actions.signon.factorPromptMode",
        ),
        (
            "OKTA_SIGN_ON",
            "actions.signon",
            {"access": "ALLOW", "requireFactor": True, "factorPromptMode": "SESSION"},
            "actions.signon.factorLifetime",
        ),
        ("OKTA_SIGN_ON", "actions.signon.session.maxSessionIdleMinutes", 0, "IdleMinutes"),
        ("OKTA_SIGN_ON", "actions.signon.session.usePersistentCookie", True, "PersistentCookie"),
        ("OKTA_SIGN_ON", "type", "PASSWORD", "type"),
        ("OKTA_SIGN_ON", "conditions.people.users.exclude", ["00u1"], "conditions.people.users"),
        ("PASSWORD", "actions.passwordChange.access", "ASK", "actions.passwordChange.access"),
        ("MFA_ENROLL", "actions.enroll.self", "LATER", "actions.enroll.self"),
    ],
)
def test_a_bad_value_of_a_rule_is_refused_by_its_field(
    admin: httpx.Client, type: str, member: str, value: object, named: str
) -> None:
    path, rule = rule_of(admin, type)

    answer = admin.put(path, json=_with(rule, member, value))

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert named in causes(answer)


@pytest.mark.parametrize("type", TYPES)
def test_the_default_stays_and_stays_active(admin: httpx.Client, type: str) -> None:
    policy = f"{POLICIES}/{policy_of(admin, type)['id']}"
    rule, _ = rule_of(admin, type)

    for path in (policy, rule):
        for refused in (admin.delete(path), admin.post(f"{path}/lifecycle/deactivate")):
            assert refused.status_code == 403
            assert refused.json()["errorCode"] == "E0000111"
        assert admin.post(f"{path}/lifecycle/activate").status_code == 204
        assert admin.get(path).status_code == 200


def test_further_policies_and_rules_are_refused_in_words(admin: httpx.Client) -> None:
    policy = policy_of(admin, "PASSWORD")

    answers = [
        admin.post(POLICIES, json={"type": "PASSWORD", "name": "Mine"}),
        admin.post(f"{POLICIES}/{policy['id']}/rules", json={"type": "PASSWORD", "name": "Mine"}),
    ]

    for answer in answers:
        assert answer.status_code == 501
        assert answer.json()["errorCode"] == "E0000060"
        assert "one policy of each type" in causes(answer)


def test_an_unknown_policy_or_rule_is_not_found(admin: httpx.Client) -> None:
    sign_on = policy_of(admin, "OKTA_SIGN_ON")["id"]
    rule, _ = rule_of(admin, "PASSWORD")

    answers = [
        admin.get(f"{POLICIES}/00pnobody"),
        admin.get(f"{POLICIES}/{sign_on}/rules/{rule.rpartition('/')[2]}"),
    ]

    for answer in answers:
        assert answer.status_code == 404
        assert answer.json()["errorCode"] == "E0000007"


def test_a_stale_version_is_refused(admin: httpx.Client) -> None:
    policy = policy_of(admin, "PASSWORD")
    path = f"{POLICIES}/{policy['id']}"
    version = admin.get(path).headers["ETag"]
    set_password_policy(admin, "lockout", maxAttempts=4)

    answer = admin.put(path, json=policy, headers={"If-Match": version})

    assert answer.status_code == 412


def test_attempts_and_automatic_unlock_count_from_the_next_sign_in(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora = find_person(admin)
    set_password_policy(admin, "lockout", maxAttempts=2, autoUnlockMinutes=10)

    wrong = [tries(http, cora, "wrong") for _ in range(2)]
    locked = tries(http, cora, cora.password)
    status = done(admin.get(f"/api/v1/users/{cora.id}"))["status"]
    move_clock(admin, 600)

    assert wrong == [401, 401]
    assert (locked, status) == (401, "LOCKED_OUT")
    assert tries(http, cora, cora.password) == 200
    events = done(admin.get("/api/v1/logs", params={"limit": 1000}))
    assert "user.account.unlock" in {event["eventType"] for event in events}


def test_access_denied_by_the_sign_on_rule_keeps_everybody_out(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora = find_person(admin)
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    rule["actions"]["signon"]["access"] = "DENY"

    done(admin.put(path, json=rule))

    assert tries(http, cora, cora.password) == 401


def set_session(admin: httpx.Client, **minutes: int) -> None:
    """The sign-on rule says how long sessions last."""
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    rule["actions"]["signon"]["session"] |= minutes
    done(admin.put(path, json=rule))


def test_a_session_ends_after_its_idle_minutes_and_lives_on_by_use(
    visitor: Visitor, admin: httpx.Client
) -> None:
    set_session(admin, maxSessionIdleMinutes=10)
    visitor.open("/login/login.htm")
    visitor.sign_in(find_person(admin))

    alive = []
    for seconds in (540, 540, 600):
        move_clock(admin, seconds)
        alive.append(visitor.open("/app/UserHome").url.path.endswith("/app/UserHome"))

    assert alive == [True, True, False]


def test_a_session_ends_at_its_longest_however_much_it_is_used(
    visitor: Visitor, admin: httpx.Client
) -> None:
    set_session(admin, maxSessionIdleMinutes=10, maxSessionLifetimeMinutes=15)
    visitor.open("/login/login.htm")
    visitor.sign_in(find_person(admin))

    alive = []
    for seconds in (480, 360, 60):
        move_clock(admin, seconds)
        alive.append(visitor.open("/app/UserHome").url.path.endswith("/app/UserHome"))

    assert alive == [True, True, False]


def test_a_shorter_longest_counts_for_sessions_that_are_there_already(
    visitor: Visitor, admin: httpx.Client
) -> None:
    visitor.open("/login/login.htm")
    visitor.sign_in(find_person(admin))
    move_clock(admin, 600)
    set_session(admin, maxSessionLifetimeMinutes=5)

    page = visitor.open("/app/UserHome")

    assert page.url.path.endswith("/login/login.htm")


def _with(document: dict[str, Any], member: str, value: object) -> dict[str, Any]:
    """The document with one member, named by its path, changed."""
    *way, last = member.split(".")
    place = document
    for name in way:
        place = place.setdefault(name, {})
    place[last] = value
    return document
