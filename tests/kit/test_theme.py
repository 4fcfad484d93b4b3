"""The language of the views as `theme.css` promises it: colours that can be read, sizes that hold.

Contrast as WCAG 2.2 counts it (§1.4.3 for text, §1.4.11 for edges and signs).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from grantlab import views
from grantlab.flows import Step, Switch
from grantlab.views import view
from grantlab.views.panel import theme
from tests.kit.views_samples import ACCESS, code_flow, flow

FOLDER = Path(views.__file__).parent
THEME = (FOLDER / "theme.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"(--gl-[\w-]+):[^;]*?light-dark\((#\w{6}, #\w{6})\)", THEME))
GROUNDS = ("--gl-ground", "--gl-tint", "--gl-chosen")
TEXTS = ("--gl-ink", "--gl-muted", "--gl-front", "--gl-back", "--gl-passed", "--gl-failed",
         "--gl-new")  # fmt: skip
FILLS = ("--gl-front", "--gl-back", "--gl-passed")
LEAST = 14
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Views</title>
<style>body { margin: 0; --gl-size: %s } %s</style><body data-jp-theme-light="true">%s</body>"""


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, half: int) -> float:
    """The contrast of two of the theme's colours in its light (0) or dark (1) half."""
    light, dark = sorted(
        (luminance(COLOURS[name].split(", ")[half]) for name in (one, other)), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def drawn() -> str:
    """Three views of much text, one after the other."""
    switch = Switch("plain", "Use plain", "It is refused.")
    played = flow(Step("Ask", "The app asks.", lambda _: None), switches=(switch,))
    return "".join(view(each).html for each in (code_flow(), ACCESS, played))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    shown = chromium.new_page(viewport={"width": 360, "height": 800})
    yield shown
    shown.close()


def test_contrast_is_counted_as_the_standard_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLOURS, "black", "#000000, #767676")
    monkeypatch.setitem(COLOURS, "white", "#ffffff, #ffffff")

    assert contrast("black", "white", 0) == pytest.approx(21)
    assert contrast("white", "black", 1) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("half", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read_on_every_ground(half: int) -> None:
    weak = {
        (text, ground): round(contrast(text, ground, half), 2)
        for text in TEXTS
        for ground in GROUNDS
        if contrast(text, ground, half) < 4.5
    }

    assert weak == {}
    assert [fill for fill in FILLS if contrast("--gl-on-fill", fill, half) < 4.5] == []


@pytest.mark.parametrize("half", [0, 1], ids=["light", "dark"])
def test_edges_of_controls_stand_out(half: int) -> None:
    assert [each for each in GROUNDS if contrast("--gl-edge", each, half) < 3] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.css")), ids=lambda path: path.name)
def test_colours_come_from_the_theme_alone(path: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if path.name == "theme.css":
        rules = re.sub(r"(?m)^ *--gl-[\w-]+:.*$", "", rules)

    own = re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|light-dark)\(", rules)
    known = set(re.findall(r"(--gl-[\w-]+)\s*:", THEME + rules)) | {"--gl-size"}

    assert own == []
    assert set(re.findall(r"var\((--gl-[\w-]+)", rules)) - known == set()


@pytest.mark.browser
@pytest.mark.parametrize("size", [16, 22])
def test_nothing_is_too_small_to_read_or_to_hit_and_nothing_is_wider_than_the_page(
    page: Page, drawn: str, size: int
) -> None:
    page.set_content(PAGE % (f"{size}px", theme(), drawn))
    page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    small = page.evaluate(
        """least => [...document.querySelectorAll(".gl-view :not(svg, svg *)")]
            .filter(each => [...each.childNodes].some(node => node.nodeType === 3
                && node.data.trim()))
            .filter(each => parseFloat(getComputedStyle(each).fontSize) < least)
            .map(each => each.outerHTML.slice(0, 80))""",
        LEAST * size / 16 - 0.01,
    )
    narrow = page.evaluate(
        """() => [...document.querySelectorAll(".gl-view :is(button, summary, select, label)")]
            .filter(each => each.offsetHeight && Math.min(each.offsetHeight, each.offsetWidth) < 24)
            .map(each => each.outerHTML.slice(0, 80))"""
    )

    assert small == []
    assert narrow == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.browser
def test_nothing_moves_for_who_wants_no_motion(page: Page, drawn: str) -> None:
    moving = """() => [...document.querySelectorAll(".gl-view, .gl-view *")]
        .filter(each => getComputedStyle(each).transitionDuration !== "0s"
            || getComputedStyle(each).animationName !== "none").length"""
    page.set_content(PAGE % ("16px", theme(), drawn))

    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


@pytest.mark.browser
def test_every_control_has_a_ring_when_the_keyboard_reaches_it(page: Page, drawn: str) -> None:
    page.set_content(PAGE % ("16px", theme(), drawn))
    rings = set()

    for _ in range(12):
        page.keyboard.press("Tab")
        rings.add(
            page.evaluate(
                """() => { const style = getComputedStyle(document.activeElement);
                return `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}` }"""
            )
        )

    assert rings == {"solid 3px rgb(0, 98, 155)"}


@pytest.mark.browser
def test_on_paper_a_dark_view_is_light_and_its_picture_is_whole(page: Page, drawn: str) -> None:
    page.set_content((PAGE % ("16px", theme(), drawn)).replace('light="true"', 'light="false"'))
    page.emulate_media(media="print")

    first = page.locator(".gl-view").first

    assert first.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".gl-scroll").first.evaluate(
        "each => each.scrollHeight <= each.clientHeight && each.scrollWidth <= each.clientWidth"
    )


@pytest.mark.browser
def test_forced_colours_leave_the_numbers_of_the_picture_visible(page: Page, drawn: str) -> None:
    page.emulate_media(forced_colors="active")
    page.set_content(PAGE % ("16px", theme(), drawn))

    fills = [
        page.locator(name).first.evaluate("each => getComputedStyle(each).fill")
        for name in (".gl-badge", ".gl-badge-text")
    ]

    assert len(set(fills)) == 2


@pytest.mark.browser
@pytest.mark.parametrize(
    ("body", "scheme", "ground"),
    [
        ('data-jp-theme-light="true"', "dark", "rgb(255, 255, 255)"),
        ('data-jp-theme-light="false"', "light", "rgb(20, 24, 29)"),
        ('class="vscode-dark"', "light", "rgb(20, 24, 29)"),
        ('class="vscode-light"', "dark", "rgb(255, 255, 255)"),
        ('class="vscode-high-contrast"', "light", "rgb(20, 24, 29)"),
        ('class="vscode-high-contrast vscode-high-contrast-light"', "dark", "rgb(255, 255, 255)"),
        ("", "dark", "rgb(20, 24, 29)"),
        ("", "light", "rgb(255, 255, 255)"),
    ],
)
def test_the_notebooks_theme_decides_and_where_there_is_none_the_systems(
    page: Page, drawn: str, body: str, scheme: Literal["dark", "light"], ground: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_content((PAGE % ("16px", theme(), drawn)).replace('data-jp-theme-light="true"', body))

    seen = page.locator(".gl-view").first.evaluate("each => getComputedStyle(each).backgroundColor")

    assert seen == ground
