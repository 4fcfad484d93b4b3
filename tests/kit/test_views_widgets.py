"""The widgets without a browser: what a person does arrives, and what goes wrong is shown."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from grantlab.finding import LabError
from grantlab.flows import Flow, Refused, Step, Switch, Walk
from grantlab.lab import Reasons
from grantlab.recording import Exchange, Recording
from grantlab.views.flow import flow_panel
from grantlab.views.inspector import recording_panel
from grantlab.views.panel import Panel
from tests.kit.views_samples import code_flow, exchange, flow


def do(panel: Panel, name: str, value: Any = None) -> str:
    """Imitate the front end; the HTML that it would now show."""
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return str(panel.html)


def play(*steps: Step[Walk]) -> tuple[Flow[Walk], Panel]:
    plain = Switch("plain", "Use plain", "It is refused.")
    played = flow(*steps, switches=(plain,))
    return played, flow_panel(played)


def ask(walk: Walk) -> Refused | None:
    walk.recording.add(exchange())
    return Refused("400 invalid_grant") if walk.makes("plain") else None


def stumble(walk: Walk) -> None:
    walk.recording.add(exchange())
    raise KeyError("access_token")


def test_choosing_a_message_opens_it():
    panel = recording_panel(code_flow())

    assert "Message 8 of 8" in panel.html
    assert "gl-message" not in panel.html.replace("gl-messages", "")
    assert 'data-key="message-3"' in do(panel, "select", "2")
    assert "gl-picture" not in panel.html


def test_three_levels_in_and_out_again():
    panel = recording_panel(code_flow(), lambda _: Reasons("req-1", ()))

    assert 'data-key="message-8"' in do(panel, "in")
    assert "gl-reasons" in do(panel, "in")
    assert "gl-reasons" in do(panel, "in")
    assert 'data-key="message-8"' in do(panel, "out")
    assert "gl-picture" in do(panel, "out")
    assert "gl-picture" in do(panel, "out")
    assert "gl-reasons" in do(panel, "zoom", "reasons")


def test_moving_stays_on_its_level():
    panel = recording_panel(code_flow())

    assert "Message 7 of 8" in do(panel, "move", -1)
    assert "gl-picture" in panel.html
    do(panel, "in")
    assert 'data-key="message-6"' in do(panel, "move", "-1")
    assert "Message 6 of 8" in do(panel, "out")


@pytest.mark.parametrize(
    ("at", "why"),
    [(3, "no server had a part"), (0, "carries no X-Okta-Request-Id"), (4, "with its lab")],
)
def test_reasons_that_nobody_has_say_why(at: int, why: str):
    panel = recording_panel(code_flow())
    do(panel, "select", at)

    assert why in do(panel, "reasons")


def test_a_lab_that_has_no_reasons_says_so_in_its_words():
    def refuse(_: Exchange) -> Reasons:
        raise LabError("The log is empty.")

    panel = recording_panel(code_flow(), refuse)
    do(panel, "select", 4)

    assert "Not available: The log is empty." in do(panel, "reasons")
    assert 'role="alert"' not in panel.html


def test_a_loaded_recording_has_the_reasons_that_were_asked_for_and_no_others(tmp_path: Path):
    live = code_flow()
    asking = recording_panel(live, lambda _: Reasons("req-1", ({"displayMessage": "Said so"},)))
    do(asking, "select", 4)
    do(asking, "reasons")
    live.save(tmp_path / "run.json")

    panel = recording_panel(Recording.load(tmp_path / "run.json"))

    do(panel, "select", 4)
    assert "Said so" in do(panel, "reasons")
    assert "this recording was loaded" in do(panel, "select", 6)


def test_the_copies_show_secrets_only_while_the_box_is_ticked():
    panel = recording_panel(code_flow())
    do(panel, "select", 6)

    def copied() -> str:
        return panel.html[panel.html.index("gl-copies") :]

    assert "topsecret" not in copied()
    do(panel, "secrets", {"name": "secrets", "on": True})
    assert "topsecret" in copied()
    do(panel, "move", -1)
    do(panel, "move", 1)
    assert "topsecret" not in copied()


def test_a_long_recording_draws_what_is_open_only():
    recording = Recording()
    for _ in range(60):
        recording.add(exchange())
    panel = recording_panel(recording)

    opened = do(panel, "select", 40)

    assert opened.count('data-send="select"') == 30
    assert "topsecret" not in panel._still()
    assert panel._still().count("<pre>") == 60


def test_an_index_that_there_is_none_of_opens_the_nearest():
    panel = recording_panel(code_flow())

    assert 'data-key="message-1"' in do(panel, "select", "-5")
    assert 'data-key="message-8"' in do(panel, "select", "99")


def test_nonsense_from_the_browser_is_shown_as_trouble_and_breaks_nothing():
    panel = recording_panel(code_flow())

    assert 'role="alert"' in do(panel, "select", "<b>")
    panel._handle_custom_msg("nonsense", [])
    assert 'data-key="message-2"' in do(panel, "select", 1)
    assert 'role="alert"' not in panel.html


def test_new_exchanges_appear_while_they_happen_and_the_newest_opens():
    recording = code_flow()
    panel = recording_panel(recording)

    recording.add(exchange())

    assert "9 messages" in panel.html
    assert "Message 9 of 9" in panel.html


def test_who_reads_an_older_message_is_left_in_peace():
    recording = code_flow()
    panel = recording_panel(recording)
    do(panel, "select", 1)

    recording.add(exchange())

    assert 'data-key="message-2"' in panel.html


def test_only_the_newest_panel_of_a_recording_follows_it():
    recording = code_flow()
    first, second = recording_panel(recording), recording_panel(recording)

    recording.add(exchange())

    assert "8 messages" in first.html
    assert "9 messages" in second.html
    assert 'data-key="message-1"' in do(first, "select", 0)


def test_the_reasons_are_fetched_only_when_asked_for():
    asked: list[int] = []

    def reasons(one: Exchange) -> Reasons:
        asked.append(one.number)
        return Reasons("req-1", ())

    panel = recording_panel(code_flow(), reasons)
    do(panel, "select", 4)

    assert asked == []
    assert "The server&#39;s reasons" in do(panel, "reasons")
    do(panel, "out")
    do(panel, "in")
    assert asked == [5]
    assert "no server had a part" in do(panel, "select", 3)
    assert asked == [5]


def test_a_failure_to_get_the_reasons_is_shown():
    def refuse(_: Exchange) -> Reasons:
        raise RuntimeError("the lab is gone")

    panel = recording_panel(code_flow(), refuse)
    do(panel, "select", 4)

    assert "RuntimeError: the lab is gone" in do(panel, "reasons")
    assert 'data-key="message-5"' in panel.html


def test_the_reasons_for_the_last_message_of_a_flow_stay_until_the_flow_goes_on():
    played = flow(Step("Ask", "", ask), Step("Ask again", "", ask))
    panel = flow_panel(played, lambda _: Reasons("req-1", ()))
    do(panel, "next")

    assert "gl-reasons" in do(panel, "reasons")
    assert "gl-reasons" not in do(panel, "next")


def test_next_plays_one_step_and_shows_its_messages():
    played, panel = play(Step("Ask", "", ask), Step("Ask again", "", ask))

    shown = do(panel, "next")

    assert played.position == 1
    assert "Step 1 of 2 is done." in shown
    assert "1 message" in shown


def test_run_all_and_back_to_start():
    played, panel = play(Step("Ask", "", ask), Step("Ask again", "", ask))

    assert "Step 2 of 2 is done." in do(panel, "all")
    assert played.done
    assert "Not started" in do(panel, "back")
    assert "gl-sequence" not in panel.html


def test_a_switch_is_a_checkbox_and_its_refusal_is_told():
    played, panel = play(Step("Ask", "", ask))

    shown = do(panel, "switch", {"name": "plain", "on": True})
    assert played.is_on("plain")
    assert 'checked=""' in shown

    assert "was refused, and the flow ends here: 400 invalid_grant" in do(panel, "next")


def test_a_step_that_raises_is_told_and_its_messages_are_kept():
    _, panel = play(Step("Stumble", "", stumble))

    shown = do(panel, "next")

    assert "KeyError" in shown
    assert "1 message" in shown


def test_a_step_played_from_code_shows_in_the_panel():
    played, panel = play(Step("Ask", "", ask))

    played.advance()

    assert "Step 1 of 1 is done." in panel.html
    assert "1 message" in panel.html


def test_many_threads_at_once_end_in_the_picture_of_all():
    recording = Recording()
    panel = recording_panel(recording)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: recording.add(exchange()), range(40)))

    assert "40 messages" in panel.html
