"""The attacker's meter as text, as structure, and by what its controls do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.loot import DAY, Loot, Reach, examine
from grantlab.views import view
from grantlab.views.meter import LATER, STOPS, Watch, duration, meter, meter_text
from grantlab.views.panel import Panel
from tests.kit.views_samples import ACCESS, HOSTILE

NOW = 1_700_000_000.0
PASSWORD = examine("Open-Sesame-2026", "password", name="The shared password", owner="cora")
TOKEN = examine(ACCESS)
KEY = replace(examine("00" + "k" * 40), reach=Reach(255, 255, "calls"), roles=("Super admin",))
ALL = (PASSWORD, KEY, TOKEN)


def words(html: str) -> str:
    root = ElementTree.fromstring(f"<all>{html}</all>")
    return " ".join(" ".join(root.itertext()).split())


def cards(html: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(f"<all>{html}</all>")
    return [each for each in root.iter("div") if each.get("class") == "gl-card"]


def works(html: str) -> list[bool]:
    return [each.get("data-works") == "true" for each in cards(html)]


def bars(card: ElementTree.Element) -> list[float]:
    return [float(each.get("width", "0")) for each in card.iter("rect")][1::2]


def press(panel: Panel, name: str, value: Any = None) -> None:
    panel._handle_custom_msg({"name": name, "value": value}, [])


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("now", [True, True, True]),
        ("+5 minutes", [True, True, True]),
        ("+1 hour", [True, True, False]),
        ("+31 days", [True, True, False]),
    ],
)
def test_the_token_dies_by_time_and_key_and_password_do_not(later: str, expected: list[bool]):
    assert works(meter(ALL, NOW, LATER[later])) == expected


def test_the_headline_says_how_many_still_work():
    assert "Now: 3 of 3 still work: The shared password, API token, Access token." in words(
        meter(ALL, NOW)
    )
    assert "In 1 hour: 2 of 3 still work" in words(meter(ALL, NOW, 3600))
    assert "In 1 day: nothing of it works any more." in words(meter([TOKEN], NOW, DAY))
    assert "Now: it still works: Access token." in words(meter([TOKEN], NOW))
    assert "Nothing was found." in words(meter([], NOW))


def test_a_card_says_whose_how_long_what_and_what_ends_it():
    said = words(meter([TOKEN], NOW))

    assert "Whose cora@bank.example, given to 0oabankspa0000000001" in said
    assert "Time left 1 hour" in said
    assert "May openid profile" in said
    assert "Opens api://default" in said
    assert "Needs beside it nothing" in said
    assert "revocation, at APIs that ask" in said
    assert "be renewed: that takes a refresh token" in said
    assert "Known from: the token's own claims, not verified." in said


def test_bars_tell_a_little_time_from_much_and_all_calls_from_none():
    password, key, token = cards(meter(ALL, NOW))

    assert bars(password) == [100]
    assert bars(key) == [100, 100]
    assert 30 < bars(token)[0] < 60
    assert bars(cards(meter([TOKEN], NOW, DAY))[0]) == [0]


def test_an_idle_credential_lives_as_long_as_it_is_used():
    assert "each use starts them again" in words(meter([KEY], NOW))
    assert "no end if it was used at least every 30 days" in words(meter([KEY], NOW, 31 * DAY))


def test_what_the_lab_called_over_is_over_and_says_why():
    said = words(meter([replace(TOKEN, alive=False, over_because="introspection says so")], NOW))

    assert "✗ over" in said
    assert "none: introspection says so" in said


def test_a_code_is_over_within_the_day_also_when_nobody_knows_its_minutes():
    code = examine("c" * 43, "authorization code")

    assert works(meter([code], NOW)) == [True]
    assert "minutes; nobody knows how many" in words(meter([code], NOW))
    assert works(meter([code], NOW, DAY)) == [False]


def test_a_secret_is_shown_only_when_asked_for():
    root = ElementTree.fromstring(str(meter(ALL, NOW)))
    hidden = list(root.iter("details"))

    assert len(hidden) == 3
    assert all("open" not in each.attrib for each in hidden)
    for each in hidden:
        # What stays is the line that opens it.
        each.remove(each[1])
    shown = ElementTree.tostring(root, encoding="unicode")
    assert ACCESS not in shown
    assert "Open-Sesame" not in shown
    assert not any(each.value in meter_text(ALL, NOW) for each in ALL)


def test_the_person_looks_ahead_and_only_at_moments_that_there_are(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)
    panel = view([PASSWORD, TOKEN])

    press(panel, "later", "+1 day")
    assert works(panel.html) == [True, False]
    press(panel, "later", "yesterday")
    assert works(panel.html) == [True, False]
    press(panel, "later", "now")
    assert works(panel.html) == [True, True]


def slider(html: str) -> ElementTree.Element:
    root = ElementTree.fromstring(html)
    (found,) = (each for each in root.iter("input") if each.get("type") == "range")
    return found


def test_a_slider_moves_through_time_and_says_in_words_where_it_is(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)
    panel = view([PASSWORD, TOKEN])
    assert slider(panel.html).get("aria-valuetext") == "now"

    press(panel, "stop", str(STOPS.index(55 * 60)))
    assert slider(panel.html).get("aria-valuetext") == "in 55 minutes"
    assert "Time left 5 minutes" in words(panel.html)
    assert works(panel.html) == [True, True]
    press(panel, "stop", str(STOPS.index(3600)))
    assert works(panel.html) == [True, False]
    assert int(slider(panel.html).get("max", "")) == len(STOPS) - 1


@pytest.mark.parametrize("odd", [None, "", "-1", str(len(STOPS)), "1.5", "soon", 3, ["1"]])
def test_a_place_where_the_slider_never_stops_moves_nothing(monkeypatch, odd: Any):
    monkeypatch.setattr("time.time", lambda: NOW)
    panel = view([TOKEN])

    press(panel, "stop", odd)

    assert slider(panel.html).get("aria-valuetext") == "now"


def test_buttons_and_slider_say_the_same_moment(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)
    panel = view([TOKEN])

    press(panel, "later", "+1 day")

    assert slider(panel.html).get("value") == str(STOPS.index(DAY))
    assert set(LATER.values()) <= set(STOPS)


class Clock:
    """A lab whose clock says what the test says."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time


def test_time_is_the_lab_s(monkeypatch):
    lab = Clock()
    monkeypatch.setattr("grantlab.views.meter.ask", lambda _lab, loot: loot)
    watch = Watch([TOKEN], lab)  # type: ignore[arg-type]
    assert "Time left 1 hour" in words(watch.draw())

    lab.time += 1800
    watch.receive("again", None)

    assert "Time left 30 minutes" in words(watch.draw())


def test_the_text_twin_has_every_moment():
    text = meter_text(ALL, NOW)

    assert "Access token (a JWT: anybody can read it; eyJh…" in text
    assert "+5 minutes: works; +1 hour: over" in text
    assert "may: everything its owner may do, 255 of 255 calls" in text
    assert "cannot: be limited to a scope" in text


def test_the_still_form_has_no_control_and_the_plain_one_no_secret():
    data, _ = view(TOKEN)._repr_mimebundle_()

    assert "<button" not in data["text/html"]
    assert "<input" not in data["text/html"]
    assert "+1 hour: over" in data["text/html"]
    assert ACCESS not in data["text/plain"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "less than a second"),
        (1, "1 second"),
        (3661, "1 hour 1 minute"),
        (30 * DAY, "30 days"),
        (366 * DAY, "1 year 1 day"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_units(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.parametrize("later", LATER)
def test_nothing_hostile_becomes_markup(later: str):
    loot = Loot(
        "access token", HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), NOW + 5,
        None, None, HOSTILE, Reach(1, 2, HOSTILE), (HOSTILE,), (HOSTILE,), (HOSTILE,),
    )  # fmt: skip

    for live in (True, False):
        drawn = meter([loot, replace(loot, alive=False)], NOW, LATER[later], live=live, asks=True)
        root = ElementTree.fromstring(str(drawn))
        assert {"script", "img"}.isdisjoint(each.tag for each in root.iter())
