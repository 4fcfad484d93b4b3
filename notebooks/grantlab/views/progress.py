"""How far the learner has come: lessons and exercises, and where to go on."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from grantlab.overview import LessonProgress, Overview, overview
from grantlab.progress import Status
from grantlab.views.html import button, icon, section, tag
from grantlab.views.panel import Panel

WORDS: dict[Status, tuple[str, str, str]] = {
    "passed": ("passed", "passed", "gl-passed"),
    "not yet": ("here", "not yet", "gl-failed"),
    "not attempted": ("skipped", "not tried", "gl-skipped"),
}


def overview_panel(shown: Overview, read: Callable[[], Overview] = overview) -> Panel:
    """Show the lessons as they stand; the button reads the progress file again."""
    state = [shown]

    def receive(name: str, _value: object) -> None:
        if name == "again":
            state[0] = read()

    return Panel(
        lambda: overview_view(state[0], again=True),
        receive=receive,
        still=lambda: overview_view(state[0]),
        text=lambda: repr(state[0]),
    )


def overview_view(shown: Overview, *, again: bool = False) -> Markup:
    """Draw where to go on, then one row a lesson: title, minutes, exercises by sign and word."""
    rows = [_row(lesson, lesson is shown.next) for lesson in shown.lessons]
    heads = [tag("th", word, scope="col") for word in ("Lesson", "Exercises")]
    refresh = tag("div", button("Read again", "again"), class_="gl-bar")
    return section(
        "progress",
        tag("h3", "Your way through the lessons"),
        tag("p", shown.note, role="alert", class_="gl-note") if shown.note else None,
        _bar(shown),
        tag("p", _where(shown), role="status", class_="gl-note"),
        refresh if again else None,
        tag(
            "table",
            tag("thead", tag("tr", heads)),
            tag("tbody", rows),
            class_="gl-rows gl-lessons",
        ),
        label="Your way through the lessons",
    )


def _bar(shown: Overview) -> Markup:
    share = 100 * shown.passed / shown.all if shown.all else 0
    minutes = sum(lesson.minutes for lesson in shown.lessons if not lesson.done)
    left = f", about {minutes} minutes of lessons ahead" if minutes else ""
    return tag(
        "div",
        tag("p", tag("strong", f"{shown.passed} of {shown.all}"), f" exercises passed{left}"),
        tag("div", tag("div", style=f"width:{share:.0f}%"), class_="gl-share", aria_hidden="true"),
    )


def _where(shown: Overview) -> list[object]:
    lesson = shown.next
    if lesson is None:
        return ["Every exercise has passed. Well done."]
    waiting = next(name for name, status in lesson.exercises.items() if status != "passed")
    begun = any(status != "not attempted" for status in lesson.exercises.values())
    return [
        "Go on with " if begun or shown.passed else "Begin with ",
        tag("strong", f"{lesson.number} · {lesson.title}"),
        ": open ",
        tag("code", lesson.file),
        *([", exercise ", tag("code", waiting)] if begun else []),
        ".",
    ]


def _row(lesson: LessonProgress, is_next: bool) -> Markup:
    name = [tag("strong", f"{lesson.number} · {lesson.title}")]
    if is_next:
        name.append(tag("span", "next", class_="gl-chip gl-chip-back"))
    minutes = f"{lesson.minutes} minutes, " if lesson.minutes else ""
    return tag(
        "tr",
        tag(
            "th",
            tag("div", name, class_="gl-lesson"),
            tag("div", minutes, lesson.file, class_="gl-muted gl-small"),
            scope="row",
        ),
        tag("td", _exercises(lesson)),
        class_="gl-next" if is_next else None,
    )


def _exercises(lesson: LessonProgress) -> Markup:
    if not lesson.exercises:
        return tag("span", "no exercises", class_="gl-muted")
    items = []
    for name, status in lesson.exercises.items():
        sign, word, look = WORDS[status]
        stands = tag("span", icon(sign), word, class_=f"gl-result {look}")
        items.append(tag("li", stands, tag("code", name)))
    return tag("ul", items, class_="gl-outcomes")
