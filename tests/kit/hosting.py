"""A host for views that is as small as can be, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from grantlab.views.panel import Panel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOST = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Host</title>
<style>%s</style><body data-jp-theme-light="%s"
style="background:var(--page);--page:%s"><main><h1 style="color:gray">Lesson</h1><h2
style="color:gray">Look</h2><div id="here"></div></main></body></html>"""
START = """async ([source, html]) => {
  const blob = new Blob([source], { type: "text/javascript" });
  const { default: widget } = await import(URL.createObjectURL(blob));
  const model = {
    get: () => window.shown, on: (_, draw) => (window.redraw = draw), off: () => {},
    send: (message) => window.act(JSON.stringify(message)),
  };
  window.shown = html;
  widget.render({ model, el: document.getElementById("here") });
}"""

Host = Callable[..., "Page"]


def hosting(chromium: Browser) -> Iterator[Host]:
    """Show a panel as a notebook would: its module here, its Python behind it."""
    pages: list[Page] = []

    def show(panel: Panel, width: int = 1280, light: bool = True) -> Page:
        shown = chromium.new_page(viewport={"width": width, "height": 800})
        pages.append(shown)

        def act(message: str) -> None:
            panel._handle_custom_msg(json.loads(message), [])
            shown.evaluate("html => { window.shown = html; window.redraw(); }", panel.html)

        shown.expose_function("act", act)
        theme = ("true", "#fff") if light else ("false", "#111")
        shown.set_content(HOST % (Panel._css, *theme))
        shown.evaluate(START, [Panel._esm, panel.html])
        return shown

    yield show
    for shown in pages:
        shown.close()
