"""A recording at three zoom levels: the sequence, one message of it, the server's reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

from markupsafe import Markup

from grantlab.finding import LabError
from grantlab.lab import Reasons
from grantlab.recording import Exchange, Recording
from grantlab.views.copies import copies, still_copies
from grantlab.views.html import button, section, tag
from grantlab.views.message import earlier_like, message, message_text
from grantlab.views.panel import Panel, keep_live
from grantlab.views.reasons import no_reasons, reasons, reasons_text
from grantlab.views.sequence import sequence, still_sequence
from grantlab.views.token import inside
from grantlab.views.words import answer_words, sentence, story

Ask = Callable[[Exchange], Reasons]
Level = Literal["sequence", "message", "reasons"]

LEVELS: tuple[Level, ...] = ("sequence", "message", "reasons")
KEYS: dict[Level, dict[str, tuple[str, object]]] = {
    "sequence": {
        "ArrowUp": ("move", -1),
        "ArrowDown": ("move", 1),
        "ArrowLeft": ("move", -1),
        "ArrowRight": ("move", 1),
        "Enter": ("in", None),
    },
    "message": {
        "ArrowLeft": ("move", -1),
        "ArrowRight": ("move", 1),
        "Enter": ("in", None),
        "Escape": ("out", None),
    },
    "reasons": {"ArrowLeft": ("move", -1), "ArrowRight": ("move", 1), "Escape": ("out", None)},
}
SAID: dict[Level, tuple[tuple[str, str], ...]] = {
    "sequence": (("↑ ↓", "choose a message"), ("Enter", "open it")),
    "message": (
        ("← →", "other messages"),
        ("Enter", "the server's reasons"),
        ("Esc", "back to the sequence"),
    ),
    "reasons": (("← →", "other messages"), ("Esc", "back to the message")),
}
# So many numbers fit into two lines, and into the time that a click may take.
MOST_NUMBERS = 30
# A page without JavaScript holds every message at once: a long recording tells them as text.
MOST_TABLES = 20

NOT_THE_SERVER = "The app caught this redirect: no server had a part in it."
ANOTHER_SERVER = (
    "Not available: this answer carries no X-Okta-Request-Id, so another server gave it, and "
    "this lab has no reasons for it."
)
WAS_LOADED = (
    "Not available: this recording was loaded, and nobody asked for these reasons before it was "
    "saved."
)
NO_LAB = "Not available: show the recording with its lab, `show(recording, lab=lab)`."


class Inspector:
    """The exchanges shown, the level at which they are looked at, and which of them is chosen."""

    def __init__(self, exchanges: Iterable[Exchange], ask: Ask | None = None) -> None:
        self.recording = exchanges if isinstance(exchanges, Recording) else Recording()
        self.exchanges = list(exchanges)
        self.selected = len(self.exchanges) - 1
        self.level: Level = "sequence"
        self.secrets = False
        self._ask = ask
        self._refused: dict[int, str] = {}

    def draw(self) -> Markup:
        """The view of this moment: only what is open is drawn."""
        if not self.exchanges:
            return sequence(self.exchanges)
        return section(
            "inspector",
            self._crumbs(),
            self._body(),
            label="Recording",
            data_keys=json.dumps(KEYS[self.level]),
        )

    def still(self) -> Markup:
        """The view without JavaScript: every message opens, with its reasons if they are kept."""
        return still_sequence(self.exchanges, self._still_message)

    def text(self) -> str:
        """All three levels as plain text, without secrets."""
        lines = [story(self.exchanges)]
        for each in self.exchanges:
            lines += ["", message_text(each)]
            if found := self.recording.reasons_of(each):
                lines.append(reasons_text(found))
        return "\n".join(lines)

    def receive(self, name: str, value: Any) -> None:
        """Do what the person asked: choose a message, zoom in or out, open up the copies."""
        match name:
            case "select":
                self.select(int(value))
                self.level = "message" if self.level == "sequence" else self.level
            case "move":
                self.select(self.selected + int(value))
            case "in" | "out":
                self._zoom(LEVELS.index(self.level) + (1 if name == "in" else -1))
            case "zoom":
                self._zoom(LEVELS.index(value))
            case "reasons":
                self._zoom(LEVELS.index("reasons"))
            case "secrets":
                self.secrets = bool(value["on"])
        if self.level == "reasons":
            self._fetch()

    def select(self, index: int) -> None:
        """Choose that message (from 0); an index that there is none of chooses the nearest."""
        self.selected = max(0, min(index, len(self.exchanges) - 1))
        self.secrets = False

    def follow(self, exchanges: Iterable[Exchange]) -> None:
        """Show these exchanges now; who was at the last one goes on to the newest."""
        if isinstance(exchanges, Recording):
            self.recording = exchanges
        at_the_end, before = self.selected == len(self.exchanges) - 1, self._opened()
        self.exchanges = list(exchanges)
        if at_the_end or self.selected >= len(self.exchanges):
            self.selected = len(self.exchanges) - 1
        if self._opened() != before:
            self.secrets = False
            self.level = "message" if self.level == "reasons" else self.level
        if not self.exchanges:
            self.level = "sequence"
            self._refused.clear()

    def _opened(self) -> Exchange | None:
        return self.exchanges[self.selected] if self.exchanges else None

    def _zoom(self, at: int) -> None:
        before, self.level = self.level, LEVELS[max(0, min(at, len(LEVELS) - 1))]
        if self.level == "reasons":
            try:
                self._fetch()
            except Exception:
                self.level = before
                raise

    def _fetch(self) -> None:
        """Ask the server once for each message; its answer is kept with the recording."""
        one = self._opened()
        if one is None or self._ask is None or self.recording.reasons_of(one) or not one.request_id:
            return
        try:
            self.recording.keep_reasons(one, self._ask(one))
        except LabError as trouble:
            self._refused[one.number] = f"Not available: {trouble}"

    # Drawing

    def _body(self) -> Markup:
        one = self.exchanges[self.selected]
        if self.level == "sequence":
            return sequence(self.exchanges, self.selected, self._peek(one), keys=self._keys())
        drawn = self._message(one) if self.level == "message" else self._reasons(one)
        return tag(
            "div",
            self._strip(),
            self._bar(one),
            self._keys(),
            drawn,
            class_="gl-level",
            tabindex="0",
            role="group",
            aria_label=f"{self.level.capitalize()} {self.selected + 1} of {len(self.exchanges)}",
            data_focus=self.level,
        )

    def _crumbs(self) -> Markup:
        number = f"Message {self.selected + 1} of {len(self.exchanges)}"
        names = {"sequence": "Sequence", "message": number, "reasons": "The server's reasons"}
        items = [
            tag(
                "li",
                button(names[level], "zoom", level,
                       aria_current="true" if level == self.level else None),
            )
            for level in LEVELS
        ]  # fmt: skip
        return tag("ol", items, class_="gl-crumbs", aria_label="Zoom")

    def _keys(self) -> Markup:
        said = [[tag("span", tag("kbd", keys), f" {does}"), " "] for keys, does in SAID[self.level]]
        return tag("p", said, class_="gl-keys gl-small gl-muted")

    def _peek(self, one: Exchange) -> Markup:
        said = tag("p", tag("strong", f"Message {self.selected + 1}: "), sentence(one),
                   aria_live="polite")  # fmt: skip
        return tag(
            "div",
            said,
            tag(
                "div",
                button("Open the message", "zoom", "message", class_="gl-main"),
                self._reasons_button(one),
                class_="gl-bar",
            ),
            class_="gl-peek",
        )

    def _strip(self) -> Markup:
        """The sequence in one line, so that nobody loses their place in it."""
        first = max(0, min(self.selected - MOST_NUMBERS // 2, len(self.exchanges) - MOST_NUMBERS))
        shown = self.exchanges[first : first + MOST_NUMBERS]
        items = [tag("li", "…")] if first else []
        items += [self._number(at, each) for at, each in enumerate(shown, first)]
        items += [tag("li", "…")] if first + len(shown) < len(self.exchanges) else []
        return tag("ol", items, class_="gl-strip", aria_label="Messages")

    def _number(self, at: int, one: Exchange) -> Markup:
        mark = " ✗" if answer_words(one).refused else ""
        return tag(
            "li",
            button(
                f"{at + 1}{mark}", "select", at, class_=f"gl-{one.channel}",
                aria_pressed=str(at == self.selected).lower(), title=sentence(one),
                aria_label=f"{at + 1}{mark}: {sentence(one)}",
            ),
        )  # fmt: skip

    def _bar(self, one: Exchange) -> Markup:
        at, last = self.selected, len(self.exchanges) - 1
        return tag(
            "div",
            button("Previous message", "move", -1, aria_disabled=at <= 0 and "true"),
            button("Next message", "move", 1, aria_disabled=at >= last and "true"),
            self._reasons_button(one) if self.level == "message" else None,
            class_="gl-bar",
        )

    def _reasons_button(self, one: Exchange) -> Markup | None:
        if self.recording.reasons_of(one):
            return button("See the server's reasons", "reasons")
        if self._ask and one.request_id:
            return button("Ask for the server's reasons", "reasons")
        return None

    def _message(self, one: Exchange) -> Markup:
        return message(
            one,
            earlier_like(self.exchanges, one),
            inside,
            copies(one, self.secrets),
            start=self.exchanges[0].started,
        )

    def _reasons(self, one: Exchange) -> Markup:
        about = f"Message {self.selected + 1}: {sentence(one)}"
        found = self.recording.reasons_of(one)
        return reasons(found, about) if found else no_reasons(self._why_none(one), about)

    def _why_none(self, one: Exchange) -> str:
        if one.number in self._refused:
            return self._refused[one.number]
        if one.status is None:
            return NOT_THE_SERVER
        if one.request_id is None:
            return ANOTHER_SERVER
        return WAS_LOADED if self.recording.loaded else NO_LAB

    def _still_message(self, one: Exchange) -> Markup:
        if len(self.exchanges) > MOST_TABLES:
            found = self.recording.reasons_of(one)
            return tag("pre", message_text(one), "\n\n", reasons_text(found) if found else None)
        found = self.recording.reasons_of(one)
        below = reasons(found) if found else None
        rest = (still_copies(one), below)
        start = self.exchanges[0].started
        return message(one, earlier_like(self.exchanges, one), inside, *rest, start=start)


def recording_panel(recording: Recording, ask: Ask | None = None) -> Panel:
    """Show a recording, live: new exchanges appear as they happen."""
    inspector = Inspector(recording, ask)
    panel = Panel(
        inspector.draw, receive=inspector.receive, still=inspector.still, text=inspector.text
    )
    keep_live(recording, panel, recording.watch, lambda: inspector.follow(recording))
    return panel
