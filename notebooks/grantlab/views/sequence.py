"""The sequence diagram of a recording, as SVG, and its twin in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grantlab.recording import Exchange
from grantlab.views.html import Child, button, join, section, tag
from grantlab.views.words import answer_words, clip, request_words, sentence, since

# The picture's own units; 16 of them are 1em on the page.
COLUMN, NARROW, LEFT, HEAD, TALL, SHORT = 252, 200, 64, 58, 76, 66
MOST_WIDE = 5
"""More participants than this stand closer together, so that six still fit a notebook's width."""
LETTER, BOLD = 8.5, 9.3
BADGE = 38


@dataclass(frozen=True)
class Columns:
    """Where each participant's line runs, and how far apart they are."""

    places: dict[str, int]
    wide: int

    @property
    def width(self) -> int:
        """The width of the whole picture."""
        return LEFT + self.wide * max(len(self.places), 1)


def participants(exchanges: Sequence[Exchange]) -> list[str]:
    """Everybody who sent or received, in order of first appearance."""
    seen = dict.fromkeys(name for each in exchanges for name in (each.sender, each.receiver))
    return list(seen)


def picture(exchanges: Sequence[Exchange], selected: int | None = None) -> Markup:
    """Draw the recording. It is decoration for the eye: `messages` says the same in words.

    A step sends `select` with its index (from 0) when it is clicked.
    """
    columns = _columns(participants(exchanges))
    steps, top = [], HEAD + 12
    for at, exchange in enumerate(exchanges):
        height = SHORT if exchange.status is None else TALL
        when = since(exchange.started, exchanges[0].started)
        steps.append(_step(exchange, at, columns, (top, height), at == selected, when))
        top += height
    lives = [
        tag("line", x1=x, x2=x, y1=HEAD, y2=top + 8, class_="gl-life")
        for x in columns.places.values()
    ]
    heads = [_head(name, x, columns.wide) for name, x in columns.places.items()]
    # The heads are a picture of their own: they stay when the steps are scrolled.
    return tag(
        "div",
        _svg(columns, 0, HEAD, heads, class_="gl-heads", data_head=True),
        _svg(columns, HEAD, top + 12, [lives, steps]),
        class_="gl-picture",
        aria_hidden="true",
    )


def messages(exchanges: Sequence[Exchange], selected: int | None = None) -> Markup:
    """List the messages as buttons that send `select` with their index (from 0)."""
    items = [
        tag("li", button(sentence(each), "select", at, aria_pressed=str(at == selected).lower()))
        for at, each in enumerate(exchanges)
    ]
    return tag("ol", items, class_="gl-messages")


def legend() -> Markup:
    """Say what the lines of the picture mean."""
    return tag(
        "ul",
        tag("li", tag("span", class_="gl-stroke gl-stroke-front"), "dashed: front channel"),
        tag("li", tag("span", class_="gl-stroke"), "solid: back channel"),
        tag("li", tag("strong", "✗", class_="gl-failed"), Markup("&#160;"), "cross: refused"),
        class_="gl-legend",
    )


def sequence(
    exchanges: Sequence[Exchange], selected: int | None = None, *rest: object, keys: object = None
) -> Markup:
    """The whole view: legend, picture, what the caller puts below, and the twin in words.

    `keys` says under the picture what the keyboard does there.
    """
    if not exchanges:
        empty = tag("p", "Nothing recorded yet. Requests appear here as they happen.")
        return section("sequence", tag("h3", "Messages"), empty, *rest, label="Messages")
    return section(
        "sequence",
        _heading(exchanges),
        legend(),
        _scroll(picture(exchanges, selected)),
        keys,
        *rest,
        tag(
            "details",
            tag("summary", "The same as a list"),
            messages(exchanges, selected),
            data_key="list",
        ),
        label="Messages",
    )


def still_sequence(
    exchanges: Sequence[Exchange], inside: Callable[[Exchange], Markup]
) -> Markup:  # fmt: skip
    """The view without JavaScript: each message of the list opens to what `inside` says of it."""
    if not exchanges:
        return sequence(exchanges)
    items = [
        tag("li", tag("details", tag("summary", sentence(each)), inside(each)))
        for each in exchanges
    ]
    return section(
        "sequence",
        _heading(exchanges),
        legend(),
        _scroll(picture(exchanges)),
        tag("ol", items, class_="gl-messages"),
        label="Messages",
    )


def _columns(names: Sequence[str]) -> Columns:
    wide = COLUMN if len(names) <= MOST_WIDE else NARROW
    return Columns({name: LEFT + wide // 2 + wide * at for at, name in enumerate(names)}, wide)


def _svg(columns: Columns, top: int, bottom: int, inner: Child, **attributes: object) -> Markup:
    width = columns.width
    least = min(width, columns.wide * max(len(columns.places), 2)) / 20
    return tag(
        "svg", inner, viewBox=f"0 {top} {width} {bottom - top}",
        style=f"width:{width / 16}em;min-width:{least}em",
        xmlns="http://www.w3.org/2000/svg", focusable="false", **attributes,
    )  # fmt: skip


def _heading(exchanges: Sequence[Exchange]) -> Markup:
    count = len(exchanges)
    who = ", ".join(participants(exchanges))
    counted = "1 message" if count == 1 else f"{count} messages"
    return tag("h3", counted, tag("span", f" between {who}", class_="gl-muted"))


def _scroll(inner: Markup) -> Markup:
    return tag(
        "div", inner, class_="gl-scroll", tabindex="0", role="group",
        aria_label="Sequence diagram", data_focus="sequence",
    )  # fmt: skip


def _head(name: str, x: int, column: int) -> Markup:
    wide = column - 28
    lines = _two_lines(name, int(wide / BOLD))
    first = 26 if len(lines) == 1 else 18
    words = [
        tag("text", line, x=x, y=first + 5 + 19 * at, text_anchor="middle", class_="gl-name")
        for at, line in enumerate(lines)
    ]
    box = tag("rect", x=x - wide / 2, y=1, width=wide, height=50, rx=8, class_="gl-head")
    return tag("g", tag("title", name), box, words)


def _two_lines(name: str, room: int) -> list[str]:
    if len(name) <= room:
        return [name]
    cut = name.rfind(" ", 0, room + 1)
    cut = cut if cut > 0 else room
    return [name[:cut], clip(name[cut:].strip(), room)]


def _step(
    exchange: Exchange,
    at: int,
    columns: Columns,
    box: tuple[int, int],
    selected: bool,
    when: str,
) -> Markup:
    top, height = box
    here, there = columns.places[exchange.sender], columns.places[exchange.receiver]
    middle = (here + there) / 2 if here != there else here + columns.wide / 2
    answer = answer_words(exchange)
    room = int((abs(there - here) or columns.wide) / LETTER) - 3
    pieces = [
        tag("title", f"{at + 1}. {sentence(exchange)}"),
        tag("rect", x=0, y=top, width=columns.width, height=height, rx=6, class_="gl-band"),
        _badge(at + 1, top + 27),
        tag("text", f"+{when}", x=BADGE, y=top + 56, text_anchor="middle", class_="gl-time"),
        _arrow(here, there, top + 32),
        _label(request_words(exchange, room), middle, top + 24, "gl-code"),
    ]
    word = clip(f"✗ {answer}" if answer.refused else str(answer), room)
    look = "gl-refused" if answer.refused else ""
    if exchange.status is None:
        pieces += [_caught(there, top + 32), _label(word, middle, top + 50, look)]
    else:
        pieces += [_arrow(there, here, top + 66), _label(word, middle, top + 58, look)]
    if answer.refused:
        pieces.append(_cross(*((there, top + 32) if exchange.status is None else (here, top + 66))))
    marks = f"gl-step gl-{exchange.channel}{' gl-selected' if selected else ''}"
    chosen = at if selected else None
    return tag("g", pieces, class_=marks, data_send="select", data_value=at, data_chosen=chosen)


def _badge(number: int, y: int) -> Markup:
    wide = 26 if number < 100 else 34
    return join(
        [
            tag("rect", x=BADGE - wide / 2, y=y - 13, width=wide, height=26, rx=13,
                class_="gl-badge"),
            tag("text", number, x=BADGE, y=y + 5, text_anchor="middle",
                class_="gl-badge-text"),
        ]
    )  # fmt: skip


def _arrow(start: int, end: int, y: int) -> Markup:
    if start == end:
        line = tag("path", d=f"M{start} {y - 8}h36v16h-28", class_="gl-arrow")
        return join([line, tag("path", d=f"M{start} {y + 8}l11 -6v12z", class_="gl-tip")])
    way = 1 if end > start else -1
    return join(
        [
            tag("line", x1=start, y1=y, x2=end - 9 * way, y2=y, class_="gl-arrow"),
            tag("path", d=f"M{end} {y}l{-11 * way} -6v12z", class_="gl-tip"),
        ]
    )


def _label(text: str, middle: float, y: int, look: str) -> Markup:
    return tag("text", text, x=middle, y=y, text_anchor="middle", class_=f"gl-label {look}")


def _caught(x: int, y: int) -> Markup:
    return tag("circle", cx=x, cy=y, r=11, class_="gl-arrow", style="stroke-dasharray:none")


def _cross(x: int, y: int) -> Markup:
    ring = tag("circle", cx=x, cy=y, r=11, class_="gl-cross")
    cross = f"M{x - 5} {y - 5}l10 10m0 -10l-10 10"
    return join([ring, tag("path", d=cross, class_="gl-cross")])
