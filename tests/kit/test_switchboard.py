"""The switchboard as text and structure, and what its controls do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from grantlab.switches import CACHE_SWITCHES, GATEWAY_SWITCHES, TOKEN_SWITCHES, Setting, Switchboard
from grantlab.views import view
from labserver.sample.checks import Checks
from labserver.sample.gateway import GatewayChecks
from labserver.sample.issuer import Counters


@dataclass
class Board(Switchboard):
    """An API without a port."""

    name: str = "Transfers API"
    url: str = "http://127.0.0.1:9000/transfers"
    checks: Any = field(default_factory=Checks)
    counters: Any = field(default_factory=Counters)
    switches: Any = (*TOKEN_SWITCHES, *CACHE_SWITCHES)
    chosen: dict[str, str] = field(default_factory=lambda: {"asks_for": "token", "seconds": ""})

    def warnings(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.off())

    def settings(self) -> tuple[Setting, ...]:
        options = {"token": "an access token", "nothing": "nothing"}
        return (
            Setting("asks_for", "Asks for", self.chosen["asks_for"], options),
            Setting("seconds", "Seconds at most", self.chosen["seconds"]),
        )

    def choose(self, name: str, value: str) -> None:
        if name == "seconds" and not value.isdecimal():
            raise ValueError(f"{value!r} is no number of seconds.")
        self.chosen[name] = value


def press(board: Board, name: str, value: Any = None) -> str:
    panel = view(board)
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return panel.html


@pytest.mark.parametrize(
    ("switches", "checks"),
    [((*TOKEN_SWITCHES, *CACHE_SWITCHES), Checks()), (GATEWAY_SWITCHES, GatewayChecks())],
    ids=["api", "gateway"],
)
def test_every_check_of_api_and_gateway_has_its_switch(switches, checks):
    named = {one.name for one in switches}

    assert named == {name for name in dir(checks) if not name.startswith("_")}
    assert len(named) == len(switches)


def test_the_checks_stand_there_in_order_with_what_they_ask():
    html = view(Board()).html

    places = [html.index(f"checks.{one.name}<") for one in (*TOKEN_SWITCHES, *CACHE_SWITCHES)]
    assert places == sorted(places)
    assert "Does aud name this API?" in html
    assert "Every check is on." in html


def test_what_is_off_is_said_in_words_and_what_gets_through():
    board = Board()

    html = press(board, "switch", {"name": "audience", "on": False})

    assert not board.checks.audience
    assert "NOT SAFE. Not checked: audience." in html
    assert "Gets through now: tokens that were meant for another API." in html
    assert "OFF" in html


def test_one_button_switches_all_on():
    board = Board()
    board.checks.signature = board.checks.key_fetches_limited = False

    html = press(board, "all")

    assert board.off() == ()
    assert "NOT SAFE" not in html


def test_a_form_chooses_settings_and_tells_what_is_wrong_with_one():
    board = Board()

    press(board, "set", {"asks_for": "nothing", "seconds": ""})
    html = press(board, "set", {"asks_for": "nothing", "seconds": "soon"})

    assert board.chosen == {"asks_for": "nothing", "seconds": ""}
    assert "is no number of seconds" in html


def test_a_name_that_is_no_check_is_told_and_changes_nothing():
    board = Board()

    html = press(board, "switch", {"name": "__class__", "on": False})

    assert "has no check" in html
    assert isinstance(board.checks, Checks)


def test_the_text_twin_says_it_all():
    board = Board()
    board.checks.scope = False
    board.counters.key_fetches = 3

    data, _ = view(board)._repr_mimebundle_()

    text = data["text/plain"]
    assert "NOT SAFE. Not checked: scope." in text
    assert "[OFF] scope: Gets through now: readers that write." in text
    assert "[on] audience" in text
    assert "Asks for: an access token" in text
    assert "key fetches: 3" in text


def test_the_still_form_has_no_controls():
    data, _ = view(Board())._repr_mimebundle_()

    body = data["text/html"].partition("</style>")[2]
    assert "<input" not in body
    assert "<button" not in body
    assert "Asks for: <strong>an access token</strong>" in body


def test_no_name_runs_as_markup():
    evil = "<img src=x onerror=alert(1)>"

    html = view(Board(name=evil, url=f"http://x/{evil}")).html

    assert "<img" not in html
