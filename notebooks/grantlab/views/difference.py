"""Two runs side by side: where they part, what changed, and what is new each time anyway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from grantlab.comparing import Likeness, Pair, Row, compare
from grantlab.flows import Flow
from grantlab.parts import Field
from grantlab.recording import Exchange, Recording
from grantlab.views.html import join, section, tag
from grantlab.views.meaning import meaning
from grantlab.views.message import preview
from grantlab.views.words import answer_words, clip, request_words

Run = Recording | Flow | Iterable[Exchange]  # type: ignore[type-arg]  # any flow's recording will do

WORDS: dict[Likeness, tuple[str, str]] = {
    "changed": ("≠", "changed"),
    "only first": ("−", "only in the first"),
    "only second": ("+", "only in the second"),
    "fresh": ("↻", "fresh each time"),
    "left out": ("…", "left out of the file"),
    "same": ("=", "same"),
}
LONGEST = 400


def difference(one: Run, other: Run) -> Markup:
    """Show two runs beside each other, their messages aligned and each value compared.

    Give two recordings, two flows, or any exchanges.
    """
    ours, theirs = _exchanges(one), _exchanges(other)
    pairs = compare(ours, theirs)
    return section(
        "difference",
        tag("h3", "What changed"),
        _sides(_name(one), _name(other)),
        tag("p", verdict(pairs), role="status", class_="gl-note"),
        _ends(ours, theirs),
        tag("ol", [_pair(pair, at) for at, pair in enumerate(pairs)], class_="gl-pairs"),
        tag("p", FRESH_SAYS, class_="gl-muted gl-small") if pairs else None,
        label="What changed between two runs",
    )


FRESH_SAYS = (
    "Fresh each time: made at random, counted up or taken from the clock. It differs between any "
    "two runs, so it is not counted as a change."
)


def difference_text(one: Run, other: Run) -> str:
    """The same as plain text, without secrets: only what tells the runs apart."""
    pairs = compare(_exchanges(one), _exchanges(other))
    lines = [f"First:  {_name(one) or 'a run'}", f"Second: {_name(other) or 'a run'}"]
    lines.append(verdict(pairs))
    for pair in pairs:
        sign, said = _mark(pair)
        lines.append(f"{sign} {_title(pair)} ({said})")
        for row in pair.differing:
            lines.append(f"    {row.name} ({_where(row)}): {WORDS[row.likeness][1]}")
            lines += [
                f"        {side}: {_shown(field)}"
                for side, field in (("first", row.first), ("second", row.second))
                if field is not None
            ]
    return "\n".join(lines)


def verdict(pairs: Sequence[Pair]) -> str:
    """Say in a sentence how far the two runs go together."""
    if not pairs:
        return "Nothing is recorded in either run."
    parting = next((pair for pair in pairs if pair.differs), None)
    if parting is None:
        return "Both runs are the same, apart from what is fresh each time."
    counted = sum(pair.differs for pair in pairs)
    of_all = f"{counted} of {len(pairs)} messages differ" if counted > 1 else "One message differs"
    where = f"They part at {_title(parting)}"
    if parting.alone:
        return f"{of_all}. {where}, which is {_mark(parting)[1]}."
    names = list(dict.fromkeys(row.name for row in _split(parting)[0]))
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{of_all}. {where}: {told}."


def _exchanges(run: Run) -> list[Exchange]:
    return list(run.recording if isinstance(run, Flow) else run)


def _name(run: Run) -> str:
    if not isinstance(run, Flow):
        return ""
    mistakes = [switch.label for switch in run.switches if run.is_on(switch.name)]
    return f"{run.name} ({', '.join(mistakes)})" if mistakes else run.name


def _sides(first: str, second: str) -> Markup | None:
    if not (first or second):
        return None
    names = [
        tag("li", tag("strong", f"{side}: "), name)
        for side, name in (("First", first), ("Second", second))
    ]
    return tag("ul", names, class_="gl-sides")


def _ends(first: Sequence[Exchange], second: Sequence[Exchange]) -> Markup | None:
    """The last answer of each run: what a learner looks for before anything else."""
    ends = []
    for side, run in (("The first", first), ("The second", second)):
        if run:
            answer = answer_words(run[-1])
            look = "gl-failed" if answer.refused else "gl-passed"
            said = f"✗ {answer} (refused)" if answer.refused else str(answer)
            ends.append(tag("li", f"{side} ends with ", tag("strong", said, class_=look)))
    return tag("ul", ends, class_="gl-sides") if ends else None


def _pair(pair: Pair, at: int) -> Markup:
    sign, said = _mark(pair)
    if not pair.differs:
        same = [_title(pair), " ", tag("span", f"{sign} {said}{_fresh(pair)}")]
        return tag("li", same, class_="gl-muted")
    mark = tag("span", f"{sign} {said}", class_="gl-chip gl-differs")
    title = [tag("span", _title(pair), class_="gl-what"), " ", mark]
    if pair.alone:
        return tag("li", tag("p", title), _alone(pair))
    rows, only = _split(pair)
    inner = [_table(rows, "What differs"), *only, _rest(pair)]
    opened = tag("details", tag("summary", title), inner, open=True, data_key=f"pair-{at}")
    return tag("li", opened)


def _split(pair: Pair) -> tuple[list[Row], list[Markup]]:
    """What is worth a row; what only one of two unlike answers has is named in a line."""
    unlike = any(row.name == "status" and row.place == "line" for row in pair.differing)
    rows, only = [], []
    for row in pair.differing:
        named = row.name in ("error", "error_description", "errorCode", "errorSummary", "location")
        one_sided = row.likeness in ("only first", "only second")
        if unlike and row.side == "answer" and one_sided and not named:
            continue
        rows.append(row)
    for kind in ("only first", "only second"):
        names = [row.name for row in pair.differing if row.likeness == kind and row not in rows]
        if names:
            codes = [[tag("code", name), " "] for name in dict.fromkeys(names)]
            said = f"{WORDS[kind][0]} {WORDS[kind][1].capitalize()} answer: "
            only.append(tag("p", said, codes))
    return rows, only


def _fresh(pair: Pair) -> str:
    names = dict.fromkeys(row.name for row in pair.rows if row.likeness == "fresh")
    telling = [name for name in names if name not in _NOISE]
    return f"; {' '.join(WORDS['fresh'])}: {', '.join(telling)}" if telling else ""


# Counters and clocks of the transport: different each time, and of no interest to anybody.
_NOISE = frozenset({"date", "x-okta-request-id", "x-rate-limit-remaining", "x-rate-limit-reset"})


def _alone(pair: Pair) -> Markup:
    answer = answer_words(pair.present)
    said = f"✗ {answer} (refused)" if answer.refused else str(answer)
    return tag("p", "Answer: ", said, class_="gl-failed" if answer.refused else "gl-muted")


def _rest(pair: Pair) -> Markup:
    same = sum(row.likeness == "same" for row in pair.rows)
    said = f"Not a change: {same} the same{_fresh(pair)}."
    return tag("p", said, class_="gl-muted gl-small")


def _table(rows: Sequence[Row], caption: str) -> Markup | None:
    if not rows:
        return None
    heads = [tag("th", word, scope="col") for word in ("Name", "First", "Second")]
    return tag(
        "table", tag("thead", tag("tr", heads)), tag("tbody", [_row(row) for row in rows]),
        class_="gl-rows gl-beside", aria_label=caption,
    )  # fmt: skip


def _row(row: Row) -> Markup:
    sign, said = WORDS[row.likeness]
    look = "gl-differs" if row.likeness in ("changed", "only first", "only second") else "gl-muted"
    hidden = row.likeness == "changed" and _shown(row.first) == _shown(row.second)
    name = tag(
        "th",
        tag("code", row.name),
        tag("div", _where(row), class_="gl-muted gl-small"),
        tag("span", f"{sign} {said}", class_=f"gl-chip {look}"),
        tag("div", "The values differ; they are secret.", class_="gl-small") if hidden else None,
        scope="row",
    )
    return tag(
        "tr",
        name,
        _cell("First", row.first, row),
        _cell("Second", row.second, row),
        data_likeness=row.likeness,
    )


def _cell(side: str, field: Field | None, row: Row) -> Markup:
    if field is None:
        return tag("td", tag("span", "not there", class_="gl-muted"), data_side=side)
    explained = (
        tag("div", meaning(field.name, field.place, ""), class_="gl-small")
        if row.likeness in ("only first", "only second")
        else None
    )
    return tag("td", join([tag("code", _shown(field)), explained]), data_side=side)


def _shown(field: Field | None) -> str:
    if field is None:
        return ""
    return clip(preview(field), LONGEST) or "(empty)"


def _where(row: Row) -> str:
    place = {
        "form": "in the body",
        "json": "in the body",
        "location": "in the redirect",
        "header": "header",
        "line": "",
        "body": "",
    }.get(row.place, row.place if " " in row.place else f"in the {row.place}")
    return f"{row.side}, {place}" if place else row.side


def _mark(pair: Pair) -> tuple[str, str]:
    if pair.alone:
        return WORDS["only first" if pair.second is None else "only second"]
    count = len(pair.differing)
    if not count:
        return WORDS["same"]
    return "≠", "1 difference" if count == 1 else f"{count} differences"


def _title(pair: Pair) -> str:
    numbers = [str(each.number) for each in (pair.first, pair.second) if each]
    number = numbers[0] if len(set(numbers)) == 1 else "/".join(numbers)
    there = pair.present
    return f"{number}. {there.sender} → {there.receiver}: {request_words(there, 36)}"
