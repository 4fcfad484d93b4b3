"""The least-privilege map: operations against scopes and roles, and what the server says."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from markupsafe import Markup

from grantlab.least_privilege import (
    Comparison,
    Holding,
    Identity,
    Needed,
    Operation,
    Prediction,
    compare,
    needed_for,
)
from grantlab.trying import PrivilegeMap, Tried, as_written, try_all
from grantlab.views.html import button, join, section, tag
from grantlab.views.matrix_rows import (
    LOOKS,
    OUTCOMES,
    STATES,
    Column,
    columns_for,
    drawn_row,
    heads,
    look,
)
from grantlab.views.panel import Panel

TITLE = "Least-privilege map"
ALL = "all"
FREE = "no credential needed"
Found = tuple[int, Operation, Prediction]


def matrix_panel(shown: PrivilegeMap) -> Panel:
    """The map: choose who calls, filter the rows, and run any of them."""
    desk = Desk(shown)
    panel = Panel(desk.draw, receive=desk.receive, still=desk.still, text=desk.text)
    # Rows show up one by one while many are tried.
    desk.progress = panel.redraw
    return panel


class Desk:
    """What the person has chosen so far, and what was tried."""

    def __init__(self, shown: PrivilegeMap) -> None:
        self.map = shown
        self.at, self.area, self.outcome = 0, ALL, ALL
        self.tried: dict[tuple[int, int], Tried] = {}
        self.stood: dict[tuple[int, int], Tried] = {}
        self.progress: Any = lambda: None

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return self.map.identities[self.at]

    @property
    def runs(self) -> bool:
        """Rows can be tried: there is a lab, and something to call it with."""
        return self.map.lab is not None and bool(self.identity.authorization)

    def receive(self, name: str, value: Any) -> None:
        """Choose, filter or run."""
        if name == "identity":
            self.at = int(value)
        elif name == "area":
            self.area, self.outcome = str(value), ALL
        elif name == "outcome":
            self.outcome = str(value)
        elif name == "run":
            self._run([int(value)])
        elif name == "run-written":
            self._run_as_it_stood(int(value))
        elif name == "run-shown":
            self._run([row for row, _, _ in self._rows()])

    def draw(self) -> Markup:
        """The map of this moment."""
        return self._drawn(live=True)

    def still(self) -> Markup:
        """The maps of all who could call, without controls that nobody would answer."""
        each = copy(self)
        drawn = []
        for at in range(len(self.map.identities)):
            each.at = at
            drawn.append(each._drawn(live=False))
        return join(drawn)

    def text(self) -> str:
        """The whole map as plain text, for each identity."""
        return "\n\n".join(
            matrix_text(self.map.operations, each, self._results(at))
            for at, each in enumerate(self.map.identities)
        )

    def _drawn(self, *, live: bool) -> Markup:
        asked = [each for each in self.map.operations if self.area in (ALL, each.area)]
        needed = needed_for(asked)
        found = compare(self.identity, needed)
        return section(
            "matrix",
            tag("h3", TITLE),
            self._identities() if live else tag("p", _who(self.identity)),
            verdict(found, needed),
            tag("div", _holdings(self.identity, found), class_="gl-holdings"),
            _least(needed),
            self._bars() if live else None,
            None if live and self.runs else self._ran(),
            tag("p", "Paths are below ", tag("code", "/api/v1"), ".", class_="gl-muted gl-small"),
            self._table(found, live and self.runs),
            label=TITLE,
        )

    def _identities(self) -> Markup:
        buttons = [
            button(_who(each), "identity", at, aria_pressed=_on(at == self.at))
            for at, each in enumerate(self.map.identities)
        ]
        return tag("div", buttons, class_="gl-bar", role="group", aria_label="Who calls")

    def _bars(self) -> Markup:
        areas = list(dict.fromkeys(each.area for each in self.map.operations))
        inside = self._found(ALL)
        outcomes = [name for name in OUTCOMES if any(said.outcome == name for _, _, said in inside)]
        bars = []
        if len(areas) > 1:
            counts = {area: sum(each.area == area for each in self.map.operations)
                      for area in areas}  # fmt: skip
            bars.append(_filter("Area", "area", self.area, counts))
        if len(outcomes) > 1:
            counts = {name: sum(said.outcome == name for _, _, said in inside)
                      for name in outcomes}  # fmt: skip
            bars.append(_filter("Prediction", "outcome", self.outcome, counts))
        if self.runs:
            count = len(self._rows())
            label = f"Run the {count} calls below" if count > 1 else "Run the call below"
            run = button(label, "run-shown", class_="gl-main")
            bars.append(tag("div", run, self._ran(), class_="gl-bar"))
        else:
            why = "To run a row for real, give a lab and an identity that has a credential."
            bars.append(tag("p", why, class_="gl-muted gl-small"))
        return join(bars)

    def _ran(self) -> Markup:
        """How many were tried: a live region, so that it is heard without a look."""
        results = self._results(self.at).values()
        wrong = [each for each in results if not each.as_predicted and each.status]
        said = f"{len(results)} tried, " if results else ""
        if results:
            said += f"≠ {len(wrong)} not as predicted." if wrong else "✓ all as predicted."
        return tag("p", said, role="status", class_="gl-ran")

    def _table(self, found: Comparison, live: bool) -> Markup:
        rows = self._rows()
        asked = [each for each in rows if each[2].outcome != FREE]
        free = [each for each in rows if each[2].outcome == FREE]
        columns = columns_for([operation for _, operation, _ in asked], self.identity, found)
        parts = [self._matrix(asked, columns, live)] if asked else []
        if free:
            sign, words = OUTCOMES[FREE]
            parts.append(
                tag(
                    "details",
                    tag("summary", tag("strong", f"{sign} {words}"), f" · {_calls(len(free))}"),
                    self._matrix(free, [], live),
                    open=not asked, data_key="free",
                )
            )  # fmt: skip
        return join(parts)

    def _matrix(self, rows: list[Found], columns: Sequence[Column], live: bool) -> Markup:
        """One table; a body for each outcome, under its name."""
        bodies = []
        for name, (sign, words) in OUTCOMES.items():
            mine = [(row, each) for row, each, said in rows if said.outcome == name]
            if not mine:
                continue
            title = tag("span", f"{sign} {words}", class_=LOOKS.get(sign, "gl-muted"))
            head = tag("th", title, f" · {_calls(len(mine))}", scope="rowgroup",
                       colspan=len(columns) + 2)  # fmt: skip
            lines = [
                drawn_row(
                    row,
                    each,
                    self.identity,
                    columns,
                    self.tried.get((self.at, row)),
                    self.stood.get((self.at, row)),
                    live,
                )
                for row, each in mine
            ]
            shown = tag("tr", head, class_="gl-divider") if columns else None
            bodies.append(tag("tbody", shown, lines, data_key=name))
        table = tag("table", tag("thead", heads(columns)), bodies, class_="gl-matrix-table",
                    aria_label=TITLE)  # fmt: skip
        return tag("div", table, class_="gl-wide", tabindex="0", role="group", aria_label="Rows")

    def _rows(self) -> list[Found]:
        return self._found(self.outcome)

    def _found(self, outcome: str) -> list[Found]:
        predicted = compare(self.identity, self.map.operations).predictions
        return [
            (row, operation, said)
            for row, (operation, said) in enumerate(predicted)
            if self.area in (ALL, operation.area) and outcome in (ALL, said.outcome)
        ]

    def _results(self, at: int) -> dict[int, Tried]:
        return {row: each for (whose, row), each in self.tried.items() if whose == at}

    def _run(self, rows: Sequence[int]) -> None:
        if self.map.lab is None or not self.runs:
            return
        left, at = iter(rows), self.at
        # Ten pictures on the way are enough: of many rows each costs a moment.
        often = max(1, len(rows) // 10)

        def note(result: Tried) -> None:
            self.tried[at, next(left)] = result
            if len(self.tried) % often == 0:
                self.progress()

        operations = [self.map.operations[row] for row in rows]
        try_all(self.map.lab, self.identity, operations, watch=note)

    def _run_as_it_stood(self, row: int) -> None:
        if self.map.lab is not None and self.runs:
            line = as_written(self.map.operations[row])
            (self.stood[self.at, row],) = try_all(self.map.lab, self.identity, [line])


def matrix_text(
    operations: Sequence[Operation], identity: Identity, results: dict[int, Tried] | None = None
) -> str:
    """The map for one identity as plain text: the answer first, then every row."""
    needed = needed_for(operations)
    found = compare(identity, needed)
    lines = [_who(identity), _verdict_words(found), _least_words(needed)]
    lines += [
        f"  {STATES[each.state]} {each.state}: {each.name} ({each.because})"
        for each in (*found.scopes, *found.roles)
    ]
    for row, (operation, said) in enumerate(found.predictions):
        tried = (results or {}).get(row)
        ran = f"; the server: {tried.answer}, {tried.outcome}" if tried else ""
        lacks = f" ({said.lacks})" if said.lacks else ""
        title = f"{operation.does}: " if operation.does else ""
        sign = OUTCOMES[said.outcome][0]
        lines.append(f"{row + 1:3}. {title}{operation.call} {sign} {said.outcome}{lacks}{ran}")
    return "\n".join(lines)


def verdict(found: Comparison, needed: Needed) -> Markup:
    """The answer in one line, as large as a heading."""
    words = _verdict_words(found)
    return tag("p", words, class_=f"gl-verdict {LOOKS[words[0]]}")


def _verdict_words(found: Comparison) -> str:
    if found.exact:
        return "✓ Exactly enough: nothing is missing, nothing is too much."
    if found.enough:
        unused, heavy = found.named("unused"), found.named("more than needed")
        said = [f"{len(unused)} unused"] if unused else []
        said += [f"{len(heavy)} larger than needed"] if heavy else []
        return f"▲ Enough, and more than that: {' and '.join(said)}."
    refused = len(found.refused)
    are = "is" if refused == 1 else "are"
    return f"✗ Not enough: {refused} of {_calls(len(found.predictions))} {are} refused."


def _least(needed: Needed) -> Markup:
    more = []
    if needed.or_roles:
        more.append(tag("p", "Roles that would do as well and are larger: ",
                        tag("code", ", ".join(needed.or_roles))))  # fmt: skip
    if needed.permissions:
        more.append(tag("p", f"Or a custom role with these {len(needed.permissions)} permissions: ",
                        tag("code", ", ".join(needed.permissions))))  # fmt: skip
    least = tag("p", _least_words(needed), class_="gl-least")
    if not more:
        return least
    return join(
        [least, tag("details", tag("summary", "Other roles that would do"), more, data_key="least")]
    )


def _least_words(needed: Needed) -> str:
    scopes = f"{_and(needed.scopes)}" if needed.scopes else "no scope"
    word = "role" if len(needed.roles) == 1 else "roles"
    roles = f"the {word} {_and(needed.roles)}" if needed.roles else "no admin role"
    said = f"Enough for these {_calls(len(needed.operations))}: {scopes}, with {roles}."
    if needed.api_token_only:
        count = len(needed.api_token_only)
        said += (
            f" {count} of them {'takes' if count == 1 else 'take'} an API token: no scope exists."
        )
    if needed.public:
        count = len(needed.public)
        said += f" {count} of them {'needs' if count == 1 else 'need'} no credential."
    return said


def _holdings(identity: Identity, found: Comparison) -> Markup:
    no_scopes = (
        "An API token has no scopes: it may do all that its roles may do."
        if identity.scopes is None
        else "None granted, none needed."
    )
    return join(
        [
            _holding_list("Scopes", found.scopes, no_scopes),
            _holding_list("Admin roles", found.roles, "None held, none needed."),
        ]
    )


def _holding_list(title: str, holdings: Sequence[Holding], nothing: str) -> Markup:
    items = [
        tag(
            "li",
            tag("span", f"{STATES[one.state]} {one.state}", class_=f"gl-chip {look(one.state)}"),
            " ", tag("code", one.name),
            tag("div", one.because, class_="gl-muted gl-small"),
            data_state=one.state,
        )
        for one in holdings
    ]  # fmt: skip
    body = tag("ul", items) if items else tag("p", nothing, class_="gl-muted")
    return tag("div", tag("h4", title), body)


def _filter(title: str, send: str, chosen: str, counts: dict[str, int]) -> Markup:
    total = sum(counts.values())
    buttons = [
        button(f"{name} ({count})", send, name, aria_pressed=_on(name == chosen))
        for name, count in {ALL: total, **counts}.items()
    ]
    return tag("div", tag("span", title, class_="gl-muted"), buttons, class_="gl-bar gl-filter",
               role="group", aria_label=title)  # fmt: skip


def _who(identity: Identity) -> str:
    return f"{identity.name} ({identity.credential})"


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _and(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _on(chosen: bool) -> str:
    return str(chosen).lower()
