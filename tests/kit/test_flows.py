"""How a flow is played, whatever its steps do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from grantlab.calls import Call, Known, expression, program
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

SETUP = FlowSetup(issuer="https://bank.example", client_id="0oa1")


def send(walk: Walk) -> StepResult:
    walk.app.get("https://bank.example/one")
    return Remark("sent")


def judge(walk: Walk) -> StepResult:
    return Refused("400 invalid_request") if walk.makes("wrong") else None


def last(walk: Walk) -> StepResult:
    walk.app.get("https://bank.example/two")
    return None


GOES: Question[Walk] = Question(
    "Does it go through?",
    (Choice("yes", "It does", "Nothing was wrong."), Choice("no", "It doesn't", "It was wrong.")),
    lambda _, result: "no" if isinstance(result, Refused) else "yes",
)


def a_flow(status: int = 200) -> Flow[Walk]:
    recording = Recording(transport=httpx.MockTransport(lambda _: httpx.Response(status)))

    def new_walk(mistakes: frozenset[str]) -> Walk:
        app = recording.client("App")
        return Walk(setup=SETUP, recording=recording, mistakes=mistakes, app=app)

    steps = [
        Step("Send", "Sends.", send),
        Step("Judge", "Judges.", judge, predict=GOES),
        Step("Last", "Ends.", last),
    ]
    return Flow("A flow", steps, [Switch("wrong", "Do it wrong", "It goes wrong.")], new_walk)


def test_a_flow_goes_forward_one_step_at_a_time() -> None:
    flow = a_flow()

    flow.advance()

    assert (flow.position, flow.done, flow.failed) == (1, False, None)
    assert flow.remarks == {0: "sent"}
    assert [one.path for one in flow.recording] == ["/one"]


def test_run_all_ends_at_the_end_and_advancing_then_does_nothing() -> None:
    flow = a_flow().run_all()

    flow.advance()

    assert (flow.position, flow.done, flow.failed) == (3, True, None)
    assert len(flow.recording) == 2


def test_a_refusal_is_a_result_and_ends_the_flow() -> None:
    flow = a_flow().set("wrong").run_all()

    assert (flow.position, flow.done) == (2, True)
    assert flow.failed == "400 invalid_request"
    assert len(flow.recording) == 1
    assert "Refused: 400 invalid_request" in repr(flow)


def test_back_to_start_forgets_the_play_and_keeps_the_switches() -> None:
    flow = a_flow().set("wrong").run_all()
    recording = flow.recording

    flow.back_to_start()

    assert (flow.position, flow.done, flow.failed, flow.remarks) == (0, False, None, {})
    assert flow.is_on("wrong")
    assert flow.recording is recording
    assert len(recording) == 0


def test_a_switch_takes_the_flow_back_to_its_start_and_can_be_turned_off() -> None:
    flow = a_flow().set("wrong").run_all()

    flow.set("wrong", False)
    assert flow.position == 0
    flow.run_all()

    assert flow.failed is None


def test_an_unknown_switch_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="'other'. It has: wrong"):
        a_flow().set("other")


def test_a_server_that_does_not_answer_ends_the_flow() -> None:
    flow = a_flow()
    flow.state.app = flow.recording.client("App", transport=httpx.MockTransport(_no_answer))

    flow.run_all()

    assert flow.failed == "No answer: refused"


def test_watchers_are_told_of_every_change_until_they_stop() -> None:
    flow = a_flow()
    heard: list[int] = []
    stop = flow.watch(lambda changed: heard.append(changed.position))

    flow.run_all().back_to_start()
    stop()
    flow.advance()

    assert heard == [1, 2, 3, 0]


def test_clicks_from_several_threads_run_each_step_once() -> None:
    flow = a_flow()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: flow.advance(), range(8)))

    assert flow.position == 3
    assert [one.path for one in flow.recording] == ["/one", "/two"]


def test_a_flow_reads_well_as_text() -> None:
    assert repr(a_flow().advance()) == (
        "A flow: step 1 of 3\n[x] 1. Send (sent)\n[ ] 2. Judge\n[ ] 3. Last"
    )


@pytest.mark.parametrize(
    ("said", "mistake", "word"),
    [("yes", False, "right"), ("no", False, "wrong"), ("no", True, "right"), ("", True, "skipped")],
)
def test_the_run_answers_what_was_predicted(said: str, mistake: bool, word: str) -> None:
    flow = a_flow().set("wrong", mistake)

    if said:
        flow.predict(said)
    flow.run_all()

    verdict = flow.verdicts[1]
    assert (verdict.word, verdict.came.name) == (word, "no" if mistake else "yes")
    assert f"Prediction {word}." in repr(flow)
    assert verdict.came.why in repr(flow)


def test_a_prediction_may_be_changed_until_the_run_has_answered() -> None:
    flow = a_flow().predict("no").predict("yes")

    assert flow.prediction is not None
    assert flow.prediction.name == "yes"
    flow.run_all()

    assert flow.question is None
    with pytest.raises(ValueError, match="Nothing is left to predict"):
        flow.predict("yes")


def test_an_answer_that_the_question_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(ValueError, match="'perhaps' to this question. There is: yes, no"):
        a_flow().predict("perhaps")


def test_predictions_belong_to_one_play() -> None:
    flow = a_flow().predict("yes").run_all().back_to_start()

    assert (flow.prediction, flow.verdicts) == (None, {})
    assert flow.question is GOES


def test_a_server_that_does_not_answer_answers_no_question() -> None:
    flow = a_flow()

    def fail(_: Walk) -> StepResult:
        raise httpx.ConnectError("refused")

    flow.steps = (Step("Fail", "Fails.", fail, predict=GOES),)
    flow.run_all()

    assert flow.verdicts == {}


def test_the_run_before_a_switch_is_kept_with_how_it_was_played() -> None:
    flow = a_flow().run_all()

    flow.set("wrong").run_all()

    assert flow.previous is not None
    assert (flow.previous.title, flow.previous.failed) == ("the right way", None)
    assert [one.path for one in flow.previous] == ["/one", "/two"]
    flow.set("wrong", False)
    assert (flow.previous.title, flow.previous.failed) == ("Do it wrong", "400 invalid_request")


def test_a_switch_before_anything_was_played_keeps_the_run_of_before() -> None:
    flow = a_flow().run_all().set("wrong")

    flow.set("wrong", False)

    assert flow.previous is not None
    assert flow.previous.title == "the right way"


def lacking(*needs: str) -> Flow[Walk]:
    """A flow at a server whose metadata names a token endpoint alone."""
    flow = a_flow()

    def discover(walk: Walk) -> StepResult:
        walk.metadata = {"token_endpoint": "https://bank.example/token"}
        return None

    flow.steps = (Step("Discover", "", discover), Step("Use it", "", last, needs=needs))
    return flow


def test_what_the_metadata_lacks_is_told_at_once_and_ends_the_flow_where_it_is_needed() -> None:
    flow = lacking("token_endpoint", "introspection_endpoint").advance()

    words = "This server's metadata has no introspection_endpoint: step 2 can't be done here."
    assert flow.remarks == {0: words}
    assert flow.advance().failed == words
    assert len(flow.recording) == 0


def test_metadata_that_has_all_is_not_spoken_of() -> None:
    flow = lacking("token_endpoint").run_all()

    assert (flow.remarks, flow.failed) == ({}, None)


def test_a_call_is_written_as_it_is_sent_with_the_names_of_the_program() -> None:
    call = Call(
        method="POST",
        url=Known("https://bank.example/token", 'metadata["token_endpoint"]'),
        auth=(Known("0oa1", "client_id"), Known("s3cret", "client_secret")),
        data={"grant_type": "authorization_code", "code": Known("c-1", "code"), "scope": 'a "b"'},
    )
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    app = httpx.Client(transport=httpx.MockTransport(answer))
    call.send(app)
    names = {"client_id": "0oa1", "client_secret": "s3cret", "code": "c-1", "app": app}
    names["metadata"] = {"token_endpoint": "https://bank.example/token"}
    exec(call.written(), names)

    assert "s3cret" not in call.written()
    first, second = sent
    assert (first.url, first.content) == (second.url, second.content)
    assert first.headers["authorization"] == second.headers["authorization"]


def test_code_takes_no_harm_from_what_it_quotes() -> None:
    evil = '"); import os #\n\\'

    assert eval(expression({"scope": evil, "list": [evil], "pair": (evil,)})) == {
        "scope": evil,
        "list": [evil],
        "pair": (evil,),
    }


def test_a_program_has_each_import_once_and_at_its_top() -> None:
    pieces = ("import secrets\nstate = secrets.token_hex()", "import httpx\nimport secrets\nx = 1")

    assert program(*pieces) == (
        "import secrets\n\nimport httpx\n\nstate = secrets.token_hex()\n\nx = 1"
    )


def _no_answer(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")
