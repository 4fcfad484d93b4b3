"""The token bench: three acts that stay apart, a clock, the issuer's keys, and an API's verdict."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import httpx
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from grantlab.answers import Reasons
from grantlab.lab import Lab
from grantlab.recording import Exchange, Recording
from grantlab.tokens import KeySet, decode, verify
from grantlab.views import view
from grantlab.views.token import Acts
from tests.kit.test_lab import serving
from tests.kit.views_samples import ACCESS, HOSTILE, jwt

ISSUER = "https://bank.example/oauth2/transfers"
START = 1_800_000_000
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key(kid: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": kid, "use": "sig"}


def token(kid: str = "k1", **claims: Any) -> str:
    held = {"jti": "AT.1", "iss": ISSUER, "aud": "api://t", "iat": START, "exp": START + 600}
    return pyjwt.encode({**held, **claims}, PRIVATE, algorithm="RS256", headers={"kid": kid})


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join(" ".join(tree(html).itertext()).split())


@dataclass
class Issuer:
    """Publishes keys; its set can be changed while an API holds the old one."""

    kids: list[str]

    def key_set(self) -> KeySet:
        """A set that was not fetched yet."""
        answer = httpx.MockTransport(
            lambda _: httpx.Response(200, json={"keys": [key(kid) for kid in self.kids]})
        )
        return KeySet(f"{ISSUER}/v1/keys", Recording(transport=answer).client("API"))


def bench(value: str | None = None, **options: Any) -> Acts:
    given = {"issuer": ISSUER, "audience": "api://t", "keys": {"keys": [key("k1")]}, "now": START}
    return Acts(decode(value or token()), functools.partial(verify, **given | options))


def test_decoding_shows_neither_checks_nor_clock_nor_keys() -> None:
    page = words(bench().draw())

    assert "Nothing here has been checked" in page
    assert "The clock of the checks" not in page
    assert "The issuer's keys" not in page


def test_verifying_shows_what_the_checks_depend_on() -> None:
    played = bench()

    played.receive("verify", None)

    page = words(played.draw())
    assert "Valid: the signature was checked" in page
    assert "10 min before the token expires" in page
    assert "k1 RSA" in page
    assert "names it" in page
    assert "won't follow when the issuer rotates" in page


@pytest.mark.parametrize(
    ("move", "valid", "said"),
    [
        ("+300", True, "5 min before the token expires"),
        ("+3600", False, "the token expired 50 min ago"),
        ("expiry", False, "the token expires now"),
        ("-300", False, "15 min before the token expires"),
    ],
)
def test_the_clock_of_the_checks_can_be_moved(move: str, valid: bool, said: str) -> None:
    played = bench()

    played.receive("clock", move)

    assert played.checked is not None
    assert played.checked.valid is valid
    assert said in words(played.draw())
    played.receive("clock", "start")
    assert played.now == START
    assert played.checked.valid


def test_the_clock_can_be_set_to_the_second() -> None:
    played = bench()

    played.receive("clock-to", {"now": str(START + 599)})

    assert played.checked is not None
    assert played.checked.valid
    assert played.now == START + 599
    assert "moved to 2027-01-15 08:09:59 UTC" in played.text()
    assert "The issuer's keys: k1." in played.text()
    for odd in ("inf", "nan", "noon"):
        with pytest.raises(ValueError, match=odd):
            played.receive("clock-to", {"now": odd})


def test_a_moved_clock_judges_the_forged_token_as_well() -> None:
    played = bench()
    played.receive("tamper", {"claim": "exp", "value": str(START + 9000), "way": "keep"})

    played.receive("clock", "+3600")

    assert played.rechecked is not None
    assert [check.name for check in played.rechecked.failed] == ["signature"]


def test_a_check_that_takes_no_time_has_no_clock() -> None:
    given = {"issuer": ISSUER, "audience": "api://t", "keys": {"keys": []}, "now": START}
    played = Acts(decode(token()), lambda value: verify(value, **given))

    played.receive("verify", None)
    played.receive("clock", "+3600")

    assert "The clock of the checks" not in words(played.draw())
    assert played.now != START


@pytest.mark.parametrize("times", [{"exp": None}, {"iat": "x"}, {"exp": 1e400}, {"exp": True}])
def test_a_token_without_both_times_has_a_clock_without_a_life(times: dict[str, Any]) -> None:
    held = {"jti": "AT.1", "iss": ISSUER, "aud": "api://t", "iat": START, "exp": START + 600}
    played = bench(jwt({**held, **times}))

    played.receive("verify", None)

    assert "gl-strip" not in played.draw()
    assert "The clock of the checks" in words(played.draw())


def test_the_key_set_tells_what_a_rotation_does() -> None:
    issuer = Issuer(["k1"])
    keys = issuer.key_set()
    first = bench(keys=keys)
    first.receive("verify", None)
    assert "the set was fetched, and there it is" in words(first.draw())

    first.receive("verify", None)
    assert "no request was needed" in words(first.draw())

    issuer.kids = ["k1", "k2"]
    rotated = bench(token("k2"), keys=keys)
    rotated.receive("verify", None)
    assert "the set was fetched, and there it is" in words(rotated.draw())
    assert "Fetched 2 times" in words(rotated.draw())

    made_up = bench(token("k9"), keys=keys)
    for said in ("the kid is not there either", "it has caused a fetch before"):
        made_up.receive("verify", None)
        assert said in words(made_up.draw())
    assert keys.fetches == 3


def test_each_way_of_forging_makes_a_new_token_and_says_so() -> None:
    played = bench()
    ways = [each.get("value") for each in tree(played.draw()).iterfind(".//select[@name='way']/*")]

    for way in ways:
        played.receive("tamper", {"claim": "sub", "value": "mallory", "way": way})
        assert played.changed is not None
        assert played.changed.token != played.decoded.token
        assert "The issuer has signed no such thing" in words(played.draw())
        assert "mallory" in words(played.draw())
        assert played.rechecked is not None
        assert not played.rechecked

    assert ways == ["keep", "none", "public", "kid", "own", "cut"]


def test_another_signature_may_leave_the_claims_as_they_are() -> None:
    played = bench()

    played.receive("tamper", {"claim": "sub", "value": "", "way": "none"})

    assert played.changed is not None
    assert played.changed.changes == {}
    assert "alg header RS256 none" in words(played.draw())


def test_forging_with_the_public_key_is_offered_once_the_key_is_known() -> None:
    played = bench(keys=Issuer(["k1"]).key_set())
    assert "HMAC with the public key" not in words(played.draw())

    played.receive("verify", None)

    assert "HMAC with the public key" in words(played.draw())


def test_decoding_again_forgets_the_other_acts() -> None:
    played = bench()
    played.receive("clock", "+3600")
    played.receive("tamper", {"claim": "sub", "value": "mallory", "way": "own"})

    played.receive("decode", None)

    assert (played.checked, played.changed, played.now) == (None, None, START)
    assert "mallory" not in words(played.draw())


def test_an_opaque_value_is_verified_in_vain_and_introspection_is_named() -> None:
    played = bench("kX3vQ8mT-opaque-to-all-but-its-issuer")

    played.receive("verify", None)

    page = words(played.draw())
    assert "Not valid. Failed: form" in page
    assert "introspection endpoint" in page
    assert "Tamper" not in page


def test_an_org_servers_access_token_is_shown_as_what_it_is() -> None:
    org = "https://bank.example"
    keys = Issuer(["another"]).key_set()
    played = bench(token("k-of-the-org", iss=org, aud=org), issuer=org, audience=org, keys=keys)

    played.receive("verify", None)

    page = words(played.draw())
    assert "opaque by contract" in page
    assert "/oauth2/v1/introspect" in page
    assert "Failed: kid" in page
    assert "the kid is not there either" in page
    assert "opaque by contract" in played.text()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with serving("--unlisted") as address, Lab.connect(address) as found:
        yield found


def real(lab: Lab) -> str:
    """A token of the lab for the Sync API."""
    server, job = lab.server("Sync"), lab.app("Nightly Job")
    answer = httpx.post(
        f"{server.issuer}/v1/token",
        auth=(job.client_id, job.client_secret),
        data={"grant_type": "client_credentials", "scope": "sync:read"},
    )
    return str(answer.json()["access_token"])


def test_a_token_and_its_forgery_are_sent_to_a_real_api(lab: Lab) -> None:
    played = Acts(decode(real(lab)), None, lab.api("sync"), lab.reasons)
    played.verify = lambda value: verify(
        value, issuer="x", audience="y", keys={"keys": []}, now=lab.now()
    )

    played.receive("send", "original")
    played.receive("tamper", {"claim": "scp", "value": '["sync:write"]', "way": "keep"})
    played.receive("send", "changed")

    page = words(played.draw())
    assert "What Sync API says 200 OK" in page
    assert "What Sync API says 401 invalid_token" in page
    assert "realm sync" in page
    assert "error_description The access token was refused: signature." in page
    assert "Sync API judged a request" in page
    assert "The new token, sent to Sync API: 401 invalid_token" in played.text()


def test_a_token_is_sent_to_a_plain_address_without_reasons(lab: Lab) -> None:
    played = Acts(decode(real(lab)), None, lab.api("sync").url)

    played.receive("send", "original")

    assert played.sent["original"][0].status == 200
    assert played.sent["original"][1] is None


def test_a_new_forgery_has_not_been_sent_yet(lab: Lab) -> None:
    played = Acts(decode(real(lab)), None, lab.api("sync").url)
    form = {"claim": "scp", "value": "x", "way": "keep"}
    played.receive("tamper", form)
    played.receive("send", "changed")

    played.receive("tamper", form)

    assert "changed" not in played.sent


def test_an_api_that_nobody_runs_is_told_of_in_the_panel() -> None:
    panel = view(ACCESS, api="http://127.0.0.1:9/sync")

    panel._handle_custom_msg({"name": "send", "value": "original"}, [])

    assert "ConnectError" in words(panel.html)


def test_the_still_form_has_nothing_to_press() -> None:
    played = bench()
    played.receive("clock", "+300")
    played.receive("tamper", {"claim": "sub", "value": "mallory", "way": "cut"})

    page = tree(played.still())

    assert [each.tag for each in page.iter() if each.tag in ("form", "button", "input")] == []
    assert "half of the signature is cut off" in "".join(page.itertext())


def test_no_hostile_value_becomes_markup() -> None:
    hostile = jwt({"sub": HOSTILE, HOSTILE: HOSTILE, "exp": HOSTILE, "iat": 1},
                  {"alg": HOSTILE, "kid": HOSTILE, "typ": HOSTILE})  # fmt: skip
    keys = {"keys": [{"kid": HOSTILE, "kty": HOSTILE, "alg": HOSTILE, "use": HOSTILE}]}
    played = bench(hostile, keys=keys)
    exchange = Exchange(
        1, HOSTILE, HOSTILE, "back", HOSTILE, f"http://{HOSTILE}", ((HOSTILE, HOSTILE),), HOSTILE,
        401, (("www-authenticate", f'Bearer realm="{HOSTILE}", error="<script>"'),), HOSTILE, 0, 0,
    )  # fmt: skip
    played.receive("verify", None)
    played.receive("tamper", {"claim": HOSTILE, "value": HOSTILE, "way": "kid"})
    played.sent = {each: (exchange, Reasons(HOSTILE, ())) for each in ("original", "changed")}

    for page in (played.draw(), played.still()):
        elements = list(tree(page).iter())
        assert {element.tag for element in elements} & {"script", "img"} == set()
        assert not [name for each in elements for name in each.attrib if name.startswith("on")]
        assert "&lt;script&gt;" in page
