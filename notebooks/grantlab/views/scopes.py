"""Scopes and claims on the page: what may be asked for, and what a token then tells."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.management import Refused
from grantlab.scopes_desk import Claim, Scope, ScopesDesk
from grantlab.views.html import button, icon, section, tag
from grantlab.views.panel import Panel, keep_live
from grantlab.views.policy_calls import calls_part, refusal_part
from grantlab.views.policy_forms import ask_form, ticked
from grantlab.views.policy_preview import preview_part, verdict
from grantlab.views.scopes_forms import (
    CONSENTS,
    claim_form,
    scope_form,
    write_claim,
    write_scope,
)
from grantlab.views.scopes_text import made, scopes_text, told, when

ALL_OR_NONE = (
    "A request gets all the scopes that it asks for, or none. A claim appears in a token when one "
    "of its scopes was granted; a claim without scopes appears in every token of its kind."
)


def scopes_panel(desk: ScopesDesk) -> Panel:
    """Show scopes and claims, live: what code does at the desk, the newest view shows too."""
    shown = ScopesView(desk)
    panel = Panel(
        shown.draw, receive=shown.receive, still=shown.still, text=lambda: scopes_text(desk)
    )
    keep_live(desk, panel, desk.watch, lambda: None)
    return panel


class ScopesView:
    """A desk as a person sees it: both tables, and which form is open."""

    def __init__(self, desk: ScopesDesk) -> None:
        self.desk = desk
        self.editing = ""

    def receive(self, name: str, value: Any) -> None:
        """Do what the person asked. What the API refuses, the desk shows."""
        try:
            self._act(name, value)
        except Refused:
            return

    def draw(self) -> Markup:
        """The desk with its forms and buttons."""
        return self._view(live=True)

    def still(self) -> Markup:
        """The desk without them, for pages where nobody answers."""
        return self._view(live=False)

    def _act(self, name: str, value: Any) -> None:
        desk = self.desk
        if name == "ask":
            desk.ask(value["client"], value["user"] or None, ticked(value, "scope"),
                     value["grant"])  # fmt: skip
        elif name == "edit":
            self.editing = "" if self.editing == value else str(value)
        elif name == "scope":
            write_scope(desk, value)
            self.editing = ""
        elif name == "claim":
            write_claim(desk, value)
            self.editing = ""
        elif name == "delete":
            rows: tuple[Scope | Claim, ...] = (*desk.scopes, *desk.claims)
            desk.delete(next(row for row in rows if row.path == value))
        elif name == "read":
            desk.read()
            self.editing = ""

    def _view(self, *, live: bool) -> Markup:
        desk, name = self.desk, f"{self.desk.title}: {self.desk.server.name}"
        title = tag("h3", name)
        if desk.unavailable:
            why = tag("p", tag("strong", "There are no scopes to show. "), desk.unavailable)
            return section("policy gl-scopes", title, tag("div", why, class_="gl-note"), label=name)
        asking = live and not desk.no_preview
        return section(
            "policy gl-scopes",
            title,
            tag("p", "Issuer ", tag("code", desk.server.issuer), class_="gl-muted gl-small"),
            tag("p", desk.no_preview, class_="gl-note") if desk.no_preview else None,
            ask_form(desk, main=not self.editing, word="Ask") if asking else None,
            verdict(desk.walk) if desk.walk else None,
            refusal_part(desk.refusal, live) if desk.refusal else None,
            self._scopes(live),
            self._claims(live),
            tag("p", ALL_OR_NONE, class_="gl-muted"),
            preview_part(desk.walk) if desk.walk else None,
            calls_part(desk),
            label=name,
        )

    def _scopes(self, live: bool) -> Markup:
        own = [scope for scope in self.desk.scopes if not scope.system]
        system = [scope for scope in self.desk.scopes if scope.system]
        names = [[tag("code", scope.name), " "] for scope in system]
        return tag(
            "div",
            tag("h4", "Scopes"),
            _table("Scopes", ("Scope", "What the person reads", "Consent", "Given unasked"),
                   [self._scope(scope, live) for scope in own])
            if own
            else tag("p", "This server has no scope of its own.", class_="gl-note"),
            tag("p", "Every server has these besides: ", names, class_="gl-muted gl-small"),
            self._new("scope", live),
        )  # fmt: skip

    def _scope(self, scope: Scope, live: bool) -> list[Markup]:
        walk = self.desk.walk
        granted = walk is not None and walk.allowed and scope.name in walk.preview.scopes
        cells = (
            tag("th", tag("code", scope.name), _granted() if granted else None,
                self._buttons(scope) if live else None, scope="row"),
            _cell("What the person reads", scope.shown or "nothing"),
            _cell("Consent", CONSENTS[scope.consent]),
            _cell("Given unasked", "yes, by default" if scope.default else "no"),
        )  # fmt: skip
        row = tag("tr", cells, data_key=scope.path)
        return [row, *self._inside(scope_form(scope), scope, 4, live)]

    def _claims(self, live: bool) -> Markup:
        heads = ("Claim", "Token", "Value", "When", "In this token")
        shown = heads if self.desk.walk else heads[:-1]
        return tag(
            "div",
            tag("h4", "Claims"),
            _table("Claims", shown, [self._claim(claim, live) for claim in self.desk.claims]),
            self._new("claim", live),
        )

    def _claim(self, claim: Claim, live: bool) -> list[Markup]:
        cells = (
            tag("th", tag("code", claim.name),
                self._buttons(claim) if live else None, scope="row"),
            _cell("Token", claim.token),
            _cell("Value", tag("code", made(claim))),
            _cell("When", when(claim)),
            _cell("In this token", self._told(claim)) if self.desk.walk else None,
        )  # fmt: skip
        row = tag("tr", cells, data_key=claim.path)
        form = claim_form(self.desk, claim)
        return [row, *self._inside(form, claim, 5 if self.desk.walk else 4, live)]

    def _told(self, claim: Claim) -> Markup:
        there, said = told(self.desk, claim)
        if there:
            word = tag("span", icon("passed"), "there", class_="gl-result gl-passed")
            return tag("div", word, " ", tag("code", said))
        word = tag("span", icon("skipped"), "not there", class_="gl-result gl-skipped")
        return tag("div", word, tag("div", said, class_="gl-muted gl-small"))

    def _inside(
        self, form: Markup, row: Scope | Claim, wide: int, live: bool
    ) -> tuple[Markup, ...]:
        if not live or self.editing != row.path:
            return ()
        return (tag("tr", tag("td", form, colspan=wide), class_="gl-inside"),)

    def _new(self, kind: str, live: bool) -> Markup | None:
        if not live:
            return None
        if self.editing == kind:
            return scope_form(None) if kind == "scope" else claim_form(self.desk, None)
        return tag("div", button(f"Add a {kind}", "edit", kind), class_="gl-bar")

    def _buttons(self, row: Scope | Claim) -> Markup:
        open_now = "true" if self.editing == row.path else "false"
        return tag(
            "div",
            button("Edit", "edit", row.path, aria_label=f"Edit: {row.name}",
                   aria_expanded=open_now),
            None if row.system else button("Delete", "delete", row.path,
                                           aria_label=f"Delete: {row.name}"),
            class_="gl-row-acts",
        )  # fmt: skip


def _granted() -> Markup:
    return tag("div", icon("passed"), "granted", class_="gl-fit gl-small gl-passed")


def _table(name: str, heads: tuple[str, ...], rows: list[list[Markup]]) -> Markup:
    head = tag("thead", tag("tr", [tag("th", each, scope="col") for each in heads]))
    return tag("table", head, tag("tbody", rows), class_="gl-rows", aria_label=name)


def _cell(head: str, *children: object) -> Markup:
    # On narrow screens the table is a list, and its heads are out of sight.
    return tag("td", tag("span", head, class_="gl-cell-head", aria_hidden="true"), children)
