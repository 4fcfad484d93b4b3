"""The policy desk on the page: a request walks down the table and stops at the first match."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.desk import PolicyDesk
from grantlab.management import Refused
from grantlab.policies import Policy, Request, Row, Rule, Step
from grantlab.views.html import button, icon, section, tag
from grantlab.views.panel import Panel, keep_live
from grantlab.views.policy_calls import calls_part, refusal_part
from grantlab.views.policy_forms import ask_form, edit_form, ticked, values_of
from grantlab.views.policy_preview import preview_part, verdict
from grantlab.views.policy_text import desk_text, duration

WHAT_IT_NEEDS = (
    "The desk reads and changes policies through Okta's management API, and asks the lab what "
    "would be issued. Neither is part of OAuth: another vendor's server, or an org to which you "
    "have no API token, keeps its policies to itself. What can be seen from outside is what a "
    "client sees: ask for a token, and read the answer."
)
FIRST_MATCH = (
    "Policies are asked in this order, and in each its rules: the first rule that fits decides, "
    "and nothing below it is looked at. There is no rule that denies; where none fits, there is "
    "no token."
)
SIGNS = {
    "matched": ("passed", "matched"),
    "applies": ("here", "applies"),
    "passed over": ("skipped", "passed over"),
    "not looked at": ("skipped", "not looked at"),
}
# In the order in which the server compares them.
CONDITIONS = ("grants", "people", "scopes")
HEADS = ("Rule", "Grants", "People", "Scopes", "Lifetimes", "This request")


def policy_panel(desk: PolicyDesk) -> Panel:
    """Show a policy desk, live: what code does at the desk, the newest view of it shows too."""
    shown = DeskView(desk)
    panel = Panel(
        shown.draw, receive=shown.receive, still=shown.still, text=lambda: desk_text(desk)
    )
    keep_live(desk, panel, desk.watch, lambda: None)
    return panel


class DeskView:
    """A desk as a person sees it: the table, and which row's form is open."""

    def __init__(self, desk: PolicyDesk) -> None:
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
        elif name in ("up", "down"):
            desk.move(str(value), name == "up")
        elif name == "switch":
            desk.change(str(value), active=not desk.row(str(value)).active)
        elif name == "edit":
            self.editing = "" if self.editing == value else str(value)
        elif name == "save":
            desk.change(str(value["row"]), **values_of(desk.row(str(value["row"])), value))
            self.editing = ""
        elif name == "undo":
            desk.undo()
        elif name == "read":
            desk.read()
            self.editing = ""

    def _view(self, *, live: bool) -> Markup:
        desk, name = self.desk, f"Policy desk: {self.desk.server.name}"
        title = tag("h3", name)
        if desk.unavailable:
            return section("policy", title, _unavailable(desk), label=name)
        issuer = tag("p", "Issuer ", tag("code", desk.server.issuer), class_="gl-muted gl-small")
        return section(
            "policy",
            title,
            issuer,
            tag("p", desk.no_preview, class_="gl-note") if desk.no_preview else None,
            ask_form(desk, main=not self.editing) if live and not desk.no_preview else None,
            verdict(desk.walk) if desk.walk else None,
            refusal_part(desk.refusal, live) if desk.refusal else None,
            tag("div", [self._policy(each, live) for each in desk.policies], class_="gl-walk")
            if desk.policies
            else tag("p", "This server has no policy, so nobody gets a token.", class_="gl-note"),
            tag("p", FIRST_MATCH, class_="gl-muted"),
            self._undo_bar() if live else None,
            preview_part(desk.walk) if desk.walk else None,
            calls_part(desk),
            label=name,
        )

    def _undo_bar(self) -> Markup:
        what = self.desk.can_undo
        label = f"Undo: {what}" if what else "Nothing to undo"
        return tag(
            "div",
            button(label, "undo", aria_disabled=not what and "true"),
            button("Read the table again", "read"),
            class_="gl-bar",
        )

    def _policy(self, policy: Policy, live: bool) -> Markup:
        step = self._step(policy)
        clients = [tag("li", self.desk.names.of(each)) for each in policy.clients]
        cause = step.cause if step else ""
        head = tag(
            "div",
            _place(policy, step),
            tag("div", tag("strong", policy.name, class_="gl-name"), " ",
                tag("span", "policy", class_="gl-chip"), _inactive(policy),
                self._buttons(policy) if live else None),
            tag("div", tag("span", "Clients", class_="gl-muted gl-small"),
                tag("ul", clients, class_="gl-names"),
                _fit(cause != "clients") if step and step.outcome == "applies"
                or cause == "clients" else None),
            _outcome(step) if step else None,
            class_="gl-policy-head",
            data_outcome=step.outcome if step else None,
        )  # fmt: skip
        return tag("div", head, self._edited(policy) if live else None, self._rules(policy, live),
                   class_="gl-of-policy", data_key=policy.id)  # fmt: skip

    def _rules(self, policy: Policy, live: bool) -> Markup:
        if not policy.rules:
            return tag("p", "No rules: this policy is passed over.", class_="gl-muted")
        heads = HEADS if self.desk.walk else HEADS[:-1]
        head = tag("thead", tag("tr", [tag("th", each, scope="col") for each in heads]))
        body = [self._rule(rule, live) for rule in policy.rules]
        return tag("table", head, tag("tbody", body), class_="gl-rows gl-rules",
                   data_walked=step.outcome if (step := self._step(policy)) else None,
                   aria_label=f"Rules of {policy.name}")  # fmt: skip

    def _rule(self, rule: Rule, live: bool) -> list[Markup]:
        step, asked = self._step(rule), self.desk.walk.request if self.desk.walk else None
        lifetimes = rule.lifetimes
        cells = (
            tag("th", _place(rule, step), tag("strong", rule.name, class_="gl-name"),
                _inactive(rule), self._buttons(rule) if live else None, scope="row"),
            _cell("Grants", _codes(rule.grant_types, (asked.grant_type,) if asked else ()),
                  _compared("grants", step, asked)),
            _cell("People", self._people(rule), _compared("people", step, asked)),
            _cell("Scopes", _codes(rule.scopes, asked.scopes if asked else ()),
                  _compared("scopes", step, asked), _lacking(rule, step, asked)),
            _cell("Lifetimes", tag("div", "Access ", tag("strong", duration(lifetimes.access))),
                  tag("div", "Refresh ", duration(lifetimes.refresh) if lifetimes.refresh
                      else "without end", class_="gl-muted gl-small"),
                  tag("div", "Idle ", duration(lifetimes.window), class_="gl-muted gl-small")),
            tag("td", _outcome(step)) if step else None,
        )  # fmt: skip
        row = tag("tr", cells, data_outcome=step.outcome if step else None, data_key=rule.id)
        form = self._edited(rule) if live else None
        wide = len(HEADS) if step else len(HEADS) - 1
        return [row] + (
            [tag("tr", tag("td", form, colspan=wide), class_="gl-inside")] if form else []
        )

    def _people(self, rule: Rule) -> Markup:
        names = [tag("li", self.desk.names.of(each)) for each in (*rule.groups, *rule.users)]
        out = [tag("li", "not ", self.desk.names.of(each)) for each in rule.left_out]
        return tag("ul", names or tag("li", "nobody"), out, class_="gl-names")

    def _edited(self, row: Row) -> Markup | None:
        return edit_form(self.desk, row) if self.editing == row.id else None

    def _buttons(self, row: Row) -> Markup:
        last = len(self.desk.beside(row))
        ends = {"up": row.priority <= 1, "down": row.priority >= last}
        moves = [
            button(word, send, row.id, aria_label=f"{word}: {row.name}",
                   aria_disabled=ends[send] and "true")
            for word, send in (("Up", "up"), ("Down", "down"))
        ]  # fmt: skip
        switch = "Deactivate" if row.active else "Activate"
        return tag(
            "div",
            moves,
            button("Edit", "edit", row.id, aria_label=f"Edit: {row.name}",
                   aria_expanded="true" if self.editing == row.id else "false"),
            None if row.system else button(switch, "switch", row.id,
                                           aria_label=f"{switch}: {row.name}"),
            class_="gl-row-acts",
        )  # fmt: skip

    def _step(self, row: Row) -> Step | None:
        return self.desk.walk.steps.get(row.id) if self.desk.walk else None


def _unavailable(desk: PolicyDesk) -> Markup:
    why = tag("p", tag("strong", "There are no policies to show. "), desk.unavailable)
    return tag("div", why, tag("p", WHAT_IT_NEEDS, class_="gl-muted"), class_="gl-note")


def _place(row: Row, step: Step | None) -> Markup:
    sign = SIGNS[step.outcome][0] if step else ""
    inside = icon(sign) if step and step.outcome in ("matched", "passed over") else None
    return tag("span", inside, tag("span", row.priority), class_=f"gl-place gl-place-{sign}")


def _inactive(row: Row) -> Markup | None:
    return None if row.active else tag("span", "inactive", class_="gl-chip gl-chip-off")


def _outcome(step: Step) -> Markup:
    sign, word = SIGNS[step.outcome]
    look = f"gl-result gl-{sign}"
    return tag(
        "div",
        tag("span", icon(sign), word, class_=look),
        tag("div", step.why, class_="gl-muted gl-small") if step.why else None,
    )


def _compared(condition: str, step: Step | None, asked: Request | None) -> Markup | None:
    """Whether a condition fits, as far as the walk looked at it."""
    if step is None or asked is None or step.outcome == "not looked at" or step.cause == "inactive":
        return None
    if condition == "people" and asked.person is None and step.cause != "grants":
        return tag("div", "no person: not compared", class_="gl-muted gl-small")
    if step.cause == condition:
        return _fit(False)
    if step.cause and CONDITIONS.index(condition) > CONDITIONS.index(step.cause):
        return None
    return _fit(True)


def _fit(fits: bool) -> Markup:
    sign, word = ("passed", "fits") if fits else ("failed", "doesn't fit")
    return tag("div", icon(sign), word, class_=f"gl-fit gl-small gl-{sign}")


def _lacking(rule: Rule, step: Step | None, asked: Request | None) -> Markup | None:
    if step is None or asked is None or step.cause != "scopes":
        return None
    lacking = [tag("code", each) for each in asked.scopes if each not in rule.scopes]
    return tag("div", "lacks ", [[each, " "] for each in lacking], class_="gl-small")


def _codes(values: tuple[str, ...], asked: tuple[str, ...]) -> Markup:
    items = [
        tag("li", tag("code", each), class_="gl-asked" if each in asked else None)
        for each in values
    ]
    return tag("ul", items, class_="gl-names")


def _cell(head: str, *children: object) -> Markup:
    # On narrow screens the table is a list, and its heads are out of sight.
    return tag("td", tag("span", head, class_="gl-cell-head", aria_hidden="true"), children)
