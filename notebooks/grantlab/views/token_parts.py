"""What is to be seen of a token: its contents, its checks, what differs in a forged one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from grantlab.decoding import of_org_server
from grantlab.tokens import Check, Decoded, Tampered, Verification, decode
from grantlab.views.html import icon, join, section, tag
from grantlab.views.meaning import meaning, prose

TITLE = "Token"
UNCHECKED = "Decoded only. Nothing here has been checked: anybody could have written it."
OPAQUE = "This value is opaque: only its issuer can say what it means."
ASK_THE_ISSUER = (
    "There is nothing in it to verify. Refresh tokens, codes and API tokens are like this, and "
    "access tokens of some servers. Whoever must know if it is good asks the issuer: at its "
    "introspection endpoint, as a client of its own (RFC 7662)."
)
OF_THE_ORG = (
    "This is an access token of the org's own server. It looks like a JWT, but it is **opaque by "
    "contract**: it is meant for Okta's API and nobody else, its contents may change without a "
    "word, and the key that signed it is not among those that the org publishes. An API that "
    "checks it by itself finds no key for its `kid`. Whoever must know if it is good asks the "
    "issuer, at `/oauth2/v1/introspect`; whoever wants tokens for an API of their own asks a "
    "custom authorization server."
)
CHECKS = {
    "form": "It is a signed JWT",
    "alg": "The algorithm is one we accept",
    "kid": "The issuer publishes the key",
    "signature": "The signature fits the content",
    "iss": "It comes from the issuer we trust",
    "aud": "It is meant for us",
    "exp": "It has not expired",
    "nbf": "Its time has come",
    "iat": "It wasn't issued in the future",
    "cid": "It was issued to a client we know",
    "kind": "It is the kind of token we expect",
    "nonce": "It answers our own request",
}
TIMES = frozenset({"exp", "nbf", "iat", "auth_time", "updated_at"})
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


def looks_like_jwt(value: str) -> bool:
    """Whether a value has the three dotted parts of a JWT (RFC 7519 §3)."""
    return _JWT.fullmatch(value) is not None


def inside(token: str) -> Markup:
    """What can be read in a token, for a place beside other values."""
    return decoded_part(decode(token))


def decoded_part(decoded: Decoded) -> Markup:
    """Act one: the contents, without a colour of trust."""
    if decoded.opaque:
        said = f"{OPAQUE} {decoded.why_opaque}"
        return tag("div", tag("h4", "Decode"), tag("p", said, class_="gl-note"),
                   tag("p", ASK_THE_ISSUER))  # fmt: skip
    colours = [tag("b", part) for part in decoded.parts]
    wire = [colours[0], ".", colours[1], ".", colours[2]]
    return tag(
        "div",
        tag("h4", "Decode"),
        tag("p", UNCHECKED, class_="gl-note"),
        tag("p", _bold(OF_THE_ORG), class_="gl-note") if of_org_server(decoded) else None,
        tag(
            "details",
            tag("summary", "The token as it travels"),
            tag("div", wire, class_="gl-parts"),
        ),
        _titled("Header: how it was made", decoded.header, "jose"),
        _titled("Payload: what it claims", decoded.payload, "claim"),
        tag("p", f"Signature: {len(decoded.signature)} bytes, not checked.", class_="gl-muted"),
        data_key=decoded.token,
    )


def verified_part(verification: Verification) -> Markup:
    """Act two: every check with what it found and what it compared that with."""
    return tag("div", tag("h4", "Verify"), checks_part(verification))


def checks_part(verification: Verification) -> Markup:
    """The verdict, and the checks that led to it in their order."""
    failed = [tag("code", check.name) for check in verification.failed]
    sign = "passed" if verification.valid else "failed"
    if verification.valid:
        said: list[object] = ["Valid: the signature was checked, and no check failed."]
    elif failed:
        said = ["Not valid. Failed: ", join([[name, " "] for name in failed])]
    else:
        said = ["Not valid: the signature was never checked."]
    verdict = tag("strong", icon(sign), said, class_=f"gl-{sign}")
    return tag(
        "div",
        tag("p", verdict, role="status"),
        tag("ol", [_check(check) for check in verification.checks], class_="gl-checks"),
    )


def tampered_part(tampered: Tampered, verification: Verification | None = None) -> Markup:
    """Act three: the new token, what differs in it, and which check notices."""
    return tag(
        "div",
        tag("h4", "Tamper"),
        forged_part(tampered),
        verified_part(verification) if verification is not None else None,
    )


def forged_part(tampered: Tampered) -> Markup:
    """The new token, and what differs in it."""
    rows = [
        tag("tr", tag("th", tag("code", name), tag("div", place, class_="gl-muted gl-small"),
                      scope="row"),
            tag("td", tag("code", _json(before))), tag("td", tag("code", _json(after))))
        for place, changes in (("header", tampered.header), ("payload", tampered.changes))
        for name, (before, after) in changes.items()
    ]  # fmt: skip
    heads = [tag("th", word, scope="col") for word in ("What", "Before", "Now")]
    made = f"{tampered.how} The issuer has signed no such thing: nobody signed it."
    return tag(
        "div",
        tag("p", made, class_="gl-note"),
        tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-rows",
            aria_label="What differs")
        if rows else None,
        tag("details", tag("summary", "The new token"),
            tag("div", tampered.token, class_="gl-parts"), data_key="forged"),
    )  # fmt: skip


def alone(part: Markup) -> Markup:
    """One act as a view of its own."""
    return section("token", tag("h3", TITLE), part, label=TITLE)


def decoded_text(decoded: Decoded) -> str:
    """The contents of a token as plain text."""
    if decoded.opaque:
        return f"Opaque value. {decoded.why_opaque} {ASK_THE_ISSUER}"
    header, payload = (
        json.dumps(part, indent=2, ensure_ascii=False) for part in (decoded.header, decoded.payload)
    )
    note = f"\n{OF_THE_ORG}".replace("**", "") if of_org_server(decoded) else ""
    return f"{UNCHECKED}{note}\nHeader: {header}\nPayload: {payload}"


def _check(check: Check) -> Markup:
    compared = [
        "found ", tag("code", check.found), ", compared with ", tag("code", check.expected),
    ]  # fmt: skip
    words = tag("strong", CHECKS.get(check.name, check.name))
    name = tag("div", words, " ", tag("code", check.name))
    return tag(
        "li",
        tag("span", icon(check.result), check.result, class_=f"gl-result gl-{check.result}"),
        tag("div", name, tag("div", compared, class_="gl-muted")),
    )


def claims_rows(caption: str, claims: Mapping[str, Any], place: str) -> Markup:
    """Claims or members of a header as a table: name, value, meaning."""
    heads = [
        tag("th", word, scope="col", class_=look)
        for word, look in (("Name", "gl-narrow"), ("Value", None), ("Meaning", None))
    ]
    rows = [_claim(name, value, place) for name, value in claims.items()]
    return tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-rows",
               aria_label=caption)  # fmt: skip


def _titled(caption: str, claims: Mapping[str, Any], place: str) -> Markup:
    return tag("div", tag("h4", caption), claims_rows(caption, claims, place))


def _claim(name: str, value: Any, place: str) -> Markup:
    when = tag("div", moment(value), class_="gl-muted gl-small") if name in TIMES else None
    return tag(
        "tr",
        tag("th", tag("code", name), scope="row"),
        tag("td", tag("code", _json(value)), when),
        tag("td", meaning(name, place, "this server's own")),
    )


def moment(seconds: Any) -> str:
    """A time in seconds since the epoch as a date in UTC; empty for what is no such time."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bold(text: str) -> list[object]:
    pieces = text.split("**")
    return [tag("strong", prose(each)) if at % 2 else prose(each) for at, each in enumerate(pieces)]
