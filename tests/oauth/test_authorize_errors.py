"""Errors of the authorization endpoint: shown to the person, or sent to the app, never both."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.speaking import (
    CALLBACK,
    App,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_server,
    assert_sent_back,
    assert_shown,
    authorize,
    authorize_parameters,
    custom_server,
    done,
    everything,
    fields_of,
    register_app,
)

REDIRECT = "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."
CLIENT = "Invalid value for 'client_id' parameter."
VERIFIER = "v" * 43


def get(http: httpx.Client, issuer: Issuer, parameters: Any) -> httpx.Response:
    return http.get(issuer.at("authorize"), params=parameters)


# Shown


@pytest.mark.parametrize("client_id", [None, "", "nobody", "0oa\0", "é"])
def test_an_unknown_client_is_shown_to_the_person(
    http: httpx.Client, issuer: Issuer, web: App, client_id: str | None
) -> None:
    answer = authorize(http, issuer, web, client_id=client_id).response

    assert_shown(answer, "invalid_client", CLIENT)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "https://evil.example/",
        CALLBACK + "/",
        CALLBACK + "?a=b",
        CALLBACK + "#",
        CALLBACK.replace("127.0.0.1", "127.0.0.1.evil.example"),
        CALLBACK.upper(),
        "javascript:alert(1)",
        CALLBACK + "\r\nX: y",
    ],
)
def test_a_redirect_uri_that_is_not_registered_is_shown_to_the_person(
    http: httpx.Client, issuer: Issuer, web: App, uri: str | None
) -> None:
    assert_shown(
        authorize(http, issuer, web, redirect_uri=uri).response, "invalid_request", REDIRECT
    )


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_ambiguous_client_or_redirect_uri_is_shown_to_the_person(
    http: httpx.Client, issuer: Issuer, web: App, name: str
) -> None:
    parameters = authorize_parameters(web, VERIFIER)

    answer = get(http, issuer, [*parameters.items(), (name, parameters[name])])

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_deactivated_client_is_shown_to_the_person(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    done(admin.post(f"/api/v1/apps/{web.id}/lifecycle/deactivate"))

    assert_shown(authorize(http, issuer, web).response, "invalid_client", CLIENT)


def test_a_service_app_is_shown_to_the_person(http: httpx.Client, issuer: Issuer, job: App) -> None:
    assert_shown(
        authorize(http, issuer, job).response,
        "invalid_request",
        "Clients with 'application_type' of 'service' are not allowed to access the 'authorize' "
        "endpoint.",
    )


def test_an_unknown_server_is_shown_to_the_person(http: httpx.Client, lab: Any, web: App) -> None:
    answer = authorize(http, custom_server(lab.url, "nobody"), web).response

    assert_shown(answer, "invalid_request", "The authorization server id is invalid.", 404)


@pytest.mark.parametrize("uri", ["urn:okta:nobody", "https://evil.example/request.jwt", "x"])
def test_a_request_uri_that_we_did_not_make_is_shown_and_not_fetched(
    http: httpx.Client, issuer: Issuer, web: App, uri: str
) -> None:
    assert_shown(
        authorize(http, issuer, web, request_uri=uri).response,
        "invalid_request_uri",
        "The authorize request_uri is invalid.",
    )


# Sent


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"response_type": None}, "invalid_request", None),
        (
            {"response_type": "token", "nonce": "n"},
            "unsupported_response_type",
            "The response type is not supported by the authorization server. "
            "Configured response types: [code].",
        ),
        ({"response_type": "none"}, "unsupported_response_type", None),
        (
            {"response_mode": "pigeon"},
            "unsupported_response_mode",
            "The response mode is not supported by the authorization server. Valid response "
            "modes: [query, fragment, form_post, okta_post_message].",
        ),
        ({"request": "eyJ.eyJ.x"}, "request_not_supported", None),
        ({"prompt": "none login"}, "invalid_request", None),
        ({"prompt": "select_account"}, "invalid_request", None),
        ({"max_age": "-1"}, "invalid_request", None),
        ({"max_age": "2147483648"}, "invalid_request", None),
        (
            {"max_age": "0", "prompt": "none"},
            "invalid_request",
            "'prompt' parameter must not have the value 'none' for request with 'zero' as max_age.",
        ),
        (
            {"scope": "email"},
            "invalid_scope",
            "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' "
            "scope.",
        ),
        (
            {"scope": "openid no:such"},
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        ),
        ({"scope": "openid  email"}, "invalid_scope", None),
        ({"scope": "x" * 1025}, "invalid_scope", None),
        ({"nonce": "é"}, "invalid_request", None),
        ({"prompt": "none"}, "login_required", None),
    ],
)
def test_the_app_hears_what_is_wrong_with_its_request(
    http: httpx.Client,
    issuer: Issuer,
    web: App,
    changes: dict[str, Any],
    error: str,
    description: str | None,
) -> None:
    answer = authorize(http, issuer, web, **changes).response

    assert_sent_back(answer, error, description)
    assert fields_of(answer)["iss"] == issuer.url
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("state", [None, "é", "a\0b", "x" * 2049])
def test_a_missing_or_odd_state_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, state: str | None
) -> None:
    answer = authorize(http, issuer, web, state=state).response

    assert fields_of(answer)["error"] == "invalid_request"
    assert fields_of(answer)["error_description"] == (
        "The authentication request has an invalid 'state' parameter."
    )


def test_state_comes_back_exactly(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    state = "~!@#$%^&*()_+=-`[]{}|;:'\",.<>/? %0d%0a+"

    assert authorize(http, issuer, web, cora, state=state).fields["state"] == state


@pytest.mark.parametrize("name", ["scope", "nonce", "code_challenge", "display", "prompt"])
def test_any_parameter_that_comes_twice_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, name: str
) -> None:
    parameters = list(authorize_parameters(web, VERIFIER).items())

    answer = get(http, issuer, [*parameters, (name, "a"), (name, "a")])

    assert_sent_back(
        answer,
        "invalid_request",
        "The request contained multiple parameters with the same name.",
    )


def test_a_state_that_comes_twice_is_not_sent_back(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    parameters = list(authorize_parameters(web, VERIFIER).items())

    fields = fields_of(get(http, issuer, [*parameters, ("state", "other")]))

    assert fields["error"] == "invalid_request"
    assert "state" not in fields


def test_unknown_parameters_are_ignored_and_empty_ones_absent(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(
        http, issuer, web, cora, acr_values="x", display="page", resource="y", max_age="", prompt=""
    )

    assert authorized.code


def test_a_post_takes_its_parameters_from_the_body_alone(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    parameters = authorize_parameters(web, VERIFIER, prompt="none")

    by_body = http.post(issuer.at("authorize"), data=parameters)
    by_query = http.post(issuer.at("authorize"), params=parameters)

    assert_sent_back(by_body, "login_required")
    assert by_query.status_code == 400


@pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code id_token"])
def test_errors_of_requests_for_tokens_go_into_the_fragment(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person, response_type: str
) -> None:
    app = register_app(admin, cora, **everything())

    answer = authorize(http, issuer, app, response_type=response_type).response

    assert_sent_back(
        answer,
        "invalid_request",
        "The 'nonce' parameter is required for authorize requests with either the 'id_token' or "
        "'token' response types..",
    )
    assert answer.headers["Location"].startswith(f"{CALLBACK}#")


def test_tokens_never_go_into_a_query(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, **everything())

    answer = authorize(
        http, issuer, app, cora, response_type="id_token", nonce="n", response_mode="query"
    ).response

    assert_sent_back(
        answer,
        "unsupported_response_mode",
        "'query' response mode cannot be used with either the 'id_token' or 'token' response "
        "types.",
    )
    assert answer.headers["Location"].startswith(f"{CALLBACK}#")


def test_a_person_who_is_not_assigned_is_denied(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, tom: Person
) -> None:
    answer = authorize(http, issuer, web, tom).response

    assert_sent_back(answer, "access_denied", "User is not assigned to the client application.")


def test_a_person_may_be_assigned_by_a_group(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, tom: Person
) -> None:
    staff = done(admin.get("/api/v1/groups", params={"q": "Staff"}))[0]["id"]
    done(admin.put(f"/api/v1/apps/{web.id}/groups/{staff}", json={}))

    assert authorize(http, issuer, web, tom).code


def test_a_custom_server_without_policy_denies(
    http: httpx.Client, admin: httpx.Client, lab: Any, web: App, cora: Person
) -> None:
    issuer = custom_server(lab.url, add_server(admin, "Orders"))

    assert_sent_back(
        authorize(http, issuer, web, cora).response,
        "access_denied",
        "Policy evaluation failed for this request, please check the policy configurations.",
    )


def test_a_rule_that_lacks_a_scope_denies_and_names_it(
    http: httpx.Client, admin: httpx.Client, lab: Any, web: App, cora: Person
) -> None:
    server_id = add_server(admin, "Orders", "orders:read")
    add_rule(admin, server_id, add_policy(admin, server_id), scopes=("openid",))
    issuer = custom_server(lab.url, server_id)

    assert_sent_back(
        authorize(http, issuer, web, cora, scope="openid orders:read").response,
        "access_denied",
        "Some of the requested scopes were denied by the policy. Denied scopes: [orders:read].",
    )


def test_group_membership_counts_from_the_next_request_on(
    http: httpx.Client, admin: httpx.Client, lab: Any, web: App, cora: Person
) -> None:
    group = done(admin.post("/api/v1/groups", json={"profile": {"name": "Managers"}}))["id"]
    server_id = add_server(admin, "Orders", "orders:read")
    add_rule(admin, server_id, add_policy(admin, server_id), groups=(group,))
    issuer = custom_server(lab.url, server_id)
    assert_sent_back(authorize(http, issuer, web, cora).response, "access_denied")

    done(admin.put(f"/api/v1/groups/{group}/users/{cora.id}"))

    assert authorize(http, issuer, web, cora).code


def test_without_scope_the_org_server_says_that_none_was_requested(
    http: httpx.Client, org: Issuer, web: App
) -> None:
    assert_sent_back(
        authorize(http, org, web, scope=None).response,
        "invalid_scope",
        "No scopes were requested.",
    )
