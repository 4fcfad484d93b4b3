"""What a server offers, what it doesn't, and why: the first look at a server of one's own."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from grantlab.lab import Lab
from grantlab.offers import Offer
from grantlab.views.html import icon, section, tag
from grantlab.views.panel import Panel

TITLES = ("By the standards", "Beyond the standards")


def server_panel(lab: Lab) -> Panel:
    """Show what the server has of all that the kit can use."""
    shown, text = server_view(lab), server_text(lab)
    return Panel(lambda: shown, text=lambda: text)


def server_view(lab: Lab) -> Markup:
    """Draw two lists: what the standards name, and what only a lab or Okta has."""
    kind = "A server elsewhere" if lab.elsewhere else "A lab of this kit"
    lists = [
        [tag("h4", title), tag("ul", [_row(each) for each in offers], class_="gl-checks")]
        for title, offers in zip(TITLES, _halves(lab.offers()), strict=True)
    ]
    return section(
        "server",
        tag("h3", "What this server offers"),
        tag("p", kind, ": ", tag("code", lab.url)),
        lists,
        label="What this server offers",
    )


def server_text(lab: Lab) -> str:
    """The same as plain text, one offer a line."""
    lines = [f"What {lab.url} offers"]
    for title, offers in zip(TITLES, _halves(lab.offers()), strict=True):
        lines.append(title)
        lines += [f"  {'✓' if each.there else '–'} {each.what}: {each.says}" for each in offers]
    return "\n".join(lines)


def unavailable_panel(problem: Exception) -> Panel:
    """Show in plain words why there is nothing to show."""
    drawn = section(
        "unavailable",
        tag("h3", "Not available here"),
        tag("p", str(problem), class_="gl-note"),
        label="Not available here",
    )
    return Panel(lambda: drawn, text=lambda: f"Not available here: {problem}")


def _halves(offers: Iterable[Offer]) -> tuple[list[Offer], list[Offer]]:
    both = list(offers)
    return [each for each in both if each.standard], [each for each in both if not each.standard]


def _row(offer: Offer) -> Markup:
    sign, word = ("passed", "there") if offer.there else ("skipped", "not there")
    is_address = offer.there and offer.says.startswith(("http://", "https://"))
    says = tag("code", offer.says) if is_address else offer.says
    return tag(
        "li",
        tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"),
        tag("div", tag("strong", offer.what), tag("div", says, class_="gl-muted")),
    )
