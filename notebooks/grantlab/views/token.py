"""A token in three separate acts: decode it, verify it, tamper with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from grantlab.tokens import Check, Decoded, Tampered, Verification, decode, tamper
from grantlab.views.html import button, icon, join, section, tag
from grantlab.views.meaning import meaning, prose
from grantlab.views.panel import Panel

Verify = Callable[[str], Verification]

TITLE = "Token"
UNCHECKED = "Decoded only. Nothing here has been checked: anybody could have written it."
HOW_TO_VERIFY = (
    "To verify it, say what to compare it with: `show(token, verify=check)`, where `check(token)` "
    "calls `verify` with the issuer, audience and keys that you trust."
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


def token_panel(token: str | Decoded, verify: Verify | None = None) -> Panel:
    """Show a token: decoded at first; verified and tampered with when the person asks.

    `verify` checks a token as the lesson would, e.g. with `functools.partial(verify, …)`.
    """
    acts = Acts(token if isinstance(token, Decoded) else decode(token), verify)
    return Panel(acts.draw, receive=acts.receive, text=acts.text)


class Acts:
    """Which of the three acts have been played on one token, and what came of them."""

    def __init__(self, decoded: Decoded, verify: Verify | None) -> None:
        self.decoded = decoded
        self.verify = verify
        self.checked: Verification | None = None
        self.changed: Tampered | None = None
        self.rechecked: Verification | None = None

    def receive(self, name: str, value: Any) -> None:
        """Play the act that the person asked for."""
        if name == "decode":
            self.checked = self.changed = self.rechecked = None
        elif name == "verify" and self.verify:
            self.checked = self.verify(self.decoded.token)
        elif name == "tamper":
            self.changed = tamper(
                self.decoded.token, **{str(value["claim"]): _read(value["value"])}
            )
            self.rechecked = self.verify(self.changed.token) if self.verify else None

    def draw(self) -> Markup:
        """The acts so far."""
        if self.decoded.opaque:
            return section("token", tag("h3", TITLE), decoded_part(self.decoded), label=TITLE)
        return section(
            "token",
            tag("h3", TITLE),
            tag("div", button("Decode", "decode"), self._verify_button(), class_="gl-bar"),
            decoded_part(self.decoded),
            verified_part(self.checked) if self.checked is not None else None,
            None if self.verify else tag("p", prose(HOW_TO_VERIFY), class_="gl-muted"),
            self._tamper_form(),
            tampered_part(self.changed, self.rechecked) if self.changed else None,
            label=TITLE,
        )

    def text(self) -> str:
        """What has come of the acts as plain text."""
        done = [decoded_text(self.decoded)]
        done += [
            repr(each) for each in (self.checked, self.changed, self.rechecked) if each is not None
        ]
        return "\n\n".join(done)

    def _verify_button(self) -> Markup:
        return button("Verify", "verify", class_="gl-main") if self.verify else Markup("")

    def _tamper_form(self) -> Markup:
        options = [tag("option", name, value=name) for name in self.decoded.payload]
        return tag(
            "form",
            tag("label", "Change ", tag("select", options, name="claim")),
            tag("label", "to ", tag("input", type="text", name="value", autocomplete="off")),
            tag("button", "Tamper", type="submit"),
            class_="gl-bar",
            data_send="tamper",
        )


def inside(token: str) -> Markup:
    """What can be read in a token, for a place beside other values."""
    return decoded_part(decode(token))


def decoded_part(decoded: Decoded) -> Markup:
    """Act one: the contents, without a colour of trust."""
    if decoded.opaque:
        said = f"This value is opaque: only its issuer can say what it means. {decoded.why_opaque}"
        return tag("div", tag("h4", "Decode"), tag("p", said, class_="gl-note"))
    colours = [tag("b", part) for part in decoded.parts]
    wire = [colours[0], ".", colours[1], ".", colours[2]]
    return tag(
        "div",
        tag("h4", "Decode"),
        tag("p", UNCHECKED, class_="gl-note"),
        tag(
            "details",
            tag("summary", "The token as it travels"),
            tag("div", wire, class_="gl-parts"),
        ),
        _claims("Header: how it was made", decoded.header, "jose"),
        _claims("Payload: what it claims", decoded.payload, "claim"),
        tag("p", f"Signature: {len(decoded.signature)} bytes, not checked.", class_="gl-muted"),
        data_key=decoded.token,
    )


def verified_part(verification: Verification) -> Markup:
    """Act two: every check with what it found and what it compared that with."""
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
        tag("h4", "Verify"),
        tag("p", verdict, role="status"),
        tag("ol", [_check(check) for check in verification.checks], class_="gl-checks"),
    )


def tampered_part(tampered: Tampered, verification: Verification | None = None) -> Markup:
    """Act three: the new token, what differs in it, and which check notices."""
    rows = [
        tag("tr", tag("th", tag("code", name), scope="row"), tag("td", tag("code", _json(before))),
            tag("td", tag("code", _json(after))))
        for name, (before, after) in tampered.changes.items()
    ]  # fmt: skip
    heads = [tag("th", word, scope="col") for word in ("Claim", "Before", "Now")]
    made = "A new token, made from the old one. It carries the old signature: nobody signed it."
    return tag(
        "div",
        tag("h4", "Tamper"),
        tag("p", made, class_="gl-note"),
        tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-rows"),
        tag("details", tag("summary", "The new token"),
            tag("div", tampered.token, class_="gl-parts")),
        verified_part(verification) if verification is not None else None,
    )  # fmt: skip


def alone(part: Markup) -> Markup:
    """One act as a view of its own."""
    return section("token", tag("h3", TITLE), part, label=TITLE)


def decoded_text(decoded: Decoded) -> str:
    """The contents of a token as plain text."""
    if decoded.opaque:
        return f"Opaque value. {decoded.why_opaque}"
    header, payload = (
        json.dumps(part, indent=2, ensure_ascii=False) for part in (decoded.header, decoded.payload)
    )
    return f"{UNCHECKED}\nHeader: {header}\nPayload: {payload}"


def _check(check: Check) -> Markup:
    compared = [
        "found ", tag("code", check.found), ", compared with ", tag("code", check.expected),
    ]  # fmt: skip
    name = [tag("strong", CHECKS.get(check.name, check.name)), " ", tag("code", check.name)]
    return tag(
        "li",
        tag("span", icon(check.result), check.result, class_=f"gl-result gl-{check.result}"),
        tag("div", name, tag("div", compared, class_="gl-muted")),
    )


def _claims(caption: str, claims: Mapping[str, Any], place: str) -> Markup:
    heads = [
        tag("th", word, scope="col", class_=look)
        for word, look in (("Name", "gl-narrow"), ("Value", None), ("Meaning", None))
    ]
    rows = [_claim(name, value, place) for name, value in claims.items()]
    return tag(
        "div", tag("h4", caption),
        tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-rows",
            aria_label=caption),
    )  # fmt: skip


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


def _read(text: object) -> Any:
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        return str(text)
