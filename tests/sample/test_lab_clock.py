"""An API's clock is the lab's, asked for seldom, and moved at once when the lesson moves it."""

from __future__ import annotations

from grantlab.lab import Lab


class Counted(Lab):
    """A lab whose clock tells how often it was asked."""

    asked = 0
    ahead = 0.0

    def now(self) -> float:
        self.asked += 1
        return super().now() + self.ahead


def test_an_api_asks_the_lab_for_its_time_once_and_knows_how_far_it_is_ahead(issuer):
    with Counted(issuer.url, None) as lab:
        lab.ahead = 3600
        first, second = lab._now_of_apis(), lab._now_of_apis()
        there = lab.now()

    assert lab.asked == 2
    assert first <= second <= there < first + 2
