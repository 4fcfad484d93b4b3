"""The token bench: a token in three separate acts, decode it, verify it, tamper with it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from grantlab.answers import Reasons
from grantlab.keysets import Jwk, KeySet
from grantlab.recording import Exchange, Recording
from grantlab.tampering import WAYS
from grantlab.tokens import Decoded, Tampered, Verification, decode
from grantlab.views.html import button, section, tag
from grantlab.views.meaning import prose
from grantlab.views.panel import Panel
from grantlab.views.token_parts import (
    TITLE,
    alone,
    checks_part,
    claims_rows,
    decoded_part,
    decoded_text,
    forged_part,
    inside,
    looks_like_jwt,
    moment,
    tampered_part,
    verified_part,
)
from grantlab.views.token_trial import (
    Api,
    Verify,
    clock_part,
    given,
    keys_part,
    keys_text,
    sent_part,
    sent_text,
    takes_now,
)

__all__ = [
    "Api",
    "Acts",
    "Verify",
    "alone",
    "claims_rows",
    "decoded_part",
    "inside",
    "looks_like_jwt",
    "moment",
    "tampered_part",
    "token_panel",
    "verified_part",
]

Ask = Callable[[Exchange], Reasons]

HOW_TO_VERIFY = (
    "To verify it, say what to compare it with: `show(token, verify=check)`, where `check(token)` "
    "calls `verify` with the issuer, audience and keys that you trust."
)
TWO_ACTS = (
    "Reading is one act, believing another: the checks compare the token with what you trust, "
    "never with what it says of itself."
)
FORGE = (
    "Change what you like: the outcome is always a new token. Will the checks notice, and which "
    "of them first?"
)
_NEEDS_A_KEY = "public"


def token_panel(
    token: str | Decoded,
    verify: Verify | None = None,
    *,
    api: Api | str | None = None,
    ask: Ask | None = None,
) -> Panel:
    """Show a token: decoded at first; verified and tampered with when the person asks.

    `verify` checks a token as the lesson would, e.g. with `functools.partial(verify, …)`; if it
    takes `now`, the clock of the check can be moved, and if it was given `keys`, they are shown.
    Tokens can be sent to the `api`, and `ask` has its reasons.
    """
    acts = Acts(token if isinstance(token, Decoded) else decode(token), verify, api, ask)
    return Panel(acts.draw, receive=acts.receive, still=acts.still, text=acts.text)


class Acts:
    """Which of the three acts have been played on one token, and what came of them."""

    def __init__(
        self,
        decoded: Decoded,
        verify: Verify | None,
        api: Api | str | None = None,
        ask: Ask | None = None,
    ) -> None:
        self.decoded = decoded
        self.verify = verify
        self.checked: Verification | None = None
        self.changed: Tampered | None = None
        self.rechecked: Verification | None = None
        self.moved: float | None = None
        self.sent: dict[str, tuple[Exchange, Reasons | None]] = {}
        self.recording = Recording()
        self._ask = ask
        self._url = api if api is None or isinstance(api, str) else api.url
        if api is not None and not isinstance(api, str):
            self.recording.name(api.url, api.name)
        self._keys: KeySet | Jwk | None = given(verify, "keys")
        self._has_clock = takes_now(verify)
        self._started: float = given(verify, "now") or time.time()

    @property
    def now(self) -> float:
        """What the checks take for the time now, in seconds since the epoch."""
        return self._started if self.moved is None else self.moved

    def receive(self, name: str, value: Any) -> None:
        """Play the act that the person asked for."""
        if name == "decode":
            self.checked = self.changed = self.rechecked = self.moved = None
            self.sent = {}
        elif name == "verify":
            self._check()
        elif name in ("clock", "clock-to") and self._has_clock:
            self.moved = self._moment(value if name == "clock" else value["now"])
            self._check()
        elif name == "tamper":
            self._tamper(value)
        elif name == "send":
            self._send(str(value))

    def draw(self) -> Markup:
        """The acts so far, with what can be done next."""
        return self._view(live=True)

    def still(self) -> Markup:
        """The acts so far, for pages where nobody answers."""
        return self._view(live=False)

    def text(self) -> str:
        """What has come of the acts as plain text."""
        done = [decoded_text(self.decoded)]
        if self.moved is not None:
            done.append(f"The clock of the checks was moved to {moment(self.now)}.")
        done += [
            repr(each) for each in (self.checked, self.changed, self.rechecked) if each is not None
        ]
        if self._keys is not None and self.checked is not None:
            done.append(keys_text(self._keys))
        done += [sent_text(which, exchange) for which, (exchange, _) in self.sent.items()]
        return "\n\n".join(done)

    def _view(self, *, live: bool) -> Markup:
        played = any((self.checked, self.changed, self.moved, self.sent))
        return section(
            "token",
            tag("h3", TITLE),
            tag("div", decoded_part(self.decoded), class_="gl-act"),
            self._verify_act(live),
            None if self.decoded.opaque else self._tamper_act(live),
            button("Only decode: forget the rest", "decode") if live and played else None,
            label=TITLE,
        )

    def _verify_act(self, live: bool) -> Markup | None:
        if self.verify is None:
            if self.decoded.opaque:
                return None
            return tag("div", tag("p", prose(HOW_TO_VERIFY), class_="gl-muted"), class_="gl-act")
        if not live and self.checked is None:
            return None
        done = self.checked is not None
        clock = self._has_clock and done and not self.decoded.opaque
        return tag(
            "div",
            tag("h4", "Verify"),
            tag("p", TWO_ACTS, class_="gl-muted"),
            self._verify_bar(done) if live else None,
            checks_part(self.checked) if self.checked is not None else None,
            clock_part(self.decoded.payload, self.now, self.moved is not None, live)
            if clock
            else None,
            keys_part(self._keys, self.decoded) if self._keys is not None and done else None,
            self._sent("original"),
            class_="gl-act",
        )

    def _verify_bar(self, done: bool) -> Markup:
        verify = button("Verify", "verify", class_=None if done else "gl-main")
        return tag("div", verify, self._send_button("original"), class_="gl-bar")

    def _tamper_act(self, live: bool) -> Markup | None:
        if not live and self.changed is None:
            return None
        return tag(
            "div",
            tag("h4", "Tamper"),
            tag("p", FORGE, class_="gl-muted"),
            self._tamper_form() if live else None,
            forged_part(self.changed) if self.changed else None,
            tag("h4", "The same checks on the new token") if self.rechecked is not None else None,
            checks_part(self.rechecked) if self.rechecked is not None else None,
            tag("div", self._send_button("changed"), class_="gl-bar")
            if live and self.changed and self._url
            else None,
            self._sent("changed"),
            class_="gl-act",
        )

    def _tamper_form(self) -> Markup:
        options = [tag("option", name, value=name) for name in self.decoded.payload]
        ways = [
            tag("option", words, value=way)
            for way, (words, _) in WAYS.items()
            if way != _NEEDS_A_KEY or self._named_key() is not None
        ]
        return tag(
            "form",
            tag("label", "Change ", tag("select", options, name="claim")),
            tag("label", "to ", tag("input", type="text", name="value", autocomplete="off")),
            tag("label", "Signature: ", tag("select", ways, name="way")),
            tag("button", "Tamper", type="submit"),
            class_="gl-bar gl-forge",
            data_send="tamper",
        )

    def _send_button(self, which: str) -> Markup | None:
        if self._url is None:
            return None
        words = {"original": "Send it to the API", "changed": "Send the new token to the API"}
        return button(words[which], "send", which)

    def _sent(self, which: str) -> Markup | None:
        return sent_part(*self.sent[which]) if which in self.sent else None

    def _check(self) -> None:
        if self.verify is not None:
            self.checked = self._verified(self.decoded.token)
            if self.changed is not None:
                self.rechecked = self._verified(self.changed.token)

    def _verified(self, token: str) -> Verification | None:
        if self.verify is None:
            return None
        return self.verify(token) if self.moved is None else self.verify(token, now=self.moved)

    def _tamper(self, form: Mapping[str, Any]) -> None:
        way, text = str(form.get("way", "keep")), str(form["value"])
        # What is forged otherwise may keep all of its claims.
        claims = {str(form["claim"]): _read(text)} if text or way == "keep" else {}
        key = [self._named_key()] if way == _NEEDS_A_KEY else []
        self.changed = WAYS[way][1](self.decoded.token, *key, **claims)
        self.rechecked = self._verified(self.changed.token)
        self.sent.pop("changed", None)

    def _send(self, which: str) -> None:
        token = self.decoded.token
        if which == "changed" and self.changed is not None:
            token = self.changed.token
        if self._url is None:
            return
        with self.recording.client("Token bench") as client:
            client.get(self._url, headers={"Authorization": f"Bearer {token}"})
        exchange = self.recording.last
        self.sent[which] = exchange, self._ask(exchange) if self._ask else None

    def _moment(self, value: object) -> float | None:
        """The time that a button or the exact field means; None is the time of the start."""
        text, claims = str(value), self.decoded.payload
        if text == "start":
            return None
        if text == "expiry":
            return float(claims["exp"])
        moment = self.now + float(text) if text.startswith(("+", "-")) else float(text)
        if not math.isfinite(moment):
            raise ValueError(f"{text} is no time that a clock can show.")
        return moment

    def _named_key(self) -> Jwk | None:
        """The published key that the token names, as far as it was fetched."""
        keys = self._keys
        known = keys.published if isinstance(keys, KeySet) else (keys or {}).get("keys", ())
        kid = self.decoded.header.get("kid")
        return next((key for key in known if key.get("kid") == kid), None)


def _read(text: object) -> Any:
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        return str(text)
