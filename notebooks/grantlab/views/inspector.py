"""What a person sees of a recording: the sequence, the message they opened, the reasons for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup

from grantlab.lab import Reasons
from grantlab.recording import Exchange, Recording
from grantlab.views.html import button, tag
from grantlab.views.message import earlier_like, message
from grantlab.views.panel import Panel, keep_live
from grantlab.views.reasons import reasons
from grantlab.views.sequence import sequence, still_sequence
from grantlab.views.token import inside
from grantlab.views.words import story

Ask = Callable[[Exchange], Reasons]


class Inspector:
    """The exchanges shown, which of them is open, and the reasons if they were asked for."""

    def __init__(self, exchanges: Iterable[Exchange], ask: Ask | None = None) -> None:
        self.exchanges = list(exchanges)
        self.selected = len(self.exchanges) - 1
        self._ask = ask
        self._reasons: Reasons | None = None

    def draw(self) -> Markup:
        """The view of this moment."""
        return sequence(self.exchanges, self.selected, self._open())

    def still(self) -> Markup:
        """The view without JavaScript."""
        return still_sequence(self.exchanges, self._message)

    def text(self) -> str:
        """The view as plain text."""
        return story(self.exchanges)

    def receive(self, name: str, value: Any) -> None:
        """Do what the person asked: open a message, or ask for the server's reasons."""
        if name == "select":
            self.select(int(value))
        elif name == "reasons" and self._ask and self.exchanges:
            self._reasons = self._ask(self.exchanges[self.selected])

    def select(self, index: int) -> None:
        """Open that message (from 0); an index that there is none of opens the nearest."""
        self.selected = max(0, min(index, len(self.exchanges) - 1))
        self._reasons = None

    def follow(self, exchanges: Iterable[Exchange]) -> None:
        """Show these exchanges now; who was at the last one goes on to the newest."""
        at_the_end, before = self.selected == len(self.exchanges) - 1, self._opened()
        self.exchanges = list(exchanges)
        if at_the_end or self.selected >= len(self.exchanges):
            self.selected = len(self.exchanges) - 1
        if self._opened() != before:
            self._reasons = None

    def _opened(self) -> Exchange | None:
        return self.exchanges[self.selected] if self.exchanges else None

    def _open(self) -> Markup | None:
        if not self.exchanges:
            return None
        below = reasons(self._reasons) if self._reasons else None
        return self._message(self.exchanges[self.selected], below, top=self._bar())

    def _message(self, exchange: Exchange, *rest: object, top: object = None) -> Markup:
        return message(exchange, earlier_like(self.exchanges, exchange), inside, *rest, top=top)

    def _bar(self) -> Markup:
        at, last = self.selected, len(self.exchanges) - 1
        moves = [
            button("Previous message", "select", at - 1, aria_disabled=at <= 0 and "true"),
            button("Next message", "select", at + 1, aria_disabled=at >= last and "true"),
        ]
        if self._ask and self.exchanges[at].request_id:
            moves.append(button("Ask for the server's reasons", "reasons"))
        return tag("div", moves, class_="gl-bar")


def recording_panel(recording: Recording, ask: Ask | None = None) -> Panel:
    """Show a recording, live: new exchanges appear as they happen."""
    inspector = Inspector(recording, ask)
    panel = Panel(
        inspector.draw, receive=inspector.receive, still=inspector.still, text=inspector.text
    )
    keep_live(recording, panel, recording.watch, lambda: inspector.follow(recording))
    return panel
