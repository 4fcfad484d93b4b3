"""The life of a user over HTTP: every operation, from every status that matters."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.speaking import (
    PASSWORD,
    Person,
    add_user,
    custom_server,
    done,
    find_person,
    introspect,
    refresh,
    register_app,
    tokens_for,
)

USERS = "/api/v1/users"
NEW = "Another-horse-8"
QUESTION = {"question": "Who's a major player in the cowboy scene?", "answer": "Annie Oakley"}


def profile(login: str) -> dict[str, str]:
    return {"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"}


@pytest.fixture
def isaac(admin: httpx.Client) -> Person:
    """An active person with a password."""
    return add_user(admin, "isaac")


def make(admin: httpx.Client, status: str) -> str:
    """The path of a new user in this status."""
    login = f"{status.lower()}@example.com"
    body: dict[str, Any] = {"profile": profile(login)}
    if status not in ("STAGED", "PROVISIONED"):
        body["credentials"] = {"password": {"value": PASSWORD}}
    query = {"activate": "false"} if status == "STAGED" else {}
    path = f"{USERS}/{done(admin.post(USERS, params=query, json=body))['id']}"
    if status == "LOCKED_OUT":
        for _ in range(10):
            admin.post("/api/v1/authn", json={"username": login, "password": "wrong"})
    if status in MOVES:
        move, query = MOVES[status]
        done(admin.post(f"{path}/lifecycle/{move}", params=query))
    assert status_at(admin, path) == status
    return path


MOVES = {
    "SUSPENDED": ("suspend", {}),
    "DEPROVISIONED": ("deactivate", {}),
    "PASSWORD_EXPIRED": ("expire_password", {}),
    "RECOVERY": ("reset_password", {"sendEmail": "false"}),
}


def status_at(admin: httpx.Client, path: str) -> str:
    status: str = done(admin.get(path))["status"]
    return status


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def causes(answer: httpx.Response) -> str:
    return " | ".join(cause["errorSummary"] for cause in answer.json()["errorCauses"])


def signs_in(http: httpx.Client, person: Person, password: str = PASSWORD) -> bool:
    """Whether login and password lead to a session."""
    body = {"username": person.login, "password": password}
    answer = http.post("/api/v1/authn", json=body)
    return answer.status_code == 200 and answer.json()["status"] == "SUCCESS"


def newest(admin: httpx.Client, user_id: str) -> dict[str, Any]:
    """The newest message to the user."""
    found: dict[str, Any] = done(admin.get("/lab/outbox", params={"userId": user_id}))[0]
    return found


@pytest.mark.parametrize(
    ("status", "operation", "code"),
    [
        ("ACTIVE", "activate", (403, "E0000016")),
        ("PROVISIONED", "activate", (403, "E0000016")),
        ("ACTIVE", "reactivate", (403, "E0000038")),
        ("STAGED", "reactivate", (403, "E0000038")),
        ("DEPROVISIONED", "deactivate", (400, "E0000001")),
        ("STAGED", "suspend", (400, "E0000001")),
        ("SUSPENDED", "suspend", (400, "E0000001")),
        ("ACTIVE", "unsuspend", (400, "E0000001")),
        ("ACTIVE", "unlock", (403, "E0000032")),
        ("DEPROVISIONED", "unlock", (403, "E0000032")),
        ("STAGED", "reset_password?sendEmail=false", (403, "E0000038")),
        ("PROVISIONED", "reset_password?sendEmail=false", (403, "E0000038")),
        ("DEPROVISIONED", "reset_password?sendEmail=false", (403, "E0000038")),
        ("SUSPENDED", "reset_password?sendEmail=false", (403, "E0000038")),
        ("DEPROVISIONED", "expire_password", (403, "E0000038")),
        ("STAGED", "expire_password", (403, "E0000038")),
        ("STAGED", "expire_password_with_temp_password", (403, "E0000038")),
        ("LOCKED_OUT", "expire_password?tempPassword=true", (403, "E0000038")),
        ("SUSPENDED", "reset_factors", (403, "E0000038")),
    ],
)
def test_an_operation_from_the_wrong_status_changes_nothing(
    admin: httpx.Client, status: str, operation: str, code: tuple[int, str]
) -> None:
    path = make(admin, status)

    answer = admin.post(f"{path}/lifecycle/{operation}")

    assert code_of(answer) == code
    assert causes(answer)
    assert status_at(admin, path) == status


def test_activation_without_mail_gives_link_and_token(admin: httpx.Client, lab_url: str) -> None:
    path = make(admin, "STAGED")

    answer = admin.post(f"{path}/lifecycle/activate", params={"sendEmail": "false"})

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"activationUrl", "activationToken"}
    assert body["activationUrl"] == f"{lab_url}/welcome/{body['activationToken']}"
    assert status_at(admin, path) == "PROVISIONED"


@pytest.fixture
def lab_url(admin: httpx.Client) -> str:
    return str(admin.base_url).rstrip("/")


def test_an_activation_link_leads_to_a_password_once(
    admin: httpx.Client, http: httpx.Client
) -> None:
    path = make(admin, "STAGED")
    query = {"sendEmail": "false"}
    token = done(admin.post(f"{path}/lifecycle/activate", params=query))["activationToken"]

    begun = done(http.post("/api/v1/authn", json={"token": token}))
    again = http.post("/api/v1/authn", json={"token": token})
    body = {"stateToken": begun["stateToken"], "newPassword": NEW}
    done(http.post("/api/v1/authn/credentials/reset_password", json=body))

    assert begun["status"] == "PASSWORD_RESET"
    assert code_of(again) == (401, "E0000011")
    assert status_at(admin, path) == "ACTIVE"
    assert signs_in(http, Person("", "staged@example.com"), NEW)


def test_who_has_a_password_already_is_active_and_gets_a_working_link_too(
    admin: httpx.Client, http: httpx.Client
) -> None:
    body = {"profile": profile("ike@example.com"), "credentials": {"password": {"value": PASSWORD}}}
    made = done(admin.post(USERS, params={"activate": "false"}, json=body))
    path = f"{USERS}/{made['id']}"

    answer = done(admin.post(f"{path}/lifecycle/activate", params={"sendEmail": "false"}))

    assert status_at(admin, path) == "ACTIVE"
    assert signs_in(http, Person("", "ike@example.com"))
    begun = done(http.post("/api/v1/authn", json={"token": answer["activationToken"]}))
    assert begun["status"] == "PASSWORD_RESET"


def test_activation_by_mail_says_nothing_and_leaves_the_link_in_the_outbox(
    admin: httpx.Client, lab_url: str
) -> None:
    path = make(admin, "STAGED")

    answer = admin.post(f"{path}/lifecycle/activate")

    assert (answer.status_code, answer.json()) == (200, {})
    message = newest(admin, path.rsplit("/", 1)[1])
    assert message["channel"] == "EMAIL"
    assert message["to"] == "staged@example.com"
    assert message["link"].startswith(f"{lab_url}/welcome/")


def test_a_user_made_without_a_password_gets_an_activation_mail(admin: httpx.Client) -> None:
    path = make(admin, "PROVISIONED")

    assert "/welcome/" in newest(admin, path.rsplit("/", 1)[1])["link"]


def test_a_new_activation_link_ends_the_one_before(admin: httpx.Client, http: httpx.Client) -> None:
    path = make(admin, "PROVISIONED")
    query = {"sendEmail": "false"}

    first = done(admin.post(f"{path}/lifecycle/reactivate", params=query))["activationToken"]
    second = done(admin.post(f"{path}/lifecycle/reactivate", params=query))["activationToken"]

    assert status_at(admin, path) == "PROVISIONED"
    old = http.post("/api/v1/authn", json={"token": first})
    assert code_of(old) == (401, "E0000011")
    assert second != first


def test_who_comes_back_after_deactivation_has_no_password_and_no_factor(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    path = f"{USERS}/{isaac.id}"
    question = {"question": "disliked_food", "answer": "mayonnaise"}
    body = {"factorType": "question", "provider": "OKTA", "profile": question}
    done(admin.post(f"{path}/factors", json=body))
    done(admin.post(f"{path}/lifecycle/deactivate"))

    answer = admin.post(f"{path}/lifecycle/activate", params={"sendEmail": "false"})

    assert "activationToken" in answer.json()
    assert status_at(admin, path) == "PROVISIONED"
    assert "password" not in done(admin.get(path))["credentials"]
    assert done(admin.get(f"{path}/factors")) == []
    assert not signs_in(http, isaac)


def test_a_reset_shuts_the_old_password_out_and_gives_a_link(
    admin: httpx.Client, http: httpx.Client, isaac: Person, lab_url: str
) -> None:
    path = f"{USERS}/{isaac.id}"

    answer = admin.post(f"{path}/lifecycle/reset_password", params={"sendEmail": "false"})

    assert answer.status_code == 200
    assert set(answer.json()) == {"resetPasswordUrl"}
    assert answer.json()["resetPasswordUrl"].startswith(f"{lab_url}/signin/reset-password/")
    assert status_at(admin, path) == "RECOVERY"
    assert not signs_in(http, isaac)


def test_a_reset_by_mail_leaves_the_link_in_the_outbox(admin: httpx.Client, isaac: Person) -> None:
    path = f"{USERS}/{isaac.id}"

    answer = admin.post(f"{path}/lifecycle/reset_password", params={"sendEmail": "true"})

    assert (answer.status_code, answer.json()) == (200, {})
    assert "/signin/reset-password/" in newest(admin, isaac.id)["link"]


def test_a_reset_must_say_whether_a_mail_is_sent(admin: httpx.Client, isaac: Person) -> None:
    answer = admin.post(f"{USERS}/{isaac.id}/lifecycle/reset_password")

    assert code_of(answer) == (400, "E0000028")
    assert "sendEmail" in causes(answer)
    assert status_at(admin, f"{USERS}/{isaac.id}") == "ACTIVE"


def test_a_reset_by_put_is_no_method_of_the_path(admin: httpx.Client, isaac: Person) -> None:
    answer = admin.put(f"{USERS}/{isaac.id}/lifecycle/reset_password", json={})

    assert code_of(answer) == (405, "E0000022")


@pytest.mark.parametrize(("revokes", "status"), [("true", 404), ("false", 200)])
def test_a_reset_ends_the_sessions_when_asked(
    admin: httpx.Client, http: httpx.Client, isaac: Person, revokes: str, status: int
) -> None:
    sign_in_browser(admin, http, isaac)
    query = {"sendEmail": "false", "revokeSessions": revokes}

    done(admin.post(f"{USERS}/{isaac.id}/lifecycle/reset_password", params=query))
    done(admin.put(f"{USERS}/{isaac.id}", json={"credentials": {"password": {"value": NEW}}}))

    assert http.get("/api/v1/sessions/me").status_code == status


def sign_in_browser(admin: httpx.Client, http: httpx.Client, person: Person) -> None:
    """The browser has a session of this person."""
    app = register_app(admin, person)
    body = {"username": person.login, "password": person.password}
    token = done(http.post("/api/v1/authn", json=body))["sessionToken"]
    query = {
        "client_id": app.id,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": app.redirect_uri,
        "state": "s",
        "sessionToken": token,
    }
    answer = http.get(custom_server(str(http.base_url)).at("authorize"), params=query)
    assert "code=" in answer.headers.get("Location", ""), answer.text
    assert http.get("/api/v1/sessions/me").status_code == 200


def test_an_expired_password_comes_back_as_a_user_and_gives_no_session(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    answer = admin.post(f"{USERS}/{isaac.id}/lifecycle/expire_password")

    assert answer.status_code == 200
    assert answer.json()["id"] == isaac.id
    assert answer.json()["status"] == "PASSWORD_EXPIRED"
    assert not signs_in(http, isaac)


@pytest.mark.parametrize(
    "operation", ["expire_password_with_temp_password", "expire_password?tempPassword=true"]
)
def test_a_temporary_password_is_shown_once_and_must_be_changed(
    admin: httpx.Client, http: httpx.Client, isaac: Person, operation: str
) -> None:
    path = f"{USERS}/{isaac.id}"

    answer = admin.post(f"{path}/lifecycle/{operation}")

    assert answer.status_code == 200
    assert set(answer.json()) == {"tempPassword"}
    assert status_at(admin, path) == "PASSWORD_EXPIRED"
    temporary = answer.json()["tempPassword"]
    assert temporary not in admin.get(path).text
    assert not signs_in(http, isaac, temporary)
    body = {"oldPassword": {"value": temporary}, "newPassword": {"value": NEW}}
    done(admin.post(f"{path}/credentials/change_password", json=body))
    assert status_at(admin, path) == "ACTIVE"
    assert signs_in(http, isaac, NEW)


def test_all_factors_go_at_once(admin: httpx.Client, isaac: Person) -> None:
    path = f"{USERS}/{isaac.id}"
    for provider in ("OKTA", "GOOGLE"):
        body = {"factorType": "token:software:totp", "provider": provider}
        done(admin.post(f"{path}/factors", json=body))

    answer = admin.post(f"{path}/lifecycle/reset_factors")

    assert (answer.status_code, answer.json()) == (200, {})
    assert done(admin.get(f"{path}/factors")) == []


def test_a_password_is_changed_by_who_knows_the_old_one(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    path = f"{USERS}/{isaac.id}/credentials/change_password"
    body = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": NEW}}

    answer = admin.post(path, json=body)

    assert answer.status_code == 200
    assert answer.json() == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    assert signs_in(http, isaac, NEW)
    assert not signs_in(http, isaac, PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "status", "words"),
    [
        ("wrong", NEW, (403, "E0000014"), "oldPassword: The credentials provided were incorrect."),
        (PASSWORD, "weak", (403, "E0000014"), "Password requirements were not met."),
        (PASSWORD, 7, (400, "E0000001"), "newPassword.value"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(
    admin: httpx.Client,
    http: httpx.Client,
    isaac: Person,
    old: str,
    new: Any,
    status: tuple[int, str],
    words: str,
) -> None:
    body = {"oldPassword": {"value": old}, "newPassword": {"value": new}}

    answer = admin.post(f"{USERS}/{isaac.id}/credentials/change_password", json=body)

    assert code_of(answer) == status
    assert words in causes(answer)
    assert signs_in(http, isaac)


def test_wrong_old_passwords_lock_like_any_other(admin: httpx.Client, isaac: Person) -> None:
    path = f"{USERS}/{isaac.id}"
    body = {"oldPassword": {"value": "wrong"}, "newPassword": {"value": NEW}}

    answers = [admin.post(f"{path}/credentials/change_password", json=body) for _ in range(11)]

    assert [code_of(answer) for answer in answers] == [
        *[(403, "E0000014")] * 10,
        (403, "E0000035"),
    ]
    assert status_at(admin, path) == "LOCKED_OUT"


def test_a_change_ends_the_sessions_when_asked(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    sign_in_browser(admin, http, isaac)
    body = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": NEW}}

    path = f"{USERS}/{isaac.id}/credentials/change_password"
    done(admin.post(path, json=body | {"revokeSessions": True}))

    assert http.get("/api/v1/sessions/me").status_code == 404


def test_the_recovery_question_is_changed_with_the_password(
    admin: httpx.Client, isaac: Person
) -> None:
    path = f"{USERS}/{isaac.id}/credentials"
    body = {"password": {"value": PASSWORD}, "recovery_question": QUESTION}

    forgot_before = admin.post(f"{path}/forgot_password", params={"sendEmail": "false"})
    wrong = admin.post(f"{path}/change_recovery_question", json=body | {"password": {"value": "x"}})
    answer = admin.post(f"{path}/change_recovery_question", json=body)

    assert code_of(forgot_before) == (403, "E0000034")
    assert code_of(wrong) == (403, "E0000014")
    assert answer.status_code == 200
    assert answer.json()["recovery_question"] == {"question": QUESTION["question"]}
    assert QUESTION["answer"] not in admin.get(f"{USERS}/{isaac.id}").text


def test_who_forgot_the_password_gets_a_link_and_stays_active(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    path = f"{USERS}/{isaac.id}/credentials"
    body = {"password": {"value": PASSWORD}, "recovery_question": QUESTION}
    done(admin.post(f"{path}/change_recovery_question", json=body))

    shown = admin.post(f"{path}/forgot_password", params={"sendEmail": "false"})
    mailed = admin.post(f"{path}/forgot_password")

    assert set(shown.json()) == {"resetPasswordUrl"}
    assert (mailed.status_code, mailed.json()) == (200, {})
    assert "/signin/reset-password/" in newest(admin, isaac.id)["link"]
    assert signs_in(http, isaac)


@pytest.mark.parametrize(
    ("status", "operation", "code"),
    [
        ("SUSPENDED", "change_password", "E0000035"),
        ("DEPROVISIONED", "change_password", "E0000035"),
        ("LOCKED_OUT", "change_recovery_question", "E0000036"),
        ("SUSPENDED", "forgot_password", "E0000034"),
    ],
)
def test_credentials_stay_in_a_status_that_does_not_allow_a_change(
    admin: httpx.Client, status: str, operation: str, code: str
) -> None:
    path = make(admin, status)
    body = {
        "oldPassword": {"value": PASSWORD},
        "newPassword": {"value": NEW},
        "password": {"value": PASSWORD},
        "recovery_question": QUESTION,
    }

    answer = admin.post(f"{path}/credentials/{operation}", json=body)

    assert code_of(answer) == (403, code)


@pytest.mark.parametrize(
    "status",
    [
        "STAGED",
        "PROVISIONED",
        "ACTIVE",
        "PASSWORD_EXPIRED",
        "RECOVERY",
        "LOCKED_OUT",
        "SUSPENDED",
        "DEPROVISIONED",
    ],
)
def test_every_link_of_a_user_leads_to_a_call_that_the_status_allows(
    admin: httpx.Client, status: str
) -> None:
    links = done(admin.get(make(admin, status)))["_links"]
    links.pop("self")
    refused = []

    for name, link in links.items():
        if name in ("deactivate", "activate", "suspend"):
            continue  # These end the status that the others stand for.
        answer = admin.post(link["href"], json={"oldPassword": "", "password": ""})
        # What is wrong about the body or the query is no matter of the status.
        if answer.status_code == 403:
            refused.append((name, answer.json()["errorCode"]))
        if name in ("unsuspend", "unlock", "expirePassword", "reactivate"):
            break

    assert refused == []
    assert links[next(iter(links))]["method"] == "POST"


@pytest.mark.parametrize("operation", ["suspend", "deactivate"])
def test_whoever_is_put_out_loses_sessions_refresh_tokens_api_tokens_and_links(
    admin: httpx.Client, http: httpx.Client, isaac: Person, operation: str
) -> None:
    sign_in_browser(admin, http, isaac)
    made = done(admin.post("/api/v1/api-tokens", json={"name": "Mine", "userId": isaac.id}))
    token = {"Authorization": f"SSWS {made['token']}"}
    before = http.get(f"{USERS}/me", headers=token).status_code

    done(admin.post(f"{USERS}/{isaac.id}/lifecycle/{operation}"))

    assert before != 401
    assert http.get(f"{USERS}/me", headers=token).status_code == 401
    assert http.get("/api/v1/sessions/me").status_code == 404
    assert made["id"] not in admin.get("/api/v1/api-tokens").text


@pytest.mark.parametrize(
    ("call", "refreshes", "active"),
    [
        ("DELETE sessions", True, True),
        ("DELETE sessions?oauthTokens=true", False, False),
        ("POST lifecycle/suspend", False, True),
        ("POST lifecycle/deactivate", False, False),
    ],
)
def test_what_happens_to_tokens_when_access_is_cut(
    admin: httpx.Client, http: httpx.Client, call: str, refreshes: bool, active: bool
) -> None:
    cora = find_person(admin)
    issuer = custom_server(str(http.base_url).rstrip("/"))
    app = register_app(admin, cora)
    tokens = tokens_for(http, issuer, app, cora, scope="openid offline_access")
    method, below = call.split(" ")

    cut = admin.request(method, f"{USERS}/{cora.id}/{below}")
    if "suspend" in call:
        # So that what is seen are the tokens, not the status.
        done(admin.post(f"{USERS}/{cora.id}/lifecycle/unsuspend"))

    assert cut.is_success
    said = introspect(http, issuer, app, tokens["access_token"])
    assert said["active"] is active
    again = refresh(http, issuer, app, tokens["refresh_token"])
    assert again.is_success is refreshes


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/users/{userId}?activate=false", 404),
        ("POST", "/users/credentials/change_password", 404),
        ("PUT", "/users/cora/lifecycle/activate", 405),
        ("GET", "/users/cora/lifecycle/suspend", 405),
        ("PUT", "/users/cora/factors/ufsNobody", 405),
        ("PUT", "/users/cora/sessions", 405),
    ],
)
def test_odd_forms_of_paths_answer_as_unknown_paths_or_methods(
    admin: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = admin.request(method, f"/api/v1{path}", json={"profile": profile("odd@example.com")})

    assert answer.status_code == status
    assert answer.json()["errorCode"] in {404: ("E0000007", "E0000008"), 405: ("E0000022",)}[status]


def test_a_help_desk_helps_and_edits_nobody(
    admin: httpx.Client, http: httpx.Client, isaac: Person
) -> None:
    clerk = find_person(admin, "sam")
    done(admin.post(f"{USERS}/{clerk.id}/roles", json={"type": "HELP_DESK_ADMIN"}))
    made = done(admin.post("/api/v1/api-tokens", json={"name": "Desk", "userId": clerk.id}))
    headers = {"Authorization": f"SSWS {made['token']}"}
    path = f"{USERS}/{isaac.id}"
    question = {"factorType": "question", "provider": "OKTA", "profile": QUESTION}

    helped = [
        http.post(f"{path}/lifecycle/reset_factors", headers=headers),
        http.get(f"{path}/factors/questions", headers=headers),
        http.post(f"{path}/lifecycle/expire_password_with_temp_password", headers=headers),
        http.post(f"{path}/lifecycle/reset_password?sendEmail=false", headers=headers),
        http.delete(f"{path}/sessions", headers=headers),
    ]
    refused = [
        http.post(f"{path}/lifecycle/suspend", headers=headers),
        http.post(f"{path}/factors", headers=headers, json=question),
        http.post(f"{path}/credentials/change_password", headers=headers, json={}),
    ]

    assert [answer.status_code for answer in helped] == [200, 200, 200, 200, 204]
    assert [code_of(answer) for answer in refused] == [(403, "E0000006")] * 3
