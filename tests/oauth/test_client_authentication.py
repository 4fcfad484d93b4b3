"""Client authentication: five methods, one a request, the registered one."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.speaking import (
    ASSERTION_TYPE,
    App,
    Issuer,
    assert_refused,
    assertion,
    done,
    move_clock,
    public_jwk,
    register_app,
)

SECRET = "a-secret-of-forty-characters-for-hmac-ok"
GRANT = {"grant_type": "client_credentials", "scope": "orders:read"}
FAILED = "Client authentication failed. Either the client or the client credentials are invalid."
WRONG_SECRET = "The client secret supplied for a confidential client is invalid."
UNKNOWN = "Invalid value for 'client_id' parameter."
MALFORMED = "Found Authentication header but was not valid client credentials."
BAD_SIGNATURE = "The client_assertion signature is invalid."
BAD_ALGORITHM = "The client_assertion JWT signature algorithm is invalid."


def post(
    http: httpx.Client, issuer: Issuer, form: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    return http.post(issuer.at("token"), data=GRANT | (form or {}), **more)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(text.encode()).decode()}


@pytest.fixture
def keyed(admin: httpx.Client, private_key: rsa.RSAPrivateKey) -> App:
    """A service app that proves itself with its private key."""
    return register_app(admin, type="service", auth="private_key_jwt", key=private_key)


@pytest.fixture
def hmac_app(admin: httpx.Client) -> App:
    """A service app that signs with its secret."""
    return register_app(admin, type="service", auth="client_secret_jwt", client_secret=SECRET)


# Secrets


@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("sent", ["client_secret_basic", "client_secret_post"])
def test_basic_and_post_are_one_method_a_secret_sent_once(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, registered: str, sent: str
) -> None:
    app = register_app(admin, type="service", auth=registered)
    as_sent = App(app.id, app.secret, sent, app.label)

    credentials = as_sent.credentials()
    answer = post(http, custom, credentials.pop("data", {}), **credentials)

    assert answer.status_code == 200


def test_basic_values_are_form_decoded(
    http: httpx.Client, admin: httpx.Client, custom: Issuer
) -> None:
    app = register_app(admin, type="service", client_secret="with-dash+and%percent")

    encoded = f"{app.id}:with%2Ddash%2Band%25percent"

    assert post(http, custom, headers=basic(encoded)).status_code == 200


def test_the_scheme_of_the_header_is_told_by_no_case(
    http: httpx.Client, custom: Issuer, job: App
) -> None:
    header = basic(f"{job.id}:{job.secret}")["Authorization"].replace("Basic", "bAsIc")

    assert post(http, custom, headers={"Authorization": header}).status_code == 200


def test_with_basic_the_same_client_id_may_stand_in_the_body(
    http: httpx.Client, custom: Issuer, job: App
) -> None:
    header = basic(f"{job.id}:{job.secret}")

    assert post(http, custom, {"client_id": job.id}, headers=header).status_code == 200
    assert_refused(
        post(http, custom, {"client_id": "other"}, headers=header), "invalid_client", status=401
    )


@pytest.mark.parametrize("secret", ["wrong", "WRONG", ""])
def test_a_wrong_secret_is_refused_and_a_basic_one_challenged(
    http: httpx.Client, custom: Issuer, job: App, secret: str
) -> None:
    by_basic = post(http, custom, headers=basic(f"{job.id}:{secret}"))
    by_post = post(http, custom, {"client_id": job.id, "client_secret": secret or "x"})

    assert_refused(by_basic, "invalid_client", WRONG_SECRET, 401)
    assert by_basic.headers["WWW-Authenticate"].startswith("Basic ")
    assert_refused(by_post, "invalid_client", WRONG_SECRET, 401)
    assert "WWW-Authenticate" not in by_post.headers


def test_an_unknown_client_is_refused(http: httpx.Client, issuer: Issuer) -> None:
    by_basic = post(http, issuer, headers=basic("nobody:secret"))
    by_post = post(http, issuer, {"client_id": "nobody", "client_secret": "secret"})
    by_name = post(http, issuer, {"client_id": "nobody"})

    for answer in (by_basic, by_post, by_name):
        assert_refused(answer, "invalid_client", UNKNOWN, 401)


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!!", "Basic YQ==", "Basic Og==", "Bearer abc", "Basic gICA", "x"],
)
def test_a_malformed_header_is_refused(http: httpx.Client, issuer: Issuer, header: str) -> None:
    answer = post(http, issuer, headers={"Authorization": header})

    assert_refused(answer, "invalid_client", MALFORMED, 401)


def test_no_credentials_at_all(http: httpx.Client, issuer: Issuer) -> None:
    assert_refused(post(http, issuer), "invalid_client", "No client credentials found.", 401)


def test_a_confidential_client_cannot_go_by_its_name(
    http: httpx.Client, issuer: Issuer, job: App
) -> None:
    assert_refused(post(http, issuer, {"client_id": job.id}), "invalid_client", FAILED, 401)


def test_a_public_client_must_not_send_a_header(
    http: httpx.Client, issuer: Issuer, spa: App
) -> None:
    answer = post(http, issuer, {"grant_type": "refresh_token"}, headers=basic(f"{spa.id}:x"))

    assert_refused(answer, "invalid_client", status=401)


def test_the_name_alone_in_a_basic_header_is_for_revocation_only(
    http: httpx.Client, issuer: Issuer, spa: App
) -> None:
    at_token = post(http, issuer, headers=basic(spa.id))
    at_revoke = http.post(issuer.at("revoke"), data={"token": "x"}, headers=basic(spa.id))

    assert_refused(at_token, "invalid_client", MALFORMED, 401)
    assert at_revoke.status_code == 200


def test_two_ways_at_once_are_refused(
    http: httpx.Client, custom: Issuer, job: App, keyed: App
) -> None:
    secret = {"client_id": job.id, "client_secret": str(job.secret)}
    signed = assertion(keyed, custom.at("token"))
    header = basic(f"{job.id}:{job.secret}")

    answers = [
        post(http, custom, secret, headers=header),
        post(http, custom, signed, headers=header),
        post(http, custom, secret | signed),
    ]

    for answer in answers:
        assert_refused(
            answer,
            "invalid_request",
            "Cannot supply multiple client credentials. Use one of the following: credentials in "
            "the Authorization header, credentials in the post body, or a client_assertion in the "
            "post body.",
        )


@pytest.mark.parametrize("name", ["client_secret", "client_assertion", "code", "refresh_token"])
@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_credentials_and_grants_in_the_url_are_refused(
    http: httpx.Client, custom: Issuer, job: App, name: str, endpoint: str
) -> None:
    answer = http.post(
        custom.at(endpoint),
        params={name: "x"},
        data=GRANT | {"token": "x"},
        auth=(job.id, str(job.secret)),
    )

    assert_refused(
        answer,
        "invalid_request",
        "Client credentials cannot be supplied via query parameters.",
    )


def test_a_deactivated_client_gets_nothing(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, job: App
) -> None:
    done(admin.post(f"/api/v1/apps/{job.id}/lifecycle/deactivate"))

    answer = post(http, custom, headers=basic(f"{job.id}:{job.secret}"))

    assert_refused(answer, "invalid_client", UNKNOWN, 401)


def test_nothing_else_is_looked_at_before_the_client_is_known(
    http: httpx.Client, issuer: Issuer, job: App
) -> None:
    form = {"grant_type": "authorization_code", "scope": "no:such", "code": "x"}

    answer = post(http, issuer, form, headers=basic(f"{job.id}:wrong"))

    assert_refused(answer, "invalid_client", WRONG_SECRET, 401)


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_an_app_that_signs_has_no_other_way_in(
    http: httpx.Client,
    custom: Issuer,
    keyed: App,
    hmac_app: App,
    method: str,
) -> None:
    app = keyed if method == "private_key_jwt" else hmac_app
    secret = str(app.secret or "x")

    answers = [
        post(http, custom, headers=basic(f"{app.id}:{secret}")),
        post(http, custom, {"client_id": app.id, "client_secret": secret}),
        post(http, custom, {"client_id": app.id}),
    ]

    for answer in answers:
        assert_refused(answer, "invalid_client", status=401)


def test_an_app_with_a_secret_cannot_sign_instead(
    http: httpx.Client, admin: httpx.Client, custom: Issuer
) -> None:
    app = register_app(admin, type="service", client_secret=SECRET)
    signing = App(app.id, SECRET, "client_secret_jwt", app.label)

    answer = post(http, custom, assertion(signing, custom.at("token")))

    assert_refused(answer, "invalid_client", FAILED, 401)


# Assertions: good ones


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_an_rsa_key_signs_with_any_rsa_algorithm(
    http: httpx.Client, custom: Issuer, keyed: App, algorithm: str
) -> None:
    form = assertion(keyed, custom.at("token"), algorithm=algorithm)

    assert post(http, custom, form).status_code == 200


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_an_ec_key_signs_with_the_algorithm_of_its_curve(
    http: httpx.Client,
    admin: httpx.Client,
    custom: Issuer,
    curve: Callable[[], ec.EllipticCurve],
) -> None:
    key = ec.generate_private_key(curve())
    app = register_app(admin, type="service", auth="private_key_jwt", key=key)

    assert post(http, custom, assertion(app, custom.at("token"))).status_code == 200


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_secret_signs_with_any_hmac_algorithm(
    http: httpx.Client, custom: Issuer, hmac_app: App, algorithm: str
) -> None:
    form = assertion(hmac_app, custom.at("token"), algorithm=algorithm)

    assert post(http, custom, form).status_code == 200


def test_the_issuer_is_taken_as_audience_and_lists_are_read(
    http: httpx.Client, custom: Issuer, keyed: App
) -> None:
    for audience in (custom.url, [custom.at("token")], ["elsewhere", custom.url]):
        form = assertion(keyed, "", aud=audience)

        assert post(http, custom, form).status_code == 200, audience


def test_an_assertion_may_lack_kid_iat_and_jti_and_then_works_twice(
    http: httpx.Client, custom: Issuer, keyed: App
) -> None:
    form = assertion(keyed, custom.at("token"), headers={}, iat=None, jti=None)

    assert post(http, custom, form).status_code == 200
    assert post(http, custom, form).status_code == 200


def test_the_same_client_id_may_stand_beside_the_assertion(
    http: httpx.Client, custom: Issuer, keyed: App
) -> None:
    form = assertion(keyed, custom.at("token"))

    assert_refused(post(http, custom, form | {"client_id": "other"}), "invalid_client", status=401)
    form = assertion(keyed, custom.at("token"))
    assert post(http, custom, form | {"client_id": keyed.id}).status_code == 200


@pytest.mark.parametrize("endpoint", ["introspect", "revoke"])
def test_an_assertion_is_for_the_endpoint_that_is_called(
    http: httpx.Client, custom: Issuer, keyed: App, endpoint: str
) -> None:
    form = assertion(keyed, custom.at(endpoint)) | {"token": "x"}

    assert http.post(custom.at(endpoint), data=form).status_code == 200


# Assertions: violations


def refused_assertion(
    http: httpx.Client, issuer: Issuer, app: App, description: str | None, **changes: Any
) -> None:
    answer = post(http, issuer, assertion(app, changes.pop("aud", issuer.at("token")), **changes))
    assert_refused(answer, "invalid_client", description, 401)


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        (
            {"iss": "nobody"},
            "The issuer claim for client_assertion is not a valid client_id.",
        ),
        (
            {"iss": None},
            "The issuer claim for client_assertion is not a valid client_id.",
        ),
        (
            {"sub": "nobody"},
            "The subject claim for client_assertion is not a valid client_id.",
        ),
        (
            {"sub": None},
            "The subject claim for client_assertion is not a valid client_id.",
        ),
        (
            {"aud": "https://elsewhere.example/token"},
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ),
        (
            {"exp": None},
            "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        ),
        ({"headers": {"kid": "no-such"}}, "The client_assertion JWT kid is invalid."),
    ],
)
def test_each_claim_is_judged(
    http: httpx.Client, custom: Issuer, keyed: App, changes: dict[str, Any], description: str
) -> None:
    refused_assertion(http, custom, keyed, description, **changes)


@pytest.mark.parametrize("exp", ["soon", True, 1e300])
def test_exp_is_a_number_of_seconds(
    http: httpx.Client, custom: Issuer, keyed: App, exp: Any
) -> None:
    header, payload = {"kid": "of-the-test"}, {"iss": keyed.id, "sub": keyed.id, "exp": exp}
    assert keyed.key is not None
    document = json.dumps(payload | {"aud": custom.at("token")}).encode()
    token = jwt.api_jws.encode(document, keyed.key, "RS256", headers=header)

    answer = post(
        http, custom, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    )

    assert_refused(
        answer,
        "invalid_client",
        "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        401,
    )


def test_times_are_judged_by_the_labs_clock(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, keyed: App
) -> None:
    old = assertion(keyed, custom.at("token"))
    move_clock(admin, 1000)

    assert_refused(
        post(http, custom, old), "invalid_client", "The client_assertion token is expired.", 401
    )


@pytest.mark.parametrize(
    ("claim", "seconds", "description"),
    [
        ("exp", 3700, "The client_assertion token has an expiration too far into the future."),
        ("iat", 120, "The client_assertion token must be issued before the current time."),
        ("nbf", 120, "The client_assertion token must be issued before the current time."),
    ],
)
def test_an_assertion_from_the_future_is_refused(
    http: httpx.Client, custom: Issuer, keyed: App, claim: str, seconds: int, description: str
) -> None:
    refused_assertion(http, custom, keyed, description, **{claim: int(time.time()) + seconds})


def test_an_assertion_of_an_hour_is_taken(http: httpx.Client, custom: Issuer, keyed: App) -> None:
    form = assertion(keyed, custom.at("token"), exp=int(time.time()) + 3600)

    assert post(http, custom, form).status_code == 200


def test_a_jti_works_once(http: httpx.Client, custom: Issuer, keyed: App) -> None:
    form = assertion(keyed, custom.at("token"))

    assert post(http, custom, form).status_code == 200
    assert_refused(
        post(http, custom, form),
        "invalid_client",
        "The client_assertion token has already been used.",
        401,
    )


def test_a_jti_works_once_also_when_many_come_at_once(
    http: httpx.Client, custom: Issuer, keyed: App
) -> None:
    form = assertion(keyed, custom.at("token"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(http, custom, form).status_code, range(16)))

    assert sorted(answers) == [200] + [401] * 15


def test_two_clients_may_use_the_same_jti(
    http: httpx.Client,
    admin: httpx.Client,
    custom: Issuer,
    keyed: App,
    private_key: rsa.RSAPrivateKey,
) -> None:
    other = register_app(admin, type="service", auth="private_key_jwt", key=private_key)

    for app in (keyed, other):
        form = assertion(app, custom.at("token"), jti="the-same")
        assert post(http, custom, form).status_code == 200


def test_a_strangers_key_proves_nothing(http: httpx.Client, custom: Issuer, keyed: App) -> None:
    stranger = rsa.generate_private_key(65537, 2048)

    refused_assertion(http, custom, keyed, BAD_SIGNATURE, key=stranger)


def test_a_key_in_the_header_proves_nothing(http: httpx.Client, custom: Issuer, keyed: App) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    headers = {
        "kid": "of-the-test",
        "jwk": public_jwk(stranger, "of-the-test"),
        "jku": "https://evil.example/keys",
    }

    refused_assertion(http, custom, keyed, None, key=stranger, headers=headers)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256", "ES256"])
def test_an_algorithm_that_does_not_belong_to_the_key_is_refused(
    http: httpx.Client, custom: Issuer, keyed: App, algorithm: str
) -> None:
    keys: dict[str, Any] = {
        "none": None,
        "HS256": "x" * 32,
        "PS256": keyed.key,
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    token = jwt.encode(
        {"iss": keyed.id, "sub": keyed.id, "aud": custom.at("token"), "exp": 2**31},
        keys[algorithm],
        algorithm,
        headers={"kid": "of-the-test"},
    )

    answer = post(
        http, custom, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    )

    assert_refused(
        answer,
        "invalid_client",
        BAD_SIGNATURE if algorithm == "ES256" else BAD_ALGORITHM,
        401,
    )


def test_a_secret_app_takes_hmac_only(
    http: httpx.Client, custom: Issuer, hmac_app: App, private_key: rsa.RSAPrivateKey
) -> None:
    refused_assertion(http, custom, hmac_app, BAD_ALGORITHM, key=private_key, algorithm="RS256")


def test_a_wrong_secret_signs_nothing(http: httpx.Client, custom: Issuer, hmac_app: App) -> None:
    refused_assertion(http, custom, hmac_app, BAD_SIGNATURE, key="y" * 40)


def test_a_short_secret_cannot_sign(
    http: httpx.Client, admin: httpx.Client, custom: Issuer
) -> None:
    app = register_app(
        admin, type="service", auth="client_secret_jwt", client_secret="fourteen-chars"
    )

    refused_assertion(
        http,
        custom,
        app,
        "The client secret is too short to verify a JWT HMAC.",
        key="z" * 40,
    )


@pytest.mark.parametrize("value", ["x", "a.b.c", "..", "eyJhbGciOiJSUzI1NiJ9.W10.x", "a" * 9000])
def test_what_is_no_jwt_is_refused(http: httpx.Client, custom: Issuer, value: str) -> None:
    answer = post(
        http, custom, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": value}
    )

    assert_refused(answer, "invalid_client", "The parsing of the client_assertion failed.", 401)


def test_the_type_of_an_assertion_is_fixed(http: httpx.Client, custom: Issuer, keyed: App) -> None:
    form = assertion(keyed, custom.at("token"))

    for wrong in ({"client_assertion_type": "urn:x"}, {"client_assertion_type": ""}):
        assert_refused(
            post(http, custom, form | wrong),
            "invalid_request",
            "The client_assertion_type is invalid.",
        )


def test_an_app_without_keys_cannot_be_proven(
    http: httpx.Client, admin: httpx.Client, private_key: rsa.RSAPrivateKey, custom: Issuer
) -> None:
    found = done(admin.get("/api/v1/apps", params={"q": "Directory Job"}))[0]
    app = App(
        found["credentials"]["oauthClient"]["client_id"],
        None,
        "private_key_jwt",
        "Directory Job",
        key=private_key,
    )

    refused_assertion(
        http,
        custom,
        app,
        "The client does not have a JWKSet configured, but the client_assertion requires one.",
    )
