"""The decision tree drawn: as text, as structure, and by what its controls do."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from grantlab.deciding import CASES, OUTCOMES, QUESTIONS, DecisionTree
from grantlab.views import view
from grantlab.views.panel import Panel
from grantlab.views.tree import tree_text, tree_view


def root_of(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join(" ".join(root_of(html).itertext()).split())


def press(panel: Panel, name: str, value: Any = None) -> None:
    panel._handle_custom_msg({"name": name, "value": value}, [])


def sent(html: str, name: str) -> list[str]:
    found = root_of(html).iter("button")
    return [each.get("data-value", "") for each in found if each.get("data-send") == name]


def states(html: str) -> list[str | None]:
    forks = root_of(html).iter("li")
    return [each.get("data-state") for each in forks if each.get("class") == "gl-fork"]


def test_only_questions_that_were_reached_have_answers_to_press():
    tree = DecisionTree().answer("api", "okta")

    html = tree_view(tree, live=True)

    assert sent(html, "answer") == ["api ours", "api okta", "person somebody", "person nobody"]
    assert states(html) == ["walked", "here", "ahead", "ahead", "ahead"]


def test_a_case_is_walked_by_pressing_and_its_end_says_what_to_do():
    tree = DecisionTree()
    panel = view(tree)

    press(panel, "case", "2")
    for answer in ("api okta", "person nobody", "orgs customers"):
        press(panel, "answer", answer)

    assert tree.decided[2] == "integration"
    said = words(panel.html)
    assert OUTCOMES["integration"].how in said
    assert "1 of 8 cases decided" in said
    assert "the way ends here" in said


def test_an_answer_is_taken_back_by_pressing():
    tree = DecisionTree().answer("api", "ours")
    panel = view(tree)

    press(panel, "back")

    assert states(panel.html)[0] == "here"
    assert tree.decided[1] is ...


def test_a_walk_by_code_shows_in_the_panel_that_is_there():
    tree = DecisionTree()
    panel = view(tree)

    tree.walk(7, "ours")

    assert "Case 7: Partner" in words(panel.html)
    assert states(panel.html) == ["walked", "ahead", "ahead", "ahead", "ahead"]


def test_what_nobody_could_have_pressed_is_told_and_runs_nothing():
    panel = view(DecisionTree())

    press(panel, "answer", "<script>alert(1)</script> x")
    assert "<script>" not in panel.html
    assert "has not come to a question" in words(panel.html)
    press(panel, "case", "nine")
    assert "invalid literal" in words(panel.html)
    press(panel, "something else")
    assert "Something went wrong" not in panel.html


def test_the_still_form_has_all_cases_and_ends_and_nothing_to_press():
    tree = DecisionTree()
    tree.walk(7, "ours")

    still = tree_view(tree, live=False)

    assert "<button" not in still
    said = words(still)
    for case in CASES:
        assert case.tells.replace("`", " ").split(":")[0] in said
        assert case.proposal in said
    for outcome in OUTCOMES.values():
        assert outcome.how in said
    assert said.count("not decided yet") == 7
    assert "custom server" in said


def test_the_text_twin_is_complete():
    tree = DecisionTree()
    tree.walk(7, "ours")

    text = tree_text(tree)

    for question in QUESTIONS:
        assert question.asks in text
        for answer in question.answers:
            assert answer.says in text
    for case in CASES:
        assert case.proposal in text
    assert "→ question 2" in text
    assert "Now at case 7, Partner's bookkeeping: OAuth: at a custom server" in text
