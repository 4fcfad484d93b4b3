"""How far the learner has come: the way through the lessons, and where to go on."""

from __future__ import annotations

import json
from collections.abc import Callable

from markupsafe import Markup

from grantlab.overview import LessonProgress, Overview, choose_way, hours, overview, passed_in
from grantlab.paths import Way
from grantlab.progress import Status
from grantlab.views.html import button, icon, section, tag
from grantlab.views.panel import Panel

WORDS: dict[Status, tuple[str, str, str]] = {
    "passed": ("passed", "passed", "gl-passed"),
    "not yet": ("here", "not yet", "gl-failed"),
    "not attempted": ("skipped", "not attempted", "gl-skipped"),
}


def overview_panel(shown: Overview, read: Callable[[], Overview] = overview) -> Panel:
    """Show the lessons as they stand. A way can be chosen, and the progress file read again."""
    state = [shown]

    def receive(name: str, value: object) -> None:
        if name == "again":
            state[0] = read()
        elif name == "way":
            state[0] = choose_way(str(value))

    return Panel(
        lambda: overview_view(state[0], live=True),
        receive=receive,
        still=lambda: overview_view(state[0]),
        text=lambda: repr(state[0]),
    )


def overview_view(shown: Overview, *, live: bool = False) -> Markup:
    """Draw where to go on, the ways, then one row a lesson: title, minutes, exercises."""
    along = shown.along(shown.way)
    others = tuple(lesson for lesson in shown.lessons if lesson not in along)
    refresh = tag("div", button("Read again", "again"), class_="gl-bar")
    return section(
        "progress",
        tag("h3", "Your way through the lessons"),
        tag("p", shown.note, role="alert", class_="gl-note") if shown.note else None,
        _bar(shown),
        tag("p", _where(shown), role="status", class_="gl-note"),
        refresh if live else None,
        _ways(shown, live) if shown.ways else None,
        _table(shown, along),
        tag(
            "details",
            tag("summary", "Lessons beside this way"),
            _table(shown, others),
            data_key="others",
        )
        if others
        else None,
        label="Your way through the lessons",
    )


def _bar(shown: Overview) -> Markup:
    share = 100 * shown.passed / shown.all if shown.all else 0
    ahead = tuple(lesson for lesson in shown.along(shown.way) if not lesson.done)
    left = f", about {hours(ahead)} of lessons ahead" if ahead else ""
    counted = tag("strong", f"{shown.passed} of {shown.all}")
    return tag(
        "div",
        tag("p", f"{shown.way.title}: ", counted, f" exercises passed{left}"),
        tag("div", tag("div", style=f"width:{share:.0f}%"), class_="gl-share", aria_hidden="true"),
    )


def _where(shown: Overview) -> list[object]:
    lesson = shown.next
    if lesson is None:
        return ["Every exercise of this way has passed. Well done."]
    waiting = next(name for name, status in lesson.exercises.items() if status != "passed")
    begun = any(status != "not attempted" for status in lesson.exercises.values())
    return [
        "Go on with " if begun or shown.passed else "Begin with ",
        _link(shown, lesson, f"{lesson.number} · {lesson.title}"),
        *([", exercise ", tag("code", waiting)] if begun else []),
        *([] if lesson.here else [": open ", tag("code", lesson.file)]),
        ".",
    ]


def _link(shown: Overview, lesson: LessonProgress, words: str) -> Markup:
    if not lesson.here:
        return tag("strong", words)
    # VS Code and a page follow the plain link. JupyterLab would load itself anew for it, but
    # knows a command that opens the file beside this one.
    opens = {}
    if shown.folder is not None:
        path = f"{shown.folder}/{lesson.file}".removeprefix("/")
        opens = {
            "data_commandlinker_command": "docmanager:open",
            "data_commandlinker_args": json.dumps({"path": path}),
        }
    return tag("a", tag("strong", words), href=f"./{lesson.file}", **opens)


def _ways(shown: Overview, live: bool) -> Markup:
    heads = [tag("th", word, scope="col") for word in ("Way", "Time", "Passed")]
    return tag(
        "details",
        tag("summary", "Choose your way"),
        tag(
            "table",
            tag("thead", tag("tr", heads)),
            tag("tbody", [_way(shown, way, live) for way in shown.ways]),
            class_="gl-rows gl-ways",
        ),
        data_key="ways",
        open=not shown.passed,
    )


def _way(shown: Overview, way: Way, live: bool) -> Markup:
    along = shown.along(way)
    chosen = way == shown.way
    name: Markup = tag("strong", way.title)
    if live:
        name = button(way.title, "way", way.name, aria_pressed="true" if chosen else "false")
    mark = tag("span", "your way", class_="gl-chip gl-chip-back") if chosen else None
    numbers = ", ".join(lesson.number for lesson in along) if way.lessons else "all lessons"
    exercises = sum(len(lesson.exercises) for lesson in along)
    return tag(
        "tr",
        tag(
            "th",
            tag("div", name, mark, class_="gl-lesson"),
            tag("div", numbers, class_="gl-muted gl-small"),
            scope="row",
        ),
        tag("td", hours(along)),
        tag("td", f"{passed_in(along)} of {exercises}"),
        class_="gl-next" if chosen else None,
    )


def _table(shown: Overview, lessons: tuple[LessonProgress, ...]) -> Markup:
    heads = [tag("th", word, scope="col") for word in ("Lesson", "Exercises")]
    return tag(
        "table",
        tag("thead", tag("tr", heads)),
        tag("tbody", [_row(shown, lesson) for lesson in lessons]),
        class_="gl-rows gl-lessons",
    )


def _row(shown: Overview, lesson: LessonProgress) -> Markup:
    is_next = lesson is shown.next
    name = [_link(shown, lesson, f"{lesson.number} · {lesson.title}")]
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
        tag("td", _exercises(lesson, is_next)),
        class_="gl-next" if is_next else None,
    )


def _exercises(lesson: LessonProgress, is_next: bool) -> Markup:
    if not lesson.exercises:
        return tag("span", "no exercises", class_="gl-muted")
    items = []
    for name, status in lesson.exercises.items():
        sign, word, look = WORDS[status]
        stands = tag("span", icon(sign), word, class_=f"gl-result {look}")
        items.append(tag("li", stands, tag("code", name)))
    counted = f"{passed_in((lesson,))} of {len(items)} passed"
    return tag(
        "details",
        tag("summary", icon("passed") if lesson.done else None, counted),
        tag("ul", items, class_="gl-outcomes"),
        open=is_next,
        data_key=lesson.file,
    )
