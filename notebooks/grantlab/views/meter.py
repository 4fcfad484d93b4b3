"""What did the attacker get? Stolen credentials side by side: reach, time left, and the cure."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from grantlab.lab import Lab
from grantlab.loot import DAY, Loot, Reach
from grantlab.views.html import button, join, section, tag
from grantlab.views.panel import Panel
from grantlab.views.token_parts import moment
from grantlab.whose import ask

TITLE = "What did the attacker get?"
HOUR = 3600
YEAR = 365 * DAY
LATER = {
    "now": 0,
    "+5 minutes": 300,
    "+1 hour": HOUR,
    "+1 day": DAY,
    "+31 days": 31 * DAY,
}
"""Moments to jump to, in seconds from now; the lab's own clock stays where it is."""
STOPS = (
    *(60 * minutes for minutes in (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 55)),
    *(HOUR * hours for hours in (1, 2, 4, 8, 12)),
    *(DAY * days for days in (1, 2, 7, 14, 30, 31, 90, 365)),
)
"""Where the slider stops, in seconds from now: close by minutes, far off by days."""
_NUMBERS = [str(number) for number in range(len(STOPS))]
MOST_NAMES = 4
SCALE = "The bars of time grow by powers: five minutes fill a third of one, a year fills it."
_UNITS = (("year", YEAR), ("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1))


def meter_panel(loot: Sequence[Loot], lab: Lab | None = None) -> Panel:
    """The meter: look ahead in time, and with a lab ask it again."""
    watch = Watch(loot, lab)
    return Panel(watch.draw, receive=watch.receive, still=watch.still, text=watch.text)


class Watch:
    """Which credentials are on the table, and how far ahead the person looks."""

    def __init__(self, loot: Sequence[Loot], lab: Lab | None = None) -> None:
        self.loot, self.lab = list(loot), lab
        self.ahead = 0
        self.now = self._clock()

    def receive(self, name: str, value: Any) -> None:
        """Look ahead, or ask the lab again."""
        if name == "later" and value in LATER:
            self.ahead = LATER[value]
            self.now = self._clock()
        elif name == "stop" and value in _NUMBERS:
            # While the slider moves, its zero stays where it is.
            self.ahead = STOPS[_NUMBERS.index(value)]
        elif name == "again" and self.lab is not None:
            self.loot = [ask(self.lab, each) for each in self.loot]
            self.now = self._clock()

    def draw(self) -> Markup:
        """The meter of this moment."""
        return meter(self.loot, self.now, self.ahead, live=True, asks=self.lab is not None)

    def still(self) -> Markup:
        """The meter without controls: each credential's end stands there in words."""
        return meter(self.loot, self.now, self.ahead)

    def text(self) -> str:
        """The meter as plain text."""
        return meter_text(self.loot, self.now)

    def _clock(self) -> float:
        return self.lab.now() if self.lab else time.time()


def meter(
    loot: Sequence[Loot], now: float, ahead: int = 0, *, live: bool = False, asks: bool = False
) -> Markup:
    """All credentials beside each other, as they are so many seconds later than `now`."""
    return section(
        "meter",
        tag("h3", TITLE),
        _controls(ahead, asks) if live else None,
        tag("p", _headline(loot, now, ahead), class_="gl-verdict", role="status"),
        tag("p", f"Looked at {moment(now)}.", class_="gl-muted gl-small"),
        tag("div", [_card(each, now, ahead, live) for each in loot], class_="gl-loot"),
        tag("p", SCALE, class_="gl-muted gl-small"),
        label=TITLE,
    )


def meter_text(loot: Sequence[Loot], now: float) -> str:
    """The meter as plain text, with every moment that one may look ahead to."""
    return "\n\n".join([_headline(loot, now, 0), *(_card_text(each, now) for each in loot)])


def _headline(loot: Sequence[Loot], now: float, ahead: int) -> str:
    working = [each for each in loot if _works(each, now + ahead, ahead)]
    when = _when(ahead).capitalize()
    if not loot:
        return "Nothing was found."
    if not working:
        return f"{when}: nothing of it works any more."
    names = ", ".join(each.title for each in working) if len(working) <= MOST_NAMES else ""
    count = "it still works" if len(loot) == 1 else f"{len(working)} of {len(loot)} still work"
    if len(working) == 1 and len(loot) > 1:
        count = f"1 of {len(loot)} still works"
    return f"{when}: {count}: {names}." if names else f"{when}: {count}."


def _when(ahead: int) -> str:
    return f"in {duration(ahead)}" if ahead else "now"


def _controls(ahead: int, asks: bool) -> Markup:
    """A slider over time, and the moments that one asks for most, each by a button."""
    slider = tag(
        "input", type="range", min=0, max=len(STOPS) - 1, step=1, value=STOPS.index(ahead),
        data_send="stop", aria_valuetext=_when(ahead), class_="gl-slider",
    )  # fmt: skip
    said = tag("strong", _when(ahead), aria_hidden="true")
    time = tag("label", tag("span", "Look ahead in time"), slider, said, class_="gl-time")
    buttons = [
        button(name, "later", name, aria_pressed=str(LATER[name] == ahead).lower())
        for name in LATER
    ]
    again = button("Ask the lab again", "again") if asks else None
    return tag("div", time, tag("div", buttons, again, class_="gl-bar gl-filter", role="group",
               aria_label="Moments"), class_="gl-ahead")  # fmt: skip


def _card(loot: Loot, now: float, ahead: int, live: bool) -> Markup:
    """One credential: what it is first, then how much and how long, then what to do about it."""
    then, works = now + ahead, _works(loot, now + ahead, ahead)
    sign = tag("span", "▲ still works" if works else "✗ over",
               class_=f"gl-chip {'gl-failed' if works else 'gl-muted'}")  # fmt: skip
    return tag(
        "div",
        tag("h4", loot.title, " ", sign),
        tag("p", _what(loot), class_="gl-muted gl-small"),
        _line("Whose", _owner(loot)),
        _line("Time left", _time(loot, then, ahead), _bar(_time_share(loot, then, ahead))),
        # Who can't move the slider reads where it would lead.
        None if live else _line("Later", _moments(loot, now)),
        _line("May" if works else "Could", _may(loot), _reach_bar(loot.reach, works)),
        _line("Opens", _several(loot.opens)),
        _line("Needs beside it", _several(loot.needs or ("nothing",))),
        _line("Ended by", _several(loot.about.ended_by)),
        _line("Cannot", _several(loot.about.cannot)),
        _value(loot),
        tag("p", f"Known from: {'; '.join(loot.sources)}.", class_="gl-muted gl-small"),
        class_="gl-card", data_works=str(works).lower(), role="group", aria_label=loot.title,
    )  # fmt: skip


def _moments(loot: Loot, now: float) -> str:
    return "; ".join(
        f"{name}: {'works' if _works(loot, now + ahead, ahead) else 'over'}"
        for name, ahead in LATER.items()
    )


def _what(loot: Loot) -> str:
    kind = "" if loot.name == "" else f"{loot.kind}, "
    return kind + loot.form


def _line(title: str, said: object, bar: Markup | None = None) -> Markup:
    return tag("div", tag("strong", title), bar, tag("div", said), class_="gl-fact")


def _several(words: Sequence[str]) -> object:
    if len(words) == 1:
        return words[0]
    return tag("ul", [tag("li", each) for each in words]) if words else "nothing known"


def _owner(loot: Loot) -> str:
    who = loot.owner or "not known"
    client = f", given to {loot.client}" if loot.client and loot.client != loot.owner else ""
    roles = f" ({', '.join(loot.roles)})" if loot.roles else ""
    return f"{who}{roles}{client}"


def _may(loot: Loot) -> Markup:
    reach = f"{loot.reach.opened} of {loot.reach.total} {loot.reach.things}" if loot.reach else ""
    if loot.scopes is None:
        said = "everything its owner may do: no scope limits it"
    elif loot.scopes:
        return join([tag("div", tag("code", " ".join(loot.scopes))), tag("div", reach)])
    else:
        said = "nothing at an API by itself"
    return join([tag("div", said), tag("div", reach)])


def _works(loot: Loot, then: float, ahead: float) -> bool:
    return loot.works(then) and not (loot.about.once and ahead >= DAY)


def _time(loot: Loot, then: float, ahead: float) -> str:
    left = loot.seconds_left(then)
    if loot.alive is False:
        return f"none: {loot.over_because}" if loot.over_because else "none"
    if left is None and loot.idle:
        return _idle(loot.idle, ahead)
    if left is None:
        return "minutes; nobody knows how many" if loot.about.once else "no end by itself"
    if not left:
        return "none: it has expired"
    # On the short ones the seconds themselves are what a thief counts.
    return duration(left) + (f" ({left:,.0f} seconds)" if 60 <= left < DAY else "")


def _idle(idle: int, ahead: float) -> str:
    if ahead >= idle:
        return (
            f"no end if it was used at least every {duration(idle)}; else over. "
            "Each use starts the time again"
        )
    return f"{duration(idle)} without a use end it; each use starts them again, so: no end"


def duration(seconds: float) -> str:
    """A length of time in its two largest units, such as `1 hour 5 minutes`."""
    left, said = int(seconds), []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {name}" + ("" if count == 1 else "s"))
    return " ".join(said[:2]) or "less than a second"


def _time_share(loot: Loot, then: float, ahead: float) -> float:
    """How full the bar of time is: by powers, so that minutes and months fit on one scale."""
    left = loot.seconds_left(then)
    if left is None:
        return 1.0 if _works(loot, then, ahead) else 0.0
    return min(1.0, math.log1p(left) / math.log1p(YEAR))


def _reach_bar(reach: Reach | None, works: bool) -> Markup | None:
    if reach is None or not reach.total:
        return None
    return _bar(reach.opened / reach.total if works else 0.0)


def _bar(share: float) -> Markup:
    """A bar; the words beside it say the same."""
    width = round(100 * share, 1)
    return tag(
        "svg",
        tag("rect", width=100, height=8, class_="gl-bar-ground"),
        # What is left, however little, can be seen.
        tag("rect", width=max(width, 1.5) if share else 0, height=8, class_="gl-bar-fill"),
        viewBox="0 0 100 8", preserveAspectRatio="none", class_="gl-amount",
        aria_hidden="true", focusable="false",
    )  # fmt: skip


def _value(loot: Loot) -> Markup:
    return tag(
        "details",
        tag("summary", loot.masked, " ", tag("span", "Show", class_="gl-reveal"),
            tag("span", "Hide", class_="gl-hide")),
        tag("code", loot.value),
        class_="gl-secret", data_key=f"value-{loot.masked}",
    )  # fmt: skip


def _card_text(loot: Loot, now: float) -> str:
    reach = f", {loot.reach.opened} of {loot.reach.total} {loot.reach.things}" if loot.reach else ""
    scopes = (
        "everything its owner may do"
        if loot.scopes is None
        else " ".join(loot.scopes) or "nothing at an API by itself"
    )
    lines = [
        f"{loot.title} ({_what(loot)}; {loot.masked})",
        f"  whose: {_owner(loot)}",
        f"  time left: {_time(loot, now, 0)} ({_moments(loot, now)})",
        f"  may: {scopes}{reach}",
        f"  opens: {'; '.join(loot.opens)}",
    ]
    if loot.needs:
        lines.append(f"  needs beside it: {'; '.join(loot.needs)}")
    return "\n".join(
        [
            *lines,
            f"  ended by: {'; '.join(loot.about.ended_by) or 'nothing known'}",
            f"  cannot: {'; '.join(loot.about.cannot) or 'nothing known'}",
            f"  known from: {'; '.join(loot.sources)}",
        ]
    )
