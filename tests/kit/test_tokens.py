"""Decode, verify, tamper: what each does and what it doesn't."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from grantlab.decoding import of_org_server
from grantlab.recording import Recording
from grantlab.tampering import (
    WAYS,
    cut,
    signed_with_public_key,
    with_other_kid,
    with_own_key,
    without_signature,
)
from grantlab.tokens import KeySet, Verification, decode, kind_of, tamper, verify

NOW = 1_800_000_000
ISSUER = "https://bank.example/oauth2/transfers"
AUDIENCE = "api://transfers"
CLAIMS: dict[str, Any] = {
    "jti": "AT.1",
    "iss": ISSUER,
    "aud": AUDIENCE,
    "iat": NOW - 10,
    "exp": NOW + 300,
    "cid": "0oa1",
    "scp": ["transfers:read"],
}
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(kid: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": kid, "use": "sig"}


JWKS = {"keys": [jwk("k1")]}


def token(kid: str = "k1", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, PRIVATE, algorithm="RS256", headers={"kid": kid})


def checked(value: str, **options: Any) -> Verification:
    given = {"issuer": ISSUER, "audience": AUDIENCE, "keys": JWKS, "now": NOW, **options}
    return verify(value, **given)


def test_decoding_reads_all_parts_and_trusts_none() -> None:
    decoded = decode(tamper(token(), sub="mallory").token)

    assert decoded.header["kid"] == "k1"
    assert decoded.payload["sub"] == "mallory"
    assert len(decoded.signature) == 256
    assert len(decoded.parts) == 3
    assert not decoded.opaque


def _nested(levels: int) -> str:
    document = '{"a":' * levels + "1" + "}" * levels
    return base64.urlsafe_b64encode(document.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a9VpZDRCeFh3Nkk2VdY", "three parts"),
        ("a.b.c.d.e", "this has 5"),
        ("not.json.atall", "base64url"),
        ("a+b=.a/b.c", "base64url"),
        ("W10.W10.", "JSON objects"),
        ("", "three parts"),
        (f"e30.{_nested(200)}.", "more than 100 levels"),
        (f"e30.{_nested(200_000)}.", "more than 100 levels"),
    ],
)
def test_anything_but_a_jwt_is_opaque_and_says_why(value: str, why: str) -> None:
    decoded = decode(value)

    assert decoded.opaque
    assert why in decoded.why_opaque
    assert decoded.payload == {}


def test_a_good_token_passes_every_check_and_gives_its_claims() -> None:
    verification = checked(token(), client_ids=["0oa1"], token_type="access_token")

    assert verification
    assert verification.claims["scp"] == ["transfers:read"]
    assert [(check.name, check.result) for check in verification.checks] == [
        *(("alg", "passed"), ("kid", "passed"), ("signature", "passed")),
        *(("iss", "passed"), ("aud", "passed"), ("exp", "passed"), ("nbf", "skipped")),
        *(("iat", "passed"), ("cid", "passed"), ("kind", "passed"), ("nonce", "skipped")),
    ]


@pytest.mark.parametrize(
    ("changes", "options", "failing"),
    [
        ({"iss": ISSUER + "/"}, {}, ["iss"]),
        ({"aud": "api://sync"}, {}, ["aud"]),
        ({"aud": None}, {}, ["aud"]),
        ({"exp": NOW}, {}, ["exp"]),
        ({"exp": None}, {}, ["exp"]),
        ({"nbf": NOW + 60}, {}, ["nbf"]),
        ({"iat": NOW + 60}, {}, ["iat"]),
        ({}, {"client_ids": ["0oa2"]}, ["cid"]),
        ({}, {"token_type": "id_token"}, ["kind"]),
        ({"jti": "ID.1", "scp": None}, {"token_type": "access_token"}, ["kind"]),
        ({"nonce": "old"}, {"nonce": "new"}, ["nonce"]),
        ({"iss": "x", "aud": "y", "exp": 1}, {}, ["iss", "aud", "exp"]),
    ],
)
def test_each_wrong_value_fails_its_own_check_only(
    changes: dict[str, Any], options: dict[str, Any], failing: list[str]
) -> None:
    verification = checked(token(**changes), **options)

    assert [check.name for check in verification.failed] == failing
    assert verification["signature"].result == "passed"
    assert not verification.valid
    assert verification.claims == {}


def test_a_check_shows_what_it_compared() -> None:
    check = checked(token(aud="api://sync"))["aud"]

    assert (check.found, check.expected) == ("api://sync", "api://transfers")
    assert "aud" in repr(checked(token()))


def test_leeway_forgives_a_clock_that_is_a_little_off() -> None:
    late, early = token(exp=NOW - 20), token(nbf=NOW + 20)

    assert checked(late, leeway=30)
    assert checked(early, leeway=30)
    assert not checked(token(exp=NOW - 300), leeway=30)


def test_an_audience_may_be_one_of_several() -> None:
    assert checked(token(aud=["api://other", AUDIENCE]))


def test_times_that_are_no_numbers_fail() -> None:
    decoded = decode(token())
    odd = tamper(token(), exp="tomorrow", iat=True)

    failing = [check.name for check in checked(odd.token).failed]
    assert failing == ["signature", "exp", "iat"]
    assert decoded.payload["exp"] == NOW + 300


def test_a_tampered_token_fails_at_the_signature() -> None:
    tampered = tamper(token(), scp=["transfers:write"])

    assert [check.name for check in checked(tampered.token).failed] == ["signature"]
    assert tampered.changes == {"scp": (["transfers:read"], ["transfers:write"])}
    assert tampered.token != tampered.original
    assert "signature is still the old one's" in repr(tampered)


def test_a_forged_token_fails_where_its_way_of_forging_is_looked_at() -> None:
    forged = {
        "none": without_signature(token(), scp=["transfers:write"]),
        "public": signed_with_public_key(token(), jwk("k1"), scp=["transfers:write"]),
        "kid": with_other_kid(token()),
        "own": with_own_key(token(), scp=["transfers:write"]),
        "cut": cut(token()),
    }

    failing = {
        way: [check.name for check in checked(each.token).failed] for way, each in forged.items()
    }

    assert failing == {
        "none": ["alg"],
        "public": ["alg"],
        "kid": ["kid"],
        "own": ["signature"],
        "cut": ["signature"],
    }
    assert {*forged, "keep"} == {*WAYS}


def test_the_hmac_of_the_public_key_fools_who_lets_the_token_choose() -> None:
    forged = signed_with_public_key(token(), jwk("k1"), scp=["transfers:write"])
    secret = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed, _, signature = forged.token.rpartition(".")

    right = base64.urlsafe_b64decode(signature + "==")

    assert hmac.compare_digest(right, hmac.new(secret, signed.encode(), "sha256").digest())
    assert forged.header == {"alg": ("RS256", "HS256")}
    assert forged.changes == {"scp": (["transfers:read"], ["transfers:write"])}
    assert "the issuer's public key" in repr(forged)


def test_what_a_forgery_leaves_alone_keeps_its_very_bytes() -> None:
    original = token()

    halved, renamed = cut(original), with_other_kid(original, "k9")

    assert halved.token.split(".")[:2] == original.split(".")[:2]
    assert renamed.token.split(".")[1:] == original.split(".")[1:]
    assert renamed.header == {"kid": ("k1", "k9")}


def test_a_claim_of_any_name_can_be_forged() -> None:
    assert tamper(token(), token="x", key="y", kid="z").changes["token"] == (None, "x")
    assert with_other_kid(token(), "k9", kid="claim").changes == {"kid": (None, "claim")}


def test_a_shared_key_is_no_public_one_to_forge_with() -> None:
    shared = {"kty": "oct", "k": "c2VjcmV0", "kid": "k1", "alg": "HS256"}

    with pytest.raises(ValueError, match="no public one"):
        signed_with_public_key(token(), shared)


@pytest.mark.parametrize(
    ("changes", "of_the_org"),
    [
        ({"iss": "https://bank.example", "aud": "https://bank.example"}, True),
        ({}, False),
        ({"iss": "https://b.example/oauth2/x", "aud": "https://b.example/oauth2/x"}, False),
        ({"iss": "https://b.example", "aud": "https://b.example", "jti": "ID.1", "scp": None},
         False),
    ],
)  # fmt: skip
def test_an_access_token_of_an_org_server_is_known_by_whom_it_is_for(
    changes: dict[str, Any], of_the_org: bool
) -> None:
    assert of_org_server(decode(token(**changes))) is of_the_org


def test_an_opaque_value_cannot_be_tampered_with_or_verified() -> None:
    with pytest.raises(ValueError, match="can't be edited"):
        tamper("opaque", sub="x")
    assert [check.name for check in checked("opaque").failed] == ["form"]


def test_an_unsigned_token_is_refused_before_any_key_is_looked_up() -> None:
    unsigned = jwt.encode(CLAIMS, "", algorithm="none")

    verification = checked(unsigned)

    assert [check.name for check in verification.failed] == ["alg"]
    assert verification["signature"].result == "skipped"
    assert not checked(token(), algorithms=())


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    forged = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(CLAIMS)}.{part(b'mac')}"

    assert [check.name for check in checked(forged).failed] == ["alg"]
    careless = checked(forged, algorithms=("RS256", "HS256"))
    assert [check.name for check in careless.failed] == ["signature"]


def test_an_unknown_kid_fails_and_leaves_the_signature_unchecked() -> None:
    verification = checked(token(kid="k9"))

    assert [check.name for check in verification.failed] == ["kid"]
    assert not verification


def test_the_kind_is_told_from_the_contents() -> None:
    assert kind_of(decode(token())) == "access_token"
    assert kind_of(decode(token(jti="ID.1", scp=None))) == "id_token"
    assert kind_of(decode(token(jti="x", scp=None))) is None


class Issuer:
    """Publishes keys and counts who asks."""

    def __init__(self) -> None:
        self.kids = ["k1"]
        self.now = 0.0
        self.recording = Recording()
        self.client = self.recording.client("API", transport=httpx.MockTransport(self.answer))
        self.keys = KeySet("https://bank.example/keys", self.client, clock=lambda: self.now)

    def answer(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [jwk(kid) for kid in self.kids]})


def test_keys_are_fetched_once_for_many_tokens() -> None:
    issuer = Issuer()

    assert all(checked(token(), keys=issuer.keys) for _ in range(5))

    assert (issuer.keys.fetches, issuer.keys.hits) == (1, 4)
    assert len(issuer.recording) == 1


def test_a_rotated_key_costs_one_more_fetch() -> None:
    issuer = Issuer()
    assert checked(token(), keys=issuer.keys)
    issuer.kids = ["k1", "k2"]

    assert checked(token(kid="k2"), keys=issuer.keys)
    assert checked(token(kid="k2"), keys=issuer.keys)

    assert issuer.keys.fetches == 2
    assert [key["kid"] for key in issuer.keys.published] == ["k1", "k2"]


def test_a_key_set_says_how_the_last_look_up_went() -> None:
    issuer = Issuer()
    told = [issuer.keys.last]

    for kid in ("k1", "k1", "k2", "k2"):
        issuer.keys.key(kid)
        told.append(issuer.keys.last)

    assert told == ["", "found", "known", "in vain", "not asked"]


def test_made_up_key_ids_cannot_make_it_fetch_without_end() -> None:
    issuer = Issuer()
    for number in range(50):
        assert issuer.keys.key(f"made-up-{number}") is None
    assert issuer.keys.fetches == 5
    assert issuer.keys.unknown == 50

    issuer.now = 61.0
    issuer.keys.key("made-up-49")
    assert issuer.keys.fetches == 5
    issuer.keys.key("another")
    assert issuer.keys.fetches == 6


def test_a_key_server_that_refuses_is_an_error_of_the_client() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    keys = KeySet("https://bank.example/keys", httpx.Client(transport=transport))

    with pytest.raises(httpx.HTTPStatusError):
        keys.key("k1")
