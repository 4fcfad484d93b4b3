"""The widget under every view: HTML made in Python, with what the person does sent back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

import anywidget
import traitlets

from grantlab.views.html import join, section, tag

_newest: WeakKeyDictionary[object, ReferenceType[Panel]] = WeakKeyDictionary()

HERE = Path(__file__).parent
Receive = Callable[[str, Any], None]


@cache
def theme() -> str:
    """The look of all views, as CSS: the theme, then what single views add to it.

    It is stronger than what JupyterLab and nbconvert say of tables, lists and code: an id that
    nothing has, beside `html`, makes each of our selectors outweigh theirs.
    """
    added = sorted(path for path in HERE.glob("*.css") if path.name != "theme.css")
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (HERE / "theme.css", *added))
    return f":is(#grantlab, html) {{\n{rules}\n}}"


class Panel(anywidget.AnyWidget):
    """A drawing in the notebook.

    `draw` makes the HTML of this moment. `receive(name, value)` gets what the person did; then
    the panel draws itself again. What `receive` raises is shown in the panel, since Jupyter
    would hide it. `still` is the same as a page without JavaScript, `text` as plain text.
    """

    _esm = (HERE / "panel.js").read_text(encoding="utf-8")
    _css = theme()
    html = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        draw: Callable[[], str],
        *,
        receive: Receive | None = None,
        still: Callable[[], str] | None = None,
        text: Callable[[], str],
    ) -> None:
        self._draw, self._receive, self._still, self._text = draw, receive, still or draw, text
        self._drawing = RLock()
        super().__init__(html=draw())
        self.on_msg(self._received)

    def redraw(self, update: Callable[[], None] | None = None) -> None:
        """Show the present state, after `update`; of several threads none shows an older one."""
        with self._drawing:
            if update:
                update()
            self.html = str(self._draw())

    def _received(self, _widget: object, content: object, _buffers: object) -> None:
        if self._receive is None or not isinstance(content, dict):
            return
        try:
            self._receive(str(content.get("name")), content.get("value"))
            self.redraw()
        except Exception as problem:  # the edge to Jupyter, which would swallow it
            self.html = str(join([self._draw(), trouble(problem)]))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": self._text(), "text/html": page(self._still())}, metadata


def keep_live(
    thing: object,
    panel: Panel,
    watch: Callable[[Callable[[object], None]], Callable[[], None]],
    update: Callable[[], None],
) -> None:
    """Redraw the panel after each change of the thing that it shows, as `watch` tells it.

    Only the newest panel of a thing follows it. Those above it in the notebook keep what they
    showed when the learner passed them, and cost nothing.
    """

    def changed(_news: object) -> None:
        if _newest[thing]() is not panel:
            stop()
            return
        panel.redraw(update)

    _newest[thing] = ref(panel)
    stop = watch(changed)


def trouble(problem: Exception) -> str:
    """Say in the view what went wrong, in the words of the exception."""
    words = f"{type(problem).__name__}: {problem}"
    return section("trouble", tag("p", words, role="alert"), label="Something went wrong")


def page(html: str) -> str:
    """Put the look beside the HTML, for places without widgets."""
    return f"<style>{theme()}</style>{html}"
