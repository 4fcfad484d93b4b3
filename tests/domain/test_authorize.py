"""The checks of an authorization request, each with what passes and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from labserver.domain import authorize
from labserver.domain.authorize import AuthorizeRequest, answer_mode, from_pairs, why_sign_in
from labserver.domain.errors import Refusal
from labserver.domain.proofs import code_challenge
from labserver.domain.values import Client

CALLBACK = "http://127.0.0.1:8765/callback"
WEB = Client(
    "0oaweb",
    "Web",
    "web",
    "client_secret_basic",
    redirect_uris=(CALLBACK,),
    response_types=frozenset({"code", "token", "id_token"}),
    grant_types=frozenset({"authorization_code", "implicit"}),
    pkce_required=False,
)
SPA = replace(WEB, application_type="browser", auth_method="none", pkce_required=True)
GOOD = AuthorizeRequest(
    client_id="0oaweb",
    redirect_uri=CALLBACK,
    response_type="code",
    scope="openid",
    state="st",
    code_challenge=code_challenge("v" * 43),
    code_challenge_method="S256",
)
IMPLICIT = replace(
    GOOD, response_type="id_token token", nonce="n", code_challenge=None, code_challenge_method=None
)

Check = Callable[[AuthorizeRequest, Client], None]


def refused(check: Check, request: AuthorizeRequest, client: Client = WEB) -> Refusal:
    """What the check says; a failure if it says nothing."""
    with pytest.raises(Refusal) as caught:
        check(request, client)
    return caught.value


def test_a_sound_request_passes_every_check() -> None:
    for shown in authorize.SHOWN_TO_THE_PERSON:
        shown(GOOD, WEB)
    for sent in authorize.SENT_TO_THE_CLIENT:
        sent(GOOD, WEB)
        sent(IMPLICIT, WEB)


def test_a_parameter_without_a_value_is_absent_and_unknown_ones_are_ignored() -> None:
    request = from_pairs([("client_id", "a"), ("nonce", ""), ("display", "page"), ("twice", "x")])

    assert request == AuthorizeRequest(client_id="a")


def test_a_parameter_that_comes_twice_keeps_its_first_value_and_is_noted() -> None:
    request = from_pairs([("state", "one"), ("state", "two"), ("display", "a"), ("display", "b")])

    assert request.state == "one"
    assert request.twice == {"state", "display"}


def test_an_unknown_client_is_named_as_such() -> None:
    with pytest.raises(Refusal) as caught:
        authorize.client_is_known(GOOD, None)

    assert caught.value.error == "invalid_client"
    assert caught.value.description == "Invalid value for 'client_id' parameter."


def test_a_service_app_sends_nobody_to_sign_in() -> None:
    service = replace(WEB, application_type="service")

    refusal = refused(authorize.client_may_send_people, GOOD, service)

    assert refusal.error == "invalid_request"
    assert refusal.description == (
        "Clients with 'application_type' of 'service' are not allowed to access the 'authorize' "
        "endpoint."
    )


@pytest.mark.parametrize(
    "uri",
    [
        None,
        CALLBACK + "/",
        CALLBACK + "?a=b",
        CALLBACK + "#x",
        CALLBACK.upper(),
        CALLBACK.replace("http:", "https:"),
        CALLBACK.replace("callback", "%63allback"),
        CALLBACK.replace("127.0.0.1", "localhost"),
        CALLBACK.replace("/callback", "/../callback"),
        CALLBACK + " ",
        "http://127.0.0.1:8765",
    ],
)
def test_a_redirect_uri_is_compared_byte_for_byte(uri: str | None) -> None:
    refusal = refused(
        authorize.redirect_uri_is_registered,
        replace(GOOD, redirect_uri=uri),
    )

    assert refusal.error == "invalid_request"
    assert refusal.description == (
        "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."
    )


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (authorize.client_is_known, "client_id"),
        (authorize.redirect_uri_is_registered, "redirect_uri"),
    ],
)
def test_an_ambiguous_client_or_redirect_uri_is_none(check: Check, name: str) -> None:
    refused(check, replace(GOOD, twice=frozenset({name})))


def test_any_parameter_that_comes_twice_spoils_the_request() -> None:
    refusal = refused(authorize.no_parameter_came_twice, replace(GOOD, twice=frozenset({"foo"})))

    assert refusal.error == "invalid_request"
    assert refusal.description == ("The request contained multiple parameters with the same name.")


def test_a_request_object_is_refused_and_never_ignored() -> None:
    assert refused(authorize.no_request_object, replace(GOOD, request="eyJ")).error == (
        "request_not_supported"
    )


@pytest.mark.parametrize("response_type", ["none", "code foo", "CODE", "code,token"])
def test_an_unknown_response_type_is_not_supported(response_type: str) -> None:
    refusal = refused(
        authorize.response_type_is_allowed, replace(GOOD, response_type=response_type)
    )

    assert refusal.error == "unsupported_response_type"


def test_a_response_type_must_be_one_of_the_apps() -> None:
    client = replace(WEB, response_types=frozenset({"code"}))

    refusal = refused(authorize.response_type_is_allowed, IMPLICIT, client)

    assert refusal.error == "unsupported_response_type"
    assert refusal.description == (
        "The response type is not supported by the authorization server. "
        "Configured response types: [code]."
    )


@pytest.mark.parametrize(
    ("response_type", "grant_types"),
    [
        ("code", {"implicit"}),
        ("token", {"authorization_code"}),
        ("code id_token", {"authorization_code"}),
        ("code id_token", {"implicit"}),
    ],
)
def test_each_part_of_the_response_type_needs_its_grant_type(
    response_type: str, grant_types: set[str]
) -> None:
    client = replace(WEB, grant_types=frozenset(grant_types))

    refusal = refused(
        authorize.response_type_is_allowed, replace(GOOD, response_type=response_type), client
    )

    assert refusal.error == "unsupported_response_type"


def test_a_request_without_response_type_is_invalid() -> None:
    request = replace(GOOD, response_type=None)

    assert refused(authorize.response_type_is_allowed, request).error == "invalid_request"


def test_an_unknown_response_mode_is_refused_with_the_known_ones() -> None:
    refusal = refused(authorize.response_mode_is_fit, replace(GOOD, response_mode="pigeon"))

    assert refusal.error == "unsupported_response_mode"
    assert refusal.description == (
        "The response mode is not supported by the authorization server. Valid response modes: "
        "[query, fragment, form_post, okta_post_message]."
    )


@pytest.mark.parametrize("response_type", ["token", "id_token", "code id_token"])
def test_tokens_never_go_into_a_query(response_type: str) -> None:
    request = replace(GOOD, response_type=response_type, response_mode="query")

    refusal = refused(authorize.response_mode_is_fit, request)

    assert refusal.error == "unsupported_response_mode"
    assert refusal.description == (
        "'query' response mode cannot be used with either the 'id_token' or 'token' response types."
    )
    assert answer_mode(request) == "fragment"


@pytest.mark.parametrize(
    ("response_type", "asked", "mode"),
    [
        ("code", None, "query"),
        ("code", "fragment", "fragment"),
        ("code", "form_post", "form_post"),
        ("code", "okta_post_message", "okta_post_message"),
        ("code", "pigeon", "query"),
        ("token", None, "fragment"),
        ("id_token", None, "fragment"),
        ("id_token token", "form_post", "form_post"),
        ("code id_token", None, "fragment"),
    ],
)
def test_an_answer_travels_in_the_mode_asked_for_or_the_types_own(
    response_type: str, asked: str | None, mode: str
) -> None:
    request = replace(GOOD, response_type=response_type, response_mode=asked)

    assert answer_mode(request) == mode


@pytest.mark.parametrize("state", [None, "ü", "a\nb", "x" * 2049, "\0"])
def test_state_is_there_and_visible_ascii(state: str | None) -> None:
    refusal = refused(authorize.state_is_sound, replace(GOOD, state=state))

    assert refusal.error == "invalid_request"
    assert refusal.description == "The authentication request has an invalid 'state' parameter."


@pytest.mark.parametrize("state", ["a", "x" * 2048, "~!@#$%^&*()_+=-`[]{}|;:'\",.<>/? "])
def test_any_visible_ascii_is_a_good_state(state: str) -> None:
    authorize.state_is_sound(replace(GOOD, state=state), WEB)


@pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code token"])
def test_a_token_from_the_authorization_endpoint_needs_a_nonce(response_type: str) -> None:
    request = replace(GOOD, response_type=response_type, nonce=None)

    refusal = refused(authorize.nonce_is_there, request)

    assert refusal.error == "invalid_request"
    assert refusal.description == (
        "The 'nonce' parameter is required for authorize requests with either the 'id_token' or "
        "'token' response types.."
    )


def test_a_code_needs_no_nonce() -> None:
    authorize.nonce_is_there(replace(GOOD, nonce=None), WEB)


REQUIRED = "PKCE code challenge is required by the application."
NOT_S256 = "PKCE code challenge method is not supported. Valid values: [S256]"
ILLEGAL = "PKCE code challenge contains illegal characters."


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(SPA, id="public"),
        pytest.param(replace(SPA, pkce_required=False), id="public, whatever its setting says"),
        pytest.param(replace(WEB, pkce_required=True), id="confidential, by its setting"),
    ],
)
def test_a_client_that_needs_pkce_must_send_a_challenge(client: Client) -> None:
    request = replace(GOOD, code_challenge=None, code_challenge_method=None)

    refusal = refused(authorize.pkce_is_s256, request, client)

    assert (refusal.error, refusal.description) == ("invalid_request", REQUIRED)


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512"])
def test_s256_is_the_only_challenge_method(method: str | None) -> None:
    refusal = refused(authorize.pkce_is_s256, replace(GOOD, code_challenge_method=method))

    assert (refusal.error, refusal.description) == ("invalid_request", NOT_S256)


@pytest.mark.parametrize("challenge", ["=" * 43, "a" * 42 + "+", "a" * 42 + "/", "é" * 43])
def test_a_challenge_is_base64url_without_padding(challenge: str) -> None:
    refusal = refused(authorize.pkce_is_s256, replace(GOOD, code_challenge=challenge))

    assert (refusal.error, refusal.description) == ("invalid_request", ILLEGAL)


@pytest.mark.parametrize("length", [42, 44, 128])
def test_a_challenge_has_the_length_of_a_sha256_digest(length: int) -> None:
    refusal = refused(authorize.pkce_is_s256, replace(GOOD, code_challenge="a" * length))

    assert refusal.error == "invalid_request"


def test_a_method_without_a_challenge_is_refused() -> None:
    refused(authorize.pkce_is_s256, replace(GOOD, code_challenge=None))


def test_pkce_is_about_codes_only() -> None:
    authorize.pkce_is_s256(IMPLICIT, SPA)


@pytest.mark.parametrize("prompt", ["none login", "none consent", "select_account", "Login"])
def test_prompt_is_one_of_the_documented_sets(prompt: str) -> None:
    assert refused(authorize.prompt_is_sound, replace(GOOD, prompt=prompt)).error == (
        "invalid_request"
    )


@pytest.mark.parametrize("prompt", [None, "none", "login", "consent", "login consent"])
def test_documented_prompts_are_taken(prompt: str | None) -> None:
    authorize.prompt_is_sound(replace(GOOD, prompt=prompt), WEB)


@pytest.mark.parametrize("max_age", ["-1", "1.5", "2147483648", "9" * 400, "x", "١", " 1"])
def test_max_age_is_a_number_of_seconds_in_range(max_age: str) -> None:
    assert refused(authorize.max_age_is_sound, replace(GOOD, max_age=max_age)).error == (
        "invalid_request"
    )


@pytest.mark.parametrize("max_age", ["0", "1", "2147483647"])
def test_max_age_in_range_is_taken(max_age: str) -> None:
    authorize.max_age_is_sound(replace(GOOD, max_age=max_age), WEB)


def test_max_age_zero_does_not_go_with_prompt_none() -> None:
    refusal = refused(authorize.max_age_is_sound, replace(GOOD, max_age="0", prompt="none"))

    assert refusal.description == (
        "'prompt' parameter must not have the value 'none' for request with 'zero' as max_age."
    )


@pytest.mark.parametrize(
    ("changes", "auth_time", "asks"),
    [
        ({}, None, True),
        ({}, 900, False),
        ({"prompt": "login"}, 900, True),
        ({"prompt": "login consent"}, 900, True),
        ({"prompt": "consent"}, 900, False),
        ({"max_age": "200"}, 900, False),
        ({"max_age": "100"}, 900, True),
        ({"max_age": "50"}, 900, True),
        ({"max_age": "0"}, 1000 - 1, True),
    ],
)
def test_a_person_signs_in_when_nobody_is_or_the_client_wants_a_fresher_sign_in(
    changes: dict[str, str], auth_time: int | None, asks: bool
) -> None:
    request = from_pairs(changes.items())

    assert bool(why_sign_in(request, auth_time, 1000, just_signed_in=False)) is asks


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_whoever_signed_in_for_this_very_request_is_not_asked_again(
    changes: dict[str, str],
) -> None:
    assert why_sign_in(from_pairs(changes.items()), 1000, 1000, just_signed_in=True) == ""


@pytest.mark.parametrize(
    ("auth_time", "description"),
    [
        (None, "The client specified not to prompt, but the user is not logged in."),
        (
            5,
            "The client specified not to prompt, but the client app requires re-authentication "
            "or MFA.",
        ),
    ],
)
def test_a_silent_request_that_would_need_a_page_is_refused(
    auth_time: int | None, description: str
) -> None:
    with pytest.raises(Refusal) as caught:
        authorize.no_page_allowed(replace(GOOD, prompt="none"), auth_time)

    assert (caught.value.error, caught.value.description) == ("login_required", description)


def test_a_request_that_may_show_pages_is_not_refused_for_needing_one() -> None:
    authorize.no_page_allowed(GOOD, None)


def test_row_10_a_person_who_is_not_assigned_is_denied() -> None:
    with pytest.raises(Refusal) as caught:
        authorize.assignment_is_there(False)

    assert caught.value.error == "access_denied"
    assert caught.value.description == "User is not assigned to the client application."


@pytest.mark.parametrize(
    ("response_type", "grant_type"),
    [
        ("code", "authorization_code"),
        ("code token", "authorization_code"),
        ("token", "implicit"),
        ("id_token", "implicit"),
    ],
)
def test_policies_judge_the_grant_type_of_the_response_type(
    response_type: str, grant_type: str
) -> None:
    assert replace(GOOD, response_type=response_type).grant_type == grant_type
