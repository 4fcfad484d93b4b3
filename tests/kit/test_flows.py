"""How a flow is played, whatever its steps do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from grantlab.flows import Flow, FlowSetup, Refused, Remark, Step, StepResult, Switch, Walk
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


def a_flow(status: int = 200) -> Flow[Walk]:
    recording = Recording(transport=httpx.MockTransport(lambda _: httpx.Response(status)))

    def new_walk(mistakes: frozenset[str]) -> Walk:
        app = recording.client("App")
        return Walk(setup=SETUP, recording=recording, mistakes=mistakes, app=app)

    steps = [
        Step("Send", "Sends.", send),
        Step("Judge", "Judges.", judge),
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


def _no_answer(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")
