"""The life of token families: the tree of each, and what happened to them moment by moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from grantlab.answers import ClockMove
from grantlab.recording import Exchange
from grantlab.views.html import button, icon, section, tag
from grantlab.views.lives import Life, Lives, Moment, Verify, read_lives, since
from grantlab.views.message import earlier_like, message
from grantlab.views.panel import Panel
from grantlab.views.token import inside

KINDS = {"A": "access token", "R": "refresh token", "I": "ID token"}
SIGNS = {"alive": "passed", "doubted": "here", "over": "failed"}
LEGEND = (
    ("alive", "nothing speaks against it"),
    ("doubted", "the server holds it for over; whoever checks it alone doesn't know"),
)
MOST_WIDE_LANES = 4
"""More tokens than this have a dot in their lane: the words stand in the row as well."""
NOTHING = "No token has been issued in this recording yet."
DIFFER = "They differ"


def timeline_panel(
    exchanges: Iterable[Exchange],
    verify: Verify | None = None,
    moves: Iterable[ClockMove] | None = None,
    until: float | None = None,
) -> Panel:
    """Show the lives of all tokens in these exchanges; a moment's message opens below them.

    `verify` sets a check of the token alone beside what the server says. `moves` of the server's
    clock and its time now, `until`, are a lab's `clock_moves` and `now()`.
    """
    shown = list(exchanges)
    told = None if moves is None else list(moves)
    lives = read_lives(shown, verify, told, until)
    opened: list[int | None] = [None]

    def receive(name: str, value: Any) -> None:
        if name == "open":
            number = int(value)
            opened[0] = None if opened[0] == number else number

    return Panel(
        lambda: draw(lives, shown, opened[0]),
        receive=receive,
        still=lambda: draw(lives, shown, still=True),
        text=lambda: text_of(lives),
    )


def moments(exchanges: Sequence[Exchange], verify: Verify | None = None) -> tuple[Moment, ...]:
    """All that happened to the tokens of these exchanges, in order."""
    return read_lives(exchanges, verify).moments


def timeline(exchanges: Sequence[Exchange], verify: Verify | None = None) -> Markup:
    """Draw the lives of all tokens in these exchanges."""
    return draw(read_lives(exchanges, verify), exchanges)


def timeline_text(exchanges: Sequence[Exchange], verify: Verify | None = None) -> str:
    """The lives as plain text."""
    return text_of(read_lives(exchanges, verify))


def draw(
    lives: Lives, exchanges: Sequence[Exchange], opened: int | None = None, *, still: bool = False
) -> Markup:
    """Draw the families as trees, then one row a moment, then the message that is open."""
    title = tag("h3", "Life of the tokens")
    if not lives.moments:
        return section("timeline", title, tag("p", NOTHING), label="Timeline")
    messages = [_message(exchanges, each) for each in exchanges if each.number == opened]
    return section(
        "timeline",
        title,
        [_family(number, family) for number, family in lives.families().items()],
        tag("h4", "Moment by moment"),
        _legend(),
        _table(lives, opened, still),
        messages or None,
        _all_messages(lives, exchanges) if still else None,
        label="Timeline",
    )


def text_of(lives: Lives) -> str:
    """The same as plain text: the trees, then one moment a line."""
    if not lives.moments:
        return NOTHING
    lines = []
    for number, family in lives.families().items():
        lines.append(_family_words(number, family))
        lines += [f"{'  ' * _depth(life, family)}{_life_words(life)}" for life in _in_tree(family)]
    for each in lives.moments:
        place = f"{each.number:3}." if each.number else "    "
        said = [each.outcome, *_verdict_words(each)]
        about = f": {', '.join(each.tokens)}" if each.tokens else ""
        lines.append(f"{place} {since(each.after)}  {each.kind}{about} ({'; '.join(said)})")
    return "\n".join(lines)


# The trees


def _family(number: int, family: list[Life]) -> Markup:
    roots = [life for life in family if life.parent is None]
    return tag(
        "div",
        tag("h4", _family_words(number, family)),
        _branch(roots, family),
        class_="gl-family",
    )


def _branch(branch: list[Life], family: list[Life]) -> Markup:
    rows = []
    for life in branch:
        bought = [each for each in family if each.parent == life.name]
        sign = "skipped" if life.name[0] == "I" else SIGNS[life.lane]
        look = {"here": "gl-new", "failed": "gl-muted"}.get(sign, f"gl-{sign}")
        rows.append(
            tag(
                "li",
                tag("span", icon(sign), tag("strong", life.name), class_=look),
                f" {KINDS[life.name[0]]}",
                tag("span", f": {_heard(life)}", class_="gl-muted"),
                _branch(bought, family) if bought else None,
            )
        )
    return tag("ul", rows, class_="gl-tree")


def _family_words(number: int, family: list[Life]) -> str:
    first = family[0]
    by = f"by {first.grant} " if first.grant else ""
    return f"Family {number}, {by}in message {first.issued_in}"


def _life_words(life: Life) -> str:
    return f"{life.name} {KINDS[life.name[0]]}: {_heard(life)}"


def _heard(life: Life) -> str:
    if life.name[0] == "I":
        return "for the app alone; nobody is asked about it"
    return "; ".join(life.heard) or "nothing against it so far"


def _in_tree(family: list[Life]) -> list[Life]:
    def below(parent: str | None) -> list[Life]:
        found = []
        for life in family:
            if life.parent == parent:
                found += [life, *below(life.name)]
        return found

    return below(None)


def _depth(life: Life, family: list[Life]) -> int:
    parents = {each.name: each.parent for each in family}
    depth, name = 1, life.parent
    while name is not None:
        depth, name = depth + 1, parents[name]
    return depth


# The moments


def _legend() -> Markup:
    words = [
        tag("li", tag("span", class_=f"gl-stroke gl-stroke-{lane}"), meaning)
        for lane, meaning in LEGEND
    ]
    return tag("ul", words, class_="gl-legend")


def _table(lives: Lives, opened: int | None, still: bool) -> Markup:
    # Nobody introspects or refreshes an ID token: it has no lane.
    names = [life.name for life in lives.tokens if life.name[0] != "I"]
    asked = any(each.local is not None or each.active is not None for each in lives.moments)
    heads = [
        tag("th", "When", scope="col"),
        tag("th", "What happened", scope="col", class_="gl-wide"),
        [tag("th", "Checked alone", scope="col"), tag("th", "The server says", scope="col")]
        if asked
        else None,
        [tag("th", name, scope="col", class_="gl-lane") for name in names],
    ]
    rows = []
    before: dict[str, Any] = {}
    for each in lives.moments:
        rows.append(_row(each, names, before, opened, still, asked))
        before = each.lanes
    look = "gl-lives gl-compact" if len(names) > MOST_WIDE_LANES else "gl-lives"
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_=look)
    return tag("div", table, class_="gl-scroll", tabindex="0", role="group", aria_label="Moments")


def _row(
    moment: Moment,
    names: Sequence[str],
    before: dict[str, Any],
    opened: int | None,
    still: bool,
    asked: bool,
) -> Markup:
    when: object = tag("div", since(moment.after), class_="gl-muted gl-small")
    if moment.number and still:
        when = [f"Message {moment.number} ", when]
    elif moment.number:
        pressed = "true" if moment.number == opened else "false"
        label = f"Message {moment.number}"
        when = [button(label, "open", moment.number, aria_pressed=pressed), when]
    sign = None if moment.alive else tag("span", icon("failed"), class_="gl-failed")
    happened = [
        sign,
        tag("strong", moment.kind),
        f" {', '.join(moment.tokens)}",
        tag("div", moment.outcome, class_="gl-muted gl-small"),
        tag("div", tag("span", DIFFER, class_="gl-chip gl-chip-new")) if moment.differs else None,
    ]
    return tag(
        "tr",
        tag("th", when, scope="row"),
        tag("td", happened, class_="gl-wide"),
        _verdicts(moment) if asked else None,
        [_lane(moment, name, before.get(name, "")) for name in names],
        class_="gl-differs" if moment.differs else None,
    )


def _verdicts(moment: Moment) -> list[Markup]:
    cells = []
    for side, said, words in (
        ("Checked alone", moment.local, ("valid", "not valid")),
        ("The server says", moment.active, ("active", "not active")),
    ):
        if said is None:
            cells.append(tag("td"))
            continue
        sign = "passed" if said else "failed"
        word = tag("span", icon(sign), words[not said], class_=f"gl-result gl-{sign}")
        cells.append(tag("td", word, data_side=side))
    return cells


def _verdict_words(moment: Moment) -> list[str]:
    words = []
    if moment.local is not None:
        words.append(f"local check: {'valid' if moment.local else 'not valid'}")
    return [*words, "they differ"] if moment.differs else words


def _lane(moment: Moment, name: str, before: str) -> Markup:
    now = moment.lanes.get(name, "")
    # Above its own moment a token has the line of before, below it that of now.
    look = f"gl-lane gl-from-{before or 'none'} gl-to-{now or 'none'}"
    if name not in moment.tokens:
        return tag("td", class_=look)
    words = {"introspected": "asked", "refreshed": "traded" if moment.alive else "refused"}
    word = "issued" if not before else words.get(moment.kind, moment.kind)
    return tag("td", tag("span", word), class_=look)


# The messages


def _message(exchanges: Sequence[Exchange], exchange: Exchange) -> Markup:
    return message(exchange, earlier_like(exchanges, exchange), inside)


def _all_messages(lives: Lives, exchanges: Sequence[Exchange]) -> Markup:
    wanted = {each.number for each in lives.moments}
    listed = [
        tag(
            "details",
            tag("summary", f"Message {each.number}"),
            _message(exchanges, each),
            data_key=f"message-{each.number}",
        )
        for each in exchanges
        if each.number in wanted
    ]
    return tag("div", tag("h4", "The messages"), listed)
