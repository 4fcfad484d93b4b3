"""The least-privilege map and the attacker's meter in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from grantlab.least_privilege import Identity, Operation, Role
from grantlab.loot import Reach, examine
from grantlab.trying import PrivilegeMap
from grantlab.views import view
from grantlab.views.panel import Panel
from tests.kit.hosting import Host
from tests.kit.views_samples import ACCESS

pytestmark = pytest.mark.browser

PATHS = ("users", "users/{user_id}", "users/{user_id}/lifecycle/reset_password", "groups")


def rows() -> tuple[Operation, ...]:
    """As many calls as the thread has, of every outcome."""
    made = []
    for number in range(1, 49):
        path = f"/api/v1/{PATHS[number % 4]}"
        area, reads = path.split("/")[3], number % 3 == 0
        scope = None if number % 12 == 7 else f"okta.{area}.{'read' if reads else 'manage'}"
        public = number > 40
        made.append(
            Operation(
                "GET" if reads else "POST",
                path,
                f"do something of use with line {number}",
                area,
                None if public else scope,
                (scope,) if scope and not public else (),
                ("USER_ADMIN",),
                () if public else ("USER_ADMIN", "SUPER_ADMIN"),
                (),
                public,
                number,
                written="PUT /users/{userId}" if number % 10 == 0 else "",
            )
        )
    return tuple(made)


def the_map() -> Panel:
    job = Identity(
        "Job",
        frozenset({"okta.users.manage", "okta.apps.read"}),
        (Role("USER_ADMIN"), Role("HELP_DESK_ADMIN")),
    )
    return view(PrivilegeMap(rows(), (job, Identity("Ada", None, (Role("SUPER_ADMIN"),)))))


def the_meter() -> Panel:
    key = replace(examine("00" + "k" * 40), reach=Reach(200, 255, "calls of the management API"))
    return view([examine("Open-Sesame-2026", "password", owner="cora"), key, examine(ACCESS)])


@pytest.mark.parametrize("make", [the_map, the_meter], ids=["map", "meter"])
@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (360, True), (360, False)],
    ids=["wide and light", "wide and dark", "narrow and light", "narrow and dark"],
)
def test_map_and_meter_are_accessible_and_fit_the_screen(
    host: Host, make: Callable[[], Panel], width: int, light: bool
):
    shown = host(make(), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_text_of_map_and_meter_is_too_small_to_read(host: Host):
    smallest = """() => Math.min(...[...document.querySelectorAll('#here *')]
        .filter(each => [...each.childNodes].some(one => one.nodeType === 3 && one.data.trim()))
        .map(each => parseFloat(getComputedStyle(each).fontSize)))"""

    assert host(the_map()).evaluate(smallest) >= 14
    assert host(the_meter()).evaluate(smallest) >= 14


def test_the_keyboard_alone_chooses_filters_and_keeps_its_place(host: Host):
    shown = host(the_map())
    wanted = shown.get_by_role("group", name="Prediction").get_by_role("button").nth(1)

    wanted.focus()
    shown.keyboard.press("Enter")

    shown.wait_for_function("document.querySelector('[data-send=outcome]:focus')")
    assert wanted.get_attribute("aria-pressed") == "true"
    assert shown.locator("tr[data-row]").count() < 48


def test_a_look_ahead_is_announced(host: Host):
    shown = host(the_meter())

    shown.get_by_role("button", name="+1 day").press("Enter")

    status = shown.get_by_role("status")
    status.filter(has_text="In 1 day: 2 of 3 still work").wait_for()


def test_a_secret_of_the_meter_is_seen_only_after_a_click(host: Host):
    shown = host(the_meter())
    secret: Any = shown.get_by_text("Open-Sesame-2026")
    assert not secret.is_visible()

    shown.get_by_text("Show").first.click()

    assert secret.is_visible()
