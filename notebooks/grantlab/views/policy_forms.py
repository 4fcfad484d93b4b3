"""The forms of the policy desk: the request that walks, and the conditions of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from grantlab.desk import PolicyDesk
from grantlab.desks import Desk
from grantlab.management import ALL_CLIENTS, ALL_SCOPES, EVERYONE
from grantlab.policies import Policy, Row, Rule
from grantlab.views.html import button, tag

GRANTS = {
    "authorization_code": "authorization code",
    "implicit": "implicit",
    "refresh_token": "refresh token",
    "client_credentials": "client credentials",
}
# A refresh is judged by the grant it stems from, so no rule names it.
OF_RULES = ("authorization_code", "client_credentials", "implicit", "password")
BY_ITSELF = "nobody: the client for itself"
BOUNDS = {"access": (5, 1440), "refresh": (0, 2_628_000), "window": (10, 2_628_000)}


def ask_form(desk: Desk, *, main: bool = True, word: str = "Walk") -> Markup:
    """Client, person, grant type and scopes, as they were asked for last."""
    asked = desk.walk.request if desk.walk else None
    people = {"": BY_ITSELF, **desk.names.people}
    first = next(iter(desk.policies), None)
    client = asked.client_id if asked else next(iter(first.clients if first else ()), "")
    person = (asked.person_id or "") if asked else ""
    grants = {"": "the one that suits", **GRANTS}
    return tag(
        "form",
        tag("div",
            select("Client", "client", desk.names.apps, client),
            select("Person", "user", people, person),
            select("Grant type", "grant", grants, asked.grant_type if asked else ""),
            class_="gl-fields"),
        boxes("Scopes (none: the server's default ones)", "scope",
               {each: each for each in desk.names.scopes}, asked.scopes if asked else ()),
        tag("button", word, type="submit", class_="gl-main" if main else None),
        class_="gl-ask",
        data_send="ask",
    )  # fmt: skip


def edit_form(desk: PolicyDesk, row: Row) -> Markup:
    """What of a row can be changed, as it is now."""
    inside = _of_rule(desk, row) if isinstance(row, Rule) else _of_policy(desk, row)
    return tag(
        "form",
        tag("input", type="hidden", name="row", value=row.id),
        tag("h4", f"Edit “{row.name}”"),
        inside,
        tag("div", tag("button", "Save", type="submit", class_="gl-main"),
            button("Close without saving", "edit", row.id), class_="gl-bar"),
        class_="gl-edit",
        data_send="save",
        data_key=f"edit-{row.id}-{row.version}",
    )  # fmt: skip


def ticked(form: Mapping[str, Any], kind: str) -> list[str]:
    """The values of a kind whose boxes are ticked in a sent form."""
    return [name.partition(":")[2] for name in form if name.startswith(f"{kind}:")]


def values_of(row: Row, form: Mapping[str, Any]) -> dict[str, Any]:
    """What a sent form changes in the row, in the words of `desk.change`."""
    wanted: dict[str, Any]
    before: dict[str, Any]
    if isinstance(row, Policy):
        wanted, before = {"clients": ticked(form, "client")}, {"clients": list(row.clients)}
    elif isinstance(row, Rule):
        lifetimes = row.lifetimes
        wanted = {"scopes": ticked(form, "scope"), "grant_types": ticked(form, "grant"),
                  "groups": ticked(form, "group")}  # fmt: skip
        wanted |= {f"{name}_minutes": _number(form.get(name)) for name in BOUNDS}
        before = {
            "scopes": list(row.scopes),
            "grant_types": list(row.grant_types),
            "groups": list(row.groups),
            "access_minutes": lifetimes.access,
            "refresh_minutes": lifetimes.refresh,
            "window_minutes": lifetimes.window,
        }
    else:
        return {}
    return {name: value for name, value in wanted.items() if not _same(value, before[name])}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return set(one) == set(other)
    return bool(one == other)


def _number(text: object) -> object:
    # What is no number goes to the API as it is: its refusal says more than ours would.
    return int(str(text)) if str(text).strip().isdecimal() else str(text)


def _of_rule(desk: PolicyDesk, rule: Rule) -> list[Markup]:
    scopes = {each: each for each in (ALL_SCOPES, *desk.names.scopes, *rule.scopes)}
    scopes[ALL_SCOPES] = "* (all)"
    grants = {each: each for each in (*OF_RULES, *rule.grant_types)}
    groups = {EVERYONE: "everyone with the app", **desk.names.groups}
    groups |= {each: desk.names.of(each) for each in rule.groups}
    lifetimes = rule.lifetimes
    now = {"access": lifetimes.access, "refresh": lifetimes.refresh, "window": lifetimes.window}
    labels = {
        "access": "Access token, minutes",
        "refresh": "Refresh token, minutes (0: no end)",
        "window": "Refresh token idle, minutes",
    }
    return [
        boxes("Grant types", "grant", grants, rule.grant_types),
        boxes("Groups", "group", groups, rule.groups),
        boxes("Scopes", "scope", scopes, rule.scopes),
        tag("div",
            [tag("label", tag("span", labels[name]),
                 tag("input", type="number", name=name, value=now[name], min=least, max=most))
             for name, (least, most) in BOUNDS.items()],
            class_="gl-fields"),
    ]  # fmt: skip


def _of_policy(desk: PolicyDesk, row: Row) -> list[Markup]:
    held = row.clients if isinstance(row, Policy) else ()
    clients = {ALL_CLIENTS: "all clients", **desk.names.apps}
    clients |= {each: desk.names.of(each) for each in held}
    return [boxes("Clients", "client", clients, held)]


def select(label: str, name: str, options: Mapping[str, str], chosen: str) -> Markup:
    """A field in which one of the options is chosen."""
    written = [
        tag("option", text, value=value, selected=value == chosen)
        for value, text in options.items()
    ]
    return tag("label", tag("span", label), tag("select", written, name=name))


def boxes(legend: str, kind: str, options: Mapping[str, str], held: Iterable[str]) -> Markup:
    """A box for each option, which is sent as `kind:value` when it is ticked."""
    now = set(held)
    boxes = [
        tag("label", tag("input", type="checkbox", name=f"{kind}:{value}", checked=value in now),
            text)
        for value, text in options.items()
    ]  # fmt: skip
    return tag("fieldset", tag("legend", legend), tag("div", boxes), class_="gl-choices gl-boxes")
