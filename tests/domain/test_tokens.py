"""The payloads of tokens: what is always there, what never is, and whose words count."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from labserver.domain import signing, tokens
from labserver.domain.proofs import code_challenge, half_hash
from labserver.domain.signing import BadToken
from labserver.domain.tokens import Access
from labserver.domain.values import AuthorizationServer, Client, SigningKey, User

SERVER = AuthorizationServer(
    "aus1", "S", "http://lab.test/oauth2/aus1", "http://lab.test/oauth2/aus1/v1", "api://s", {}
)
APP = Client("0oaweb", "Web", "web", "client_secret_basic")
ADA = User("00uada", "ada@bank.example", "ACTIVE", {})
BY_ADA = Access(
    grant_type="authorization_code",
    scopes=("openid", "orders:read"),
    user=ADA,
    app_username="ada@bank.example",
    auth_time=900,
    amr=("pwd",),
    nonce="n-0",
    family="oar1",
)
BY_MACHINE = Access(grant_type="client_credentials", scopes=("orders:read",))


def test_a_persons_access_token_holds_exactly_these_claims() -> None:
    payload = tokens.access_token(SERVER, APP, BY_ADA, {}, 1_000, 600)

    jti = payload.pop("jti")
    assert jti.startswith("AT.")
    assert tokens.family_of(jti) == "oar1"
    assert payload == {
        "ver": 1,
        "iss": "http://lab.test/oauth2/aus1",
        "aud": "api://s",
        "sub": "ada@bank.example",
        "iat": 1_000,
        "exp": 1_600,
        "cid": "0oaweb",
        "uid": "00uada",
        "scp": ["openid", "orders:read"],
        "auth_time": 900,
    }


def test_a_machines_access_token_has_no_person_in_it() -> None:
    payload = tokens.access_token(SERVER, APP, BY_MACHINE, {}, 1_000, 600)

    jti = payload.pop("jti")
    assert tokens.family_of(jti) is None
    assert payload == {
        "ver": 1,
        "iss": "http://lab.test/oauth2/aus1",
        "aud": "api://s",
        "sub": "0oaweb",
        "iat": 1_000,
        "exp": 1_600,
        "cid": "0oaweb",
        "scp": ["orders:read"],
    }


def test_sub_may_be_redefined_and_stays_a_text() -> None:
    payload = tokens.access_token(SERVER, APP, BY_ADA, {"sub": 42, "dept": "x"}, 1_000, 600)

    assert (payload["sub"], payload["dept"]) == ("42", "x")


def test_every_token_id_is_new() -> None:
    made = {tokens.new_jti("AT", "oar1") for _ in range(1_000)}

    assert len(made) == 1_000


def test_an_id_token_is_about_the_person_and_for_the_client() -> None:
    payload = tokens.id_token(SERVER, APP, BY_ADA, {"name": "Ada"}, 1_000, org_id="00o1")

    assert payload.pop("jti").startswith("ID.")
    assert payload == {
        "name": "Ada",
        "sub": "00uada",
        "ver": 1,
        "iss": "http://lab.test/oauth2/aus1",
        "aud": "0oaweb",
        "iat": 1_000,
        "exp": 4_600,
        "amr": ["pwd"],
        "idp": "00o1",
        "auth_time": 900,
        "nonce": "n-0",
    }


def test_an_id_token_has_a_nonce_only_when_one_was_sent() -> None:
    access = replace(BY_ADA, nonce=None)

    assert "nonce" not in tokens.id_token(SERVER, APP, access, {}, 1_000, org_id="00o1")


def test_an_id_token_is_tied_to_the_token_and_the_code_beside_it() -> None:
    payload = tokens.id_token(
        SERVER, APP, BY_ADA, {}, 1_000, org_id="00o1", access_token="at", code="co"
    )

    assert (payload["at_hash"], payload["c_hash"]) == (half_hash("at"), half_hash("co"))


def test_what_is_said_of_a_person_never_replaces_a_claim_of_the_server() -> None:
    person = {"sub": "x", "aud": "x", "iss": "x", "nonce": "x", "exp": 1, "auth_time": 1}

    payload = tokens.id_token(SERVER, APP, BY_ADA, person, 1_000, org_id="00o1")

    assert "x" not in payload.values()
    assert 1 not in (payload["exp"], payload["auth_time"])


def test_the_challenge_is_the_one_of_the_specifications_example() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_half_hash_is_the_left_half_of_the_digest() -> None:
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey("k1", RSAKey.generate_key(2048, private=True), "ACTIVE")


def test_a_signed_token_names_its_key_and_algorithm_and_no_more(key: SigningKey) -> None:
    header = jwt.decode(signing.sign(key, {"a": 1}), key.key, algorithms=["RS256"]).header

    assert header == {"alg": "RS256", "kid": "k1"}


def test_a_token_type_stands_in_the_header_where_one_is_given(key: SigningKey) -> None:
    token = signing.sign(key, {"a": 1}, "application/x+jwt")

    assert jwt.decode(token, key.key, algorithms=["RS256"]).header["typ"] == "application/x+jwt"


def test_a_token_of_ours_is_verified(key: SigningKey) -> None:
    assert signing.verify(signing.sign(key, {"a": 1}), [key]) == {"a": 1}


def by_public_key_as_secret(key: SigningKey) -> str:
    # By hand: JOSE libraries know this trick and will not help with it.
    parts = [b'{"alg":"HS256","kid":"k1"}', b'{"a":1}']
    signed = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.digest(key.key.as_pem(private=False), signed, "sha256")
    return f"{signed.decode()}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def by_a_key_in_the_header(key: SigningKey) -> str:
    mine = RSAKey.generate_key(2048, private=True)
    header = {"alg": "RS256", "kid": "k1", "jwk": mine.as_dict(private=False)}
    return jwt.encode(header, {"a": 1}, mine, algorithms=["RS256"])


def without_signature(key: SigningKey) -> str:
    return "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.eyJhIjoxfQ."


def by_another_algorithm_of_the_key(key: SigningKey) -> str:
    return jwt.encode({"alg": "RS512", "kid": "k1"}, {"a": 1}, key.key, algorithms=["RS512"])


def without_kid(key: SigningKey) -> str:
    return jwt.encode({"alg": "RS256"}, {"a": 1}, key.key, algorithms=["RS256"])


def of_an_unknown_kid(key: SigningKey) -> str:
    return jwt.encode({"alg": "RS256", "kid": "../k1"}, {"a": 1}, key.key, algorithms=["RS256"])


def with_another_payload(key: SigningKey) -> str:
    header, _, signature = signing.sign(key, {"a": 1}).split(".")
    return f"{header}.eyJhIjoyfQ.{signature}"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "forge",
    [
        by_public_key_as_secret,
        by_a_key_in_the_header,
        without_signature,
        by_another_algorithm_of_the_key,
        without_kid,
        of_an_unknown_kid,
        with_another_payload,
    ],
    ids=lambda forge: forge.__name__,
)
def test_a_forged_token_is_no_token_of_ours(forge: object, key: SigningKey) -> None:
    token = forge(key)  # type: ignore[operator]

    with pytest.raises(BadToken):
        signing.verify(token, [key])


@pytest.mark.parametrize(
    "junk",
    ["", "..", "a.b.c", "é.é.é", "eyJhbGciOiJSUzI1NiJ9..", "a.b", "W10.W10.W10", "a.b.c.d.e"],
)
def test_junk_is_no_token_of_ours(junk: str, key: SigningKey) -> None:
    with pytest.raises(BadToken):
        signing.verify(junk, [key])


def test_a_header_nested_a_thousand_deep_is_no_token_of_ours(key: SigningKey) -> None:
    deep = urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")

    with pytest.raises(BadToken):
        signing.verify(f"{deep}.{deep}.x", [key])
