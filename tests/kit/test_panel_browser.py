"""What every panel does in a real browser, whatever it shows."""

from __future__ import annotations

import pytest

from grantlab.views.html import button, section, tag
from grantlab.views.panel import Panel
from tests.kit.hosting import Host

pytestmark = pytest.mark.browser


class Ordered:
    """A drink, chosen by the person or by code."""

    drink = "tea"
    guests = 1

    def draw(self) -> str:
        options = [
            tag("option", each, value=each, selected=each == self.drink)
            for each in ("tea", "milk", "water")
        ]
        drinks = tag("select", options, name="drink", aria_label="Drink")
        moves = [button("Water", "order", "water"), button("One more", "guest")]
        return section(
            "order", drinks, moves, tag("p", f"{self.drink} for {self.guests}"), label="Order"
        )

    def receive(self, name: str, value: object) -> None:
        if name == "order":
            self.drink = str(value)
        else:
            self.guests += 1


@pytest.mark.parametrize(
    ("pressed", "said", "shown"),
    [("Water", "water for 1", "water"), ("One more", "tea for 2", "milk")],
    ids=["changed", "kept"],
)
def test_a_choice_stays_the_persons_until_code_makes_another(
    host: Host, pressed: str, said: str, shown: str
) -> None:
    ordered = Ordered()
    page = host(Panel(ordered.draw, receive=ordered.receive, text=lambda: ordered.drink))
    page.get_by_label("Drink").select_option("milk")

    page.get_by_role("button", name=pressed).click()
    page.get_by_text(said).wait_for()

    assert page.get_by_label("Drink").input_value() == shown
