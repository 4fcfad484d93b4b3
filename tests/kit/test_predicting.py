"""Predict first: a question of a lesson, chosen by click or code, and answered by the run."""

from __future__ import annotations

import pytest

from grantlab import predict
from grantlab.predicting import Prediction
from grantlab.views import view
from grantlab.views.panel import Panel
from tests.kit.views_samples import HOSTILE


def a_guess() -> Prediction:
    return predict("Does it live on?", {"lives": "One token is one token.", "dies": "All go."})


def press(panel: Panel, name: str, value: object) -> str:
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return panel.html


@pytest.mark.parametrize(("chosen", "word"), [("lives", "right"), ("dies", "wrong")])
def test_the_run_says_whether_the_choice_was_right_and_why_it_came_so(
    chosen: str, word: str
) -> None:
    guess = a_guess()

    guess.choose(chosen)
    verdict = guess.answer("lives", "Only the refresh token ends the family.")

    assert verdict.word == word
    assert str(verdict) == (
        f"You said: {chosen}. The run says: lives. Only the refresh token ends the family."
    )


def test_without_a_choice_the_run_answers_all_the_same() -> None:
    verdict = a_guess().answer("dies")

    assert verdict.word == "skipped"
    assert str(verdict) == "You made no prediction. The run says: dies. All go."


@pytest.mark.parametrize("act", [Prediction.choose, Prediction.answer])
def test_what_is_no_choice_is_refused_with_those_there_are(act: object) -> None:
    with pytest.raises(ValueError, match="'sleeps'.*There is: lives, dies"):
        act(a_guess(), "sleeps")  # type: ignore[operator]


def test_a_question_with_one_answer_is_none() -> None:
    with pytest.raises(ValueError, match="two choices"):
        predict("Is it?", {"yes": "It is."})


def test_a_click_chooses_and_the_notebooks_value_knows_it() -> None:
    guess = a_guess()
    panel = view(guess)
    before = panel.html

    after = press(panel, "predict", "dies")

    assert before.count('aria-pressed="false"') == 2
    assert after.count('aria-pressed="true"') == 1
    assert "Noted." in after
    assert guess.answer("lives").word == "wrong"


def test_an_odd_click_is_told_in_the_view_and_chooses_nothing() -> None:
    guess = a_guess()

    shown = press(view(guess), "predict", {"lives": True})

    assert "There is no answer" in shown
    assert guess.chosen is None


def test_a_page_without_scripts_shows_the_question_without_buttons() -> None:
    bundle = view(a_guess())._repr_mimebundle_()[0]

    assert "Does it live on?" in bundle["text/html"]
    assert "<button" not in bundle["text/html"]
    assert bundle["text/plain"].splitlines() == [
        "Predict first. Does it live on?",
        "  ○ lives: One token is one token.",
        "  ○ dies: All go.",
    ]


def test_markup_in_question_choice_and_reason_stays_text() -> None:
    guess = predict(HOSTILE, {HOSTILE: HOSTILE, "other": "…"})
    guess.choose("other")

    drawn = view(guess).html + view(guess.answer(HOSTILE, HOSTILE)).html

    assert HOSTILE not in drawn
    assert "<script" not in drawn
