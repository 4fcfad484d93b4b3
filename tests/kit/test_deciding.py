"""The decision tree as such: where its answers lead, and what a walk remembers."""

from __future__ import annotations

import pytest

from grantlab.deciding import CASES, OUTCOMES, QUESTIONS, DecisionTree, Question, follow

TO_THE_APP = ("okta", "nobody", "ours", "covered", "able")


def test_every_answer_leads_to_the_next_question_or_to_an_outcome_and_all_are_reached():
    reached = set()
    for at, question in enumerate(QUESTIONS):
        onward = question.onward.leads
        assert question.aside.leads in OUTCOMES
        assert onward == QUESTIONS[at + 1].name if question is not QUESTIONS[-1] else True
        reached |= {question.aside.leads, onward}

    assert reached >= OUTCOMES.keys()
    assert QUESTIONS[-1].onward.leads in OUTCOMES


def test_no_two_names_are_the_same_so_that_a_name_means_one_thing():
    names = [*OUTCOMES, *(one.name for one in QUESTIONS)]

    assert len(set(names)) == len(names)
    assert [case.number for case in CASES] == list(range(1, 9))


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (["ours"], "custom server"),
        (["okta", "somebody"], "person's token"),
        (["okta", "nobody", "customers"], "integration"),
        (["okta", "nobody", "ours", "lacking"], "API token"),
        (["okta", "nobody", "ours", "covered", "rigid"], "API token"),
        (TO_THE_APP, "service app"),
    ],
)
def test_each_way_ends_where_it_should(answers: list[str], outcome: str):
    assert follow(answers).at is OUTCOMES[outcome]


def test_a_walk_that_is_not_over_stands_at_its_next_question():
    place = follow(["okta"])

    assert isinstance(place.at, Question)
    assert place.at.name == "person"
    assert [each.name for each in place.answers] == ["okta"]


@pytest.mark.parametrize("answers", [["yes"], [*TO_THE_APP, "more"], ["okta", "okta"]])
def test_an_answer_that_its_question_lacks_is_refused_in_words(answers: list[str]):
    with pytest.raises(ValueError, match="The answer is|nothing left"):
        follow(answers)


def test_cases_are_decided_one_by_one_and_none_is_forgotten():
    tree = DecisionTree()

    tree.walk(1, *TO_THE_APP)
    tree.take(7).answer("api", "ours")

    assert tree.decided == {1: "service app", 7: "custom server"} | dict.fromkeys(
        (2, 3, 4, 5, 6, 8), ...
    )
    assert repr(tree) == "DecisionTree(2 of 8 cases decided)"


def test_another_answer_to_an_earlier_question_forgets_the_later_ones():
    tree = DecisionTree()
    tree.walk(1, *TO_THE_APP)

    tree.answer("person", "somebody")

    assert tree.decided[1] == "person's token"
    assert [each.name for each in tree.place.answers] == ["okta", "somebody"]


def test_the_last_answer_can_be_taken_back_and_before_the_first_nothing_happens():
    tree = DecisionTree()
    tree.answer("api", "ours")

    tree.back()
    tree.back()

    assert tree.place.at is QUESTIONS[0]


def test_what_makes_no_sense_is_refused_and_changes_nothing():
    tree = DecisionTree().answer("api", "okta")

    with pytest.raises(ValueError, match="no case 9"):
        tree.take(9)
    with pytest.raises(ValueError, match="has not come to a question 'key'"):
        tree.answer("key", "able")
    with pytest.raises(ValueError, match="has not come to a question 'nothing'"):
        tree.answer("nothing", "able")
    with pytest.raises(ValueError, match="The answer is 'somebody' or 'nobody'"):
        tree.answer("person", "both")
    with pytest.raises(ValueError, match="one more question: Does somebody"):
        tree.walk(2, "okta")

    assert (tree.case.number, len(tree.place.answers)) == (1, 1)


def test_a_watcher_hears_of_every_change_until_it_stops():
    tree, heard = DecisionTree(), []
    stop = tree.watch(lambda it: heard.append(it.case.number))

    tree.take(4)
    tree.answer("api", "ours")
    stop()
    tree.take(5)

    assert heard == [4, 4]
