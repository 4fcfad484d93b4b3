"""The flow player as text and structure: controls, predictions, code, comparison."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.calls import expression
from grantlab.flows import (
    Choice,
    Flow,
    FlowSetup,
    Question,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
)
from grantlab.recording import Recording
from grantlab.tokens import Check, Verification
from grantlab.views.flow import flow_panel, flow_text, player, status
from grantlab.views.panel import Panel
from tests.kit.views_samples import HOSTILE, ISSUER, exchange

CHECKED = Verification((Check("nonce", "passed", "n-1", "n-1"), Check("x", "failed", "a", "b")), {})
TOKENS: Question[Walk] = Question(
    "What comes back?",
    (
        Choice("tokens", "Tokens", "All fits together."),
        Choice("refused", "A refusal", "The verifier is another one."),
    ),
    lambda _, result: "refused" if isinstance(result, Refused) else "tokens",
)


def ask(walk: Walk) -> StepResult:
    wrong = walk.makes("wrong")
    walk.recording.add(exchange(status=400 if wrong else 200))
    return Refused("400 invalid_grant", CHECKED) if wrong else Remark("It came.")


def redeem_code(walk: Walk) -> str:
    return f"verifier = {expression('another' if walk.makes('wrong') else 'mine')}"


STEPS = (
    Step[Walk]("Sign in", "The person signs in.", lambda _: None),
    Step[Walk]("Redeem", "The app trades the code.", ask, redeem_code, TOKENS),
)
WRONG = Switch("wrong", "Another verifier", "A thief has only the code.")


def a_flow(*steps: Step[Walk], switches: tuple[Switch, ...] = (WRONG,)) -> Flow[Walk]:
    recording = Recording()

    def state(mistakes: frozenset[str]) -> Walk:
        setup = FlowSetup(ISSUER, "0oabankspa", "hidden-secret")
        app = recording.client("App")
        return Walk(setup=setup, recording=recording, mistakes=mistakes, app=app)

    return Flow("A flow", steps or STEPS, switches, state)


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join("".join(tree(html).itertext()).split())


def sends(html: str, name: str) -> list[ElementTree.Element]:
    return [each for each in tree(html).iter() if each.get("data-send") == name]


def do(panel: Panel, name: str, value: Any = None) -> str:
    """Imitate the front end; the HTML that it would now show."""
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return str(panel.html)


def test_the_card_shows_the_present_step_and_its_code() -> None:
    page = words(player(a_flow().advance()))

    assert "Next, step 2: RedeemThe app trades the code." in page
    assert 'This step in Python (1 line)verifier = "mine"' in page
    assert "issuer = " in page.split("The whole program up to here")[1]


def test_a_persons_part_has_no_code() -> None:
    assert "this is the person's part" in words(player(a_flow()))


def test_a_mistake_changes_the_code() -> None:
    assert 'verifier = "another"' in words(player(a_flow().set("wrong").advance()))


def test_no_secret_stands_in_the_code() -> None:
    flow = a_flow().advance()

    assert "hidden-secret" not in player(flow) + flow_text(flow)
    assert 'os.environ["CLIENT_SECRET"]' in flow.program()


def test_the_question_comes_with_its_step_and_every_answer_is_a_button() -> None:
    panel = flow_panel(a_flow())

    assert sends(panel.html, "predict") == []
    shown = do(panel, "next")

    assert [each.get("data-value") for each in sends(shown, "predict")] == ["tokens", "refused"]
    assert {each.get("aria-pressed") for each in sends(shown, "predict")} == {"false"}
    assert "All fits together." not in words(shown)


@pytest.mark.parametrize(("answer", "word"), [("tokens", "right"), ("refused", "wrong")])
def test_the_run_says_by_sign_and_word_whether_the_prediction_was_right(
    answer: str, word: str
) -> None:
    panel = flow_panel(a_flow())
    do(panel, "next")

    chosen = do(panel, "predict", answer)
    answered = do(panel, "next")

    pressed = {
        each.get("data-value"): each.get("aria-pressed") for each in sends(chosen, "predict")
    }
    assert pressed == {"tokens": "false", "refused": "false", answer: "true"}
    assert f"Your prediction was {word}." in words(answered)
    assert "The run says: Tokens. All fits together." in words(answered)
    assert ("You said: A refusal." in words(answered)) == (word == "wrong")
    assert f"gl-was-{word}" in answered
    assert "gl-icon gl-passed" in answered if word == "right" else "gl-icon gl-failed" in answered


def test_a_skipped_question_is_answered_all_the_same() -> None:
    page = words(player(a_flow().run_all()))

    assert "You made no prediction.The run says: Tokens." in page


def test_the_status_tells_how_the_prediction_was() -> None:
    right = a_flow().predict("tokens").run_all()
    wrong = a_flow().set("wrong").predict("tokens").run_all()

    assert status(right) == "Step 2 of 2 is done. It came. Your prediction was right."
    assert status(wrong).endswith("400 invalid_grant Your prediction was wrong.")


def test_an_answer_that_there_is_none_of_is_shown_as_trouble() -> None:
    panel = flow_panel(a_flow())

    assert "no answer" in words(do(panel, "predict", HOSTILE))
    assert 'role="alert"' not in do(panel, "next")


def test_a_mistake_is_explained_once_it_is_chosen() -> None:
    assert WRONG.mistake not in words(player(a_flow()))
    assert f"{WRONG.label}: {WRONG.mistake}" in words(player(a_flow().set("wrong")))


def test_the_checks_of_a_token_are_listed() -> None:
    page = words(player(a_flow().set("wrong").run_all()))

    assert "Check by check (2)" in page
    assert "passednonce: found n-1, expected n-1" in page
    assert "failedx: found a, expected b" in page


def test_two_runs_stand_side_by_side() -> None:
    panel = flow_panel(a_flow())
    assert sends(panel.html, "compare") == []
    do(panel, "all")

    turned = do(panel, "switch", {"name": "wrong", "on": True})
    assert len(sends(turned, "compare")) == 1
    kept = words(do(panel, "compare"))
    compared = words(do(panel, "all"))

    assert "The run before (the right way) is kept." in kept
    assert "First: the right way. Second: Another verifier." in compared
    assert "What changed" in compared
    assert "What changed" not in words(do(panel, "compare"))


def test_the_text_says_what_the_page_says() -> None:
    flow = a_flow().run_all().set("wrong").predict("tokens").advance()

    text = flow_text(flow)

    for part in (
        "[x] 1. Sign in",
        "Played: Another verifier",
        "Mistake wrong (on): Another verifier. A thief has only the code.",
        "Predict first: What comes back?",
        "(x) tokens: Tokens",
        "( ) refused: A refusal",
        'verifier = "another"',
    ):
        assert part in text
    flow.run_all()
    assert "First: the right way. Second: Another verifier." in flow_text(flow, beside=True)
    assert "Prediction wrong." in flow_text(flow)


def test_no_hostile_value_becomes_markup() -> None:
    choices = (Choice("a", HOSTILE, HOSTILE), Choice("b", HOSTILE, HOSTILE))
    question: Question[Walk] = Question(HOSTILE, choices, lambda *_: "a")
    checks = Verification((Check(HOSTILE, "failed", HOSTILE, HOSTILE),), {})

    def evil(walk: Walk) -> StepResult:
        walk.recording.add(exchange(request_body=f"x={HOSTILE}"))
        return Remark(HOSTILE, checks) if walk.makes(HOSTILE) else Refused(HOSTILE, checks)

    step: Step[Walk] = Step(HOSTILE, HOSTILE, evil, lambda _: HOSTILE, question)
    flow = a_flow(step, step, switches=(Switch(*[HOSTILE] * 3),)).predict("a")
    panel = flow_panel(flow)
    pages = [panel.html, do(panel, "next"), do(panel, "switch", {"name": HOSTILE, "on": True})]
    do(panel, "compare")
    pages += [
        do(panel, "predict", "b"),
        do(panel, "next"),
        panel._repr_mimebundle_()[0]["text/html"],
    ]

    for page in pages:
        drawn = page.partition("</style>")[2] or page
        elements = list(tree(drawn).iter())
        assert {each.tag for each in elements} & {"script", "img"} == set()
        assert not [name for each in elements for name in each.attrib if name.startswith("on")]
        assert "&lt;script&gt;" in drawn
