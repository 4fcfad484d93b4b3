"""The decision tree as a picture that can be walked: questions down, outcomes beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from grantlab.deciding import (
    CASES,
    OUTCOMES,
    QUESTIONS,
    Answer,
    Case,
    DecisionTree,
    Outcome,
    Place,
    Question,
)
from grantlab.views.html import button, icon, section, tag
from grantlab.views.meaning import prose
from grantlab.views.panel import Panel, keep_live

TITLE = "API token, OAuth or integration?"
TRUNK = QUESTIONS[-1].onward
UNDECIDED = "not decided yet"


def tree_panel(tree: DecisionTree) -> Panel:
    """The tree: choose a case, answer its questions in the picture, and see where they lead."""

    def receive(name: str, value: Any) -> None:
        if name == "case":
            tree.take(int(value))
        elif name == "back":
            tree.back()
        elif name == "answer":
            question, _, answer = str(value).partition(" ")
            tree.answer(question, answer)

    panel = Panel(
        lambda: tree_view(tree, live=True),
        receive=receive,
        still=lambda: tree_view(tree, live=False),
        text=lambda: tree_text(tree),
    )
    keep_live(tree, panel, tree.watch, lambda: None)
    return panel


def tree_view(tree: DecisionTree, *, live: bool) -> Markup:
    """Draw the tree with the way that the present case has gone."""
    place = tree.place
    forks = [_fork(at, one, place, live) for at, one in enumerate(QUESTIONS)]
    end = tag(
        "li",
        _leaf(TRUNK, place),
        class_="gl-trunk-end",
        data_taken=_taken(TRUNK, place),
    )
    return section(
        "decision",
        tag("h3", TITLE),
        _cases(tree) if live else None,
        _story(tree.case) if live else None,
        tag("ol", forks, end, class_="gl-forks"),
        _stands(place) if live else None,
        _back(place) if live else None,
        _decided(tree) if live else _all_cases(tree),
        _outcomes(live),
        label=TITLE,
    )


def tree_text(tree: DecisionTree) -> str:
    """The whole tree as plain text: questions, outcomes, cases, and what was decided."""
    lines = [TITLE, ""]
    for number, one in enumerate(QUESTIONS, 1):
        lines.append(f"{number}. {one.asks} ({one.because})")
        lines += [f"   - {each.says} → {_goal(each)}" for each in one.answers]
    lines += ["", "Where it ends:"]
    lines += [f"  {each.title}. {each.how} Price: {each.price}" for each in OUTCOMES.values()]
    lines += ["", "Cases:"]
    for case in CASES:
        lines.append(f"  {case.number}. {case.title}: {case.tells} Proposed: “{case.proposal}”")
        lines.append(f"     {_outcome_of(tree, case)}")
    place = tree.place
    lines += ["", f"Now at case {tree.case.number}, {tree.case.title}: {_where(place)}"]
    return "\n".join(lines)


def _fork(at: int, question: Question, place: Place, live: bool) -> Markup:
    """One question with both of its answers."""
    here = place.at is question
    reached = at <= len(place.answers)
    number = tag("span", str(at + 1), class_="gl-number", aria_hidden="true")
    asks = tag(
        "div",
        number,
        tag(
            "div",
            tag("strong", question.asks),
            tag("div", question.because, class_="gl-muted gl-small"),
        ),
        class_="gl-asks",
        tabindex="-1",
        data_focus=f"{question.name}" if here else None,
        role="group",
        aria_label=f"Question {at + 1} of {len(QUESTIONS)}: {question.asks}",
    )
    asked = live and reached
    aside = tag(
        "div",
        _choice(question, question.aside, place, asked),
        tag("span", icon("here"), class_="gl-arrow-tip"),
        _leaf(question.aside, place),
        class_="gl-way gl-way-aside",
        data_taken=_taken(question.aside, place),
    )
    onward = tag(
        "div",
        _choice(question, question.onward, place, asked),
        class_="gl-way gl-way-onward",
        data_taken=_taken(question.onward, place),
    )
    state = "here" if here else "walked" if at < len(place.answers) else "ahead"
    return tag(
        "li",
        asks,
        aside,
        onward,
        class_="gl-fork",
        data_key=question.name,
        data_state=state,
        aria_current="step" if here else None,
    )


def _choice(question: Question, answer: Answer, place: Place, asked: bool) -> Markup:
    """An answer: a button where the walk has come to its question, else its words."""
    taken = answer in place.answers
    words = [icon("passed") if taken else None, answer.says]
    if not asked:
        return tag("span", words, class_="gl-answer")
    value = f"{question.name} {answer.name}"
    return button(words, "answer", value, aria_pressed=str(taken).lower(), class_="gl-answer")


def _leaf(answer: Answer, place: Place) -> Markup:
    outcome = OUTCOMES[answer.leads]
    reached = answer in place.answers
    mark = tag("span", "the way ends here", class_="gl-chip") if reached else None
    return tag("div", tag("strong", outcome.title), mark, class_="gl-leaf")


def _taken(answer: Answer, place: Place) -> str:
    return str(answer in place.answers).lower()


def _cases(tree: DecisionTree) -> Markup:
    buttons = [
        button(
            f"{case.number} {case.title}",
            "case",
            case.number,
            aria_pressed=str(case is tree.case).lower(),
        )
        for case in CASES
    ]
    return tag("div", buttons, class_="gl-bar", role="group", aria_label="Cases")


def _story(case: Case) -> Markup:
    return tag(
        "div",
        tag("p", tag("strong", f"Case {case.number}: {case.title}. "), prose(case.tells)),
        tag("p", f"Somebody says: “{case.proposal}”"),
        class_="gl-note",
        data_key=f"case-{case.number}",
    )


def _stands(place: Place) -> Markup:
    """Where the walk stands, heard without a look; at its end what to do, and the price."""
    if isinstance(place.at, Question):
        return tag("p", _where(place), role="status", class_="gl-muted")
    return tag(
        "div",
        tag("p", tag("strong", place.at.title)),
        tag("p", place.at.how),
        tag("p", tag("strong", "Price: "), place.at.price),
        role="status",
        class_="gl-end",
    )


def _where(place: Place) -> str:
    if isinstance(place.at, Outcome):
        return place.at.title
    return f"Question {len(place.answers) + 1} of {len(QUESTIONS)}: {place.at.asks}"


def _back(place: Place) -> Markup:
    held = None if place.answers else "true"
    return tag("div", button("Take the last answer back", "back", aria_disabled=held),
               class_="gl-bar")  # fmt: skip


def _decided(tree: DecisionTree) -> Markup:
    done = sum(isinstance(each, str) for each in tree.decided.values())
    items = [
        tag("li", f"{case.number} {case.title}: ", tag("strong", _outcome_of(tree, case)))
        for case in CASES
    ]
    return tag(
        "details",
        tag("summary", f"{done} of {len(CASES)} cases decided"),
        tag("ul", items),
        data_key="decided",
    )


def _all_cases(tree: DecisionTree) -> Markup:
    """The cases for a page on which nothing can be pressed."""
    heads = [tag("th", word, scope="col") for word in ("Case", "Decided")]
    rows = [
        tag(
            "tr",
            tag(
                "th",
                f"{case.number} {case.title}",
                tag("p", prose(case.tells)),
                tag("p", f"Somebody says: “{case.proposal}”", class_="gl-muted"),
                scope="row",
            ),
            tag("td", _outcome_of(tree, case)),
        )
        for case in CASES
    ]
    return tag(
        "table",
        tag("thead", tag("tr", heads)),
        tag("tbody", rows),
        class_="gl-rows gl-cases",
        aria_label="Cases",
    )


def _outcomes(live: bool) -> Markup:
    listed: Sequence[Markup] = [
        tag("li", tag("strong", one.title), tag("p", one.how, " Price: ", one.price))
        for one in OUTCOMES.values()
    ]
    if not live:
        return tag("div", tag("h4", "Where it ends"), tag("ul", listed))
    return tag("details", tag("summary", "All five ends"), tag("ul", listed), data_key="ends")


def _outcome_of(tree: DecisionTree, case: Case) -> str:
    found = tree.decided[case.number]
    return found if isinstance(found, str) else UNDECIDED


def _goal(answer: Answer) -> str:
    if answer.leads in OUTCOMES:
        return OUTCOMES[answer.leads].title
    number = next(at for at, one in enumerate(QUESTIONS, 1) if one.name == answer.leads)
    return f"question {number}"
