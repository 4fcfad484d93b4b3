"""A learner's JupyterLab, started as `grantlab` starts it, and what a person does in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Locator, Page, expect

SECONDS_TO_START = 60
# A kernel or a cell that hangs must fail the test; a busy machine must not.
PATIENCE = 90_000
expect.set_options(timeout=30_000)
PROMPTS = ".jp-CodeCell .jp-InputPrompt"
NUMBERED = re.compile(r"\[\d+\]:")
FAULTS = ", ".join(f"[data-mime-type='application/vnd.jupyter.{m}']" for m in ("error", "stderr"))


@dataclass(frozen=True)
class Learner:
    """Where a JupyterLab runs, and its token."""

    address: str
    token: str
    lessons: Path

    def lesson(self, name: str) -> str:
        """The address that opens a lesson, in a workspace without traces of others."""
        return f"{self.address}/lab/tree/{name}.ipynb?token={self.token}&reset"


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Learner]:
    """The whole lab as `grantlab` starts it, with copies of the lessons in a fresh folder."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "grantlab.cli", "--no-browser"),
            *("--lessons", str(folder / "lessons")),
        ],
        # The home of a person who has never used Jupyter, and has passed no exercise.
        env=os.environ
        | {
            "GRANTLAB_HOME": str(folder / "state"),
            "GRANTLAB_PROGRESS": str(folder / "progress.json"),
            "HOME": str(folder),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as lab:
        try:
            yield _ready(lab, folder / "lessons")
        finally:
            lab.terminate()


def _ready(lab: subprocess.Popen[str], lessons: Path) -> Learner:
    assert lab.stdout is not None
    said = next((line for line in lab.stdout if line.startswith("Lessons:")), None)
    if said is None:
        raise RuntimeError("The lab didn't start.")
    printed = urlsplit(said.split()[-1])
    address = f"{printed.scheme}://{printed.netloc}"
    wait_for(f"{address}/api")
    return Learner(address, parse_qs(printed.query)["token"][0], lessons)


def wait_for(url: str, **query: str) -> None:
    """The address answers with a success; RuntimeError when it doesn't in a minute."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        try:
            httpx.get(url, params=query, trust_env=False, timeout=20).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"Nothing answers at {url}.")


def open_and_run(page: Page, learner: Learner, name: str) -> None:
    """The lesson is open and all of its cells have run."""
    page.set_default_timeout(PATIENCE)
    page.goto(learner.lesson(name))
    # A click that comes before the kernel is ready is lost.
    _wait_until_idle(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator("[data-command='runmenu:run-all']").click()
    wait_until_run(page)


def open_lesson(page: Page, learner: Learner, name: str) -> Lesson:
    """The lesson is open, its kernel waits, and no cell has run."""
    page.set_default_timeout(PATIENCE)
    page.goto(learner.lesson(name))
    _wait_until_idle(page)
    cells = json.loads((learner.lessons / f"{name}.ipynb").read_text("utf-8"))["cells"]
    code = [cell["id"] for cell in cells if cell["cell_type"] == "code"]
    expect(page.locator(".jp-CodeCell")).to_have_count(len(code))
    return Lesson(page, tuple(code))


@dataclass(frozen=True)
class Lesson:
    """An open lesson, and the ids of its code cells in their order."""

    page: Page
    code: tuple[str, ...]

    def cell(self, name: str) -> Locator:
        """The code cell of that id."""
        return self.page.locator(".jp-CodeCell").nth(self.code.index(name))

    def choose(self, name: str) -> None:
        """The cell is the chosen one, and keys are commands."""
        self.cell(name).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")

    def run(self, first: str, last: str) -> None:
        """One cell after the other has run, from the first to the last of these."""
        self.choose(first)
        active = re.compile("jp-mod-active")
        # Cells of text lie between them, and are passed in the same way.
        while not active.search(self.cell(last).get_attribute("class") or ""):
            self.page.keyboard.press("Shift+Enter")
        self.page.keyboard.press("Shift+Enter")
        self._has_run(last, before="")

    def after(self, name: str) -> str:
        """The id of the code cell that follows."""
        return self.code[self.code.index(name) + 1]

    def run_the_rest(self, name: str) -> None:
        """That cell and all below it have run."""
        self.choose(name)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator("[data-command='notebook:run-all-below']").click()
        wait_until_run(self.page)

    def write_and_run(self, name: str, source: str) -> None:
        """The cell holds this now, and has run."""
        before = self.cell(name).locator(".jp-InputPrompt").text_content() or ""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        # The editor closes brackets and quotes by itself, so nothing may be open.
        self.page.keyboard.insert_text(source.strip())
        self.page.keyboard.press("Control+Enter")
        self._has_run(name, before)

    def _has_run(self, name: str, before: str) -> None:
        prompt = self.cell(name).locator(".jp-InputPrompt")
        if before:
            expect(prompt).not_to_have_text(before, timeout=PATIENCE)
        expect(prompt).to_have_text(NUMBERED, timeout=PATIENCE)
        faults = self.page.locator(FAULTS)
        assert faults.count() == 0, faults.first.text_content()


def restart_and_run(page: Page) -> None:
    """The kernel is a new one, and all cells have run in it."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator("[data-command='runmenu:restart-and-run-all']").click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    # Between the two kernels no cell has a number.
    expect(page.locator(PROMPTS).last).not_to_have_text(NUMBERED, timeout=PATIENCE)
    wait_until_run(page)


def wait_until_run(page: Page) -> None:
    """Every cell has run; AssertionError with the first fault, as no cell runs after it."""
    page.wait_for_function(
        """([prompts, faults]) => document.querySelector(faults)
            || /\\[\\d+\\]:/.test([...document.querySelectorAll(prompts)].at(-1)?.textContent)""",
        arg=[PROMPTS, FAULTS],
        timeout=PATIENCE,
    )
    faults = page.locator(FAULTS)
    assert faults.count() == 0, faults.first.text_content()
    _wait_until_idle(page)


def _wait_until_idle(page: Page) -> None:
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=PATIENCE)


def seconds_until_shown(click: Locator, panel: Locator) -> float:
    """The button is clicked; how long it took until the panel's change was on the screen."""
    view = panel.element_handle()
    took = click.evaluate(
        """(button, panel) => new Promise(done => {
          const watcher = new MutationObserver(() => {
            watcher.disconnect();
            requestAnimationFrame(() => done(performance.now() - before));
          });
          watcher.observe(panel.parentElement, {
            childList: true, subtree: true, attributes: true, characterData: true,
          });
          const before = performance.now();
          button.click();
        })""",
        view,
    )
    return float(took) / 1000


def press_until(page: Page, key: str, reached: Locator, most: int) -> int:
    """The key is pressed until the thing has the focus; how often, or a failure after `most`."""
    for count in range(most + 1):
        if reached.count() and reached.evaluate("each => each === document.activeElement"):
            return count
        page.keyboard.press(key)
    raise AssertionError(f"{key}, pressed {most} times, does not lead to {reached}.")


def choose_theme(page: Page, theme: str) -> None:
    """The whole of JupyterLab has that theme, "JupyterLab Light" or "JupyterLab Dark"."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item[data-type='submenu']", has_text="Theme").first.click()
    page.locator("[data-command='apputils:change-theme']").get_by_text(theme, exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)


def walk(flow: Locator) -> list[str]:
    """The flow player is clicked from its start through its whole flow; what it said each time."""
    # Behind it, a question has a line of its own.
    said = flow.get_by_role("status").first
    back = flow.get_by_role("button", name="Back to start")
    if back.is_enabled():
        back.click()
    expect(said).to_contain_text("Not started")
    remarks = []
    for number in range(1, flow.locator(".gl-steps > li").count() + 1):
        flow.get_by_role("button", name="Next", exact=True).click()
        expect(said).to_contain_text(f"Step {number} of ", timeout=PATIENCE)
        remarks.append(said.inner_text())
    return remarks


def take_back_mistakes(flow: Locator) -> None:
    """No mistake is chosen in the flow player."""
    chosen = flow.get_by_role("checkbox", checked=True)
    for left in reversed(range(chosen.count())):
        # The player is drawn anew, so the box that was clicked is gone.
        chosen.first.click()
        expect(chosen).to_have_count(left)


def bring_to_top(thing: Locator) -> None:
    """The thing stands at the top of what is to be seen, and the page has come to rest."""
    # JupyterLab lays out a cell when it comes into view, which moves everything below it.
    thing.evaluate(
        """async thing => {
          const frame = () => new Promise(requestAnimationFrame);
          for (let still = 0, before = null; still < 5; await frame()) {
            thing.scrollIntoView({ block: "start" });
            const { top } = thing.getBoundingClientRect();
            still = top === before ? still + 1 : 0;
            before = top;
          }
        }"""
    )
