"""Rows and columns of the least-privilege map."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from grantlab.least_privilege import ROLES, Comparison, Identity, Operation
from grantlab.trying import Tried
from grantlab.views.html import button, join, tag

MOST_COLUMNS = 6

OUTCOMES = {
    "credential refused": ("✗", "Refused: the credential is not for this API, or is over"),
    "scope missing": ("✗", "Refused: a scope is missing"),
    "API token only": ("✗", "Refused: no scope exists, it takes an API token"),
    "role missing": ("✗", "Refused: an admin role is missing"),
    "allowed": ("✓", "Allowed"),
    "no credential needed": ("–", "No credential needed"),
    "no such call": ("✗", "No such call"),
    "not tried": ("–", "Not tried: it would end the lab's own work"),
}
"""Each outcome's sign and words; those that want something done come first."""
STATES = {"needed": "✓", "missing": "✗", "more than needed": "▲", "unused": "○"}
LOOKS = {"✓": "gl-passed", "✗": "gl-failed", "▲": "gl-heavy", "○": "gl-heavy"}


Column = tuple[str, str, str]
"""What it is about (`scope` or `role`), the name, and its state."""


def columns_for(
    operations: Sequence[Operation], identity: Identity, found: Comparison
) -> list[Column]:
    """A column for each scope and role in question; one for all of a kind where they are many."""
    states = {each.name: each.state for each in (*found.scopes, *found.roles)}
    asked = {each.scope for each in operations if each.scope}
    scopes = sorted(asked | {each.name for each in found.scopes if each.state != "missing"})
    roles = [each.name for each in found.roles]
    columns: list[Column] = []
    for kind, names in (("scope", scopes), ("role", roles)):
        if len(names) > MOST_COLUMNS:
            columns.append((kind, "", ""))
        else:
            columns += [(kind, name, states.get(name, "")) for name in names]
    return columns


def heads(columns: Sequence[Column]) -> Markup:
    """The row of headings: scopes and roles with what each is here, and the server's own column."""
    heads = [tag("th", "Call", scope="col", class_="gl-call")]
    for kind, name, state in columns:
        said = tag("div", f"{STATES[state]} {state}", class_=look(state)) if state else None
        label = _broken(short(name)) if name else {"scope": "Scope", "role": "Role"}[kind]
        kind_of = tag("div", kind, class_="gl-muted gl-small") if name else None
        heads.append(tag("th", kind_of, label, said, scope="col", data_state=state or None))
    heads.append(tag("th", "The server", scope="col", class_="gl-answered"))
    return tag("tr", heads)


def drawn_row(
    row: int,
    operation: Operation,
    identity: Identity,
    columns: Sequence[Column],
    tried: Tried | None,
    stood: Tried | None,
    live: bool,
) -> Markup:
    """One operation: what opens it, what is missing, and what the server said."""
    written = _written(row, operation, stood, live) if operation.written else None
    name = [tag("div", f"{operation.number}. {operation.does}")] if operation.number else []
    call = tag("th", name, tag("code", _call(operation)), written, scope="row")
    cells = [_cell(operation, identity, column) for column in columns]
    scopes = sum(kind == "scope" for kind, _, _ in columns)
    if operation.scope is None and scopes:
        sign = "–" if identity.scopes is None else "✗"
        none = tag("span", f"{sign} no scope exists", class_=LOOKS.get(sign, "gl-muted"))
        cells = [tag("td", none, colspan=scopes, data_label="Scopes"), *cells[scopes:]]
    return tag("tr", call, cells, _result(row, operation, tried, live), data_row=row)


def _written(row: int, operation: Operation, stood: Tried | None, live: bool) -> Markup:
    """The line as it stood, to be tried too: the server tells what is wrong with it."""
    label = f"Run as it stood: {operation.does}"
    run = button("Run this", "run-written", row, class_="gl-run", aria_label=label)
    sign = OUTCOMES[stood.outcome][0] if stood else ""
    said = f"{sign} {stood.answer}, {stood.outcome}" if stood else ""
    return tag(
        "div", "The list had: ", tag("code", operation.written), " ",
        tag("strong", said, class_=LOOKS.get(sign, "gl-muted")) if stood else run if live else None,
        class_="gl-muted gl-small gl-written",
    )  # fmt: skip


def _cell(operation: Operation, identity: Identity, column: Column) -> Markup:
    kind, name, state = column
    said = (
        _scope_cell(operation, identity, name)
        if kind == "scope"
        else _role_cell(operation, identity, name)
    )
    look = LOOKS.get(said[:1], "gl-muted")
    label = short(name) if name else kind
    return tag("td", tag("span", said, class_=look) if said else None,
               data_label=label, data_state=state or None)  # fmt: skip


def _scope_cell(operation: Operation, identity: Identity, name: str) -> str:
    if operation.scope is None:
        return ""
    if not name:
        return _scope_in_words(operation.scope, operation, identity)
    if name not in operation.scopes:
        return ""
    if identity.scopes is None:
        return "– not asked" if name == operation.scope else ""
    if name in identity.scopes:
        return "✓ opens"
    opened = identity.scopes.intersection(operation.scopes)
    return "✗ missing" if name == operation.scope and not opened else ""


def _scope_in_words(scope: str, operation: Operation, identity: Identity) -> str:
    if identity.scopes is None:
        return f"– not asked ({short(scope)})"
    held = sorted(identity.scopes.intersection(operation.scopes))
    return f"✓ {short(held[0])}" if held else f"✗ {short(scope)}"


def _role_cell(operation: Operation, identity: Identity, name: str) -> str:
    if not operation.all_roles:
        return "" if name else "– not asked"
    opening = [role for role in identity.roles if role.opens(operation)]
    if not name:
        return f"✓ {opening[0].name}" if opening else f"✗ {' or '.join(operation.roles)}"
    if any(name in (role.type, role.name) for role in opening):
        return "✓ opens"
    held = any(name in (role.type, role.name) for role in identity.roles)
    return "✗ missing" if not opening and not held and name in operation.all_roles else ""


def _result(row: int, operation: Operation, tried: Tried | None, live: bool) -> Markup:
    name = operation.does or operation.call
    run = button("Run" if tried is None else "Again", "run", row, aria_label=f"Run: {name}",
                 class_="gl-run") if live else None  # fmt: skip
    if tried is None:
        nothing = None if live else tag("span", "not run", class_="gl-muted")
        return tag("td", run, nothing, class_="gl-answered", data_label="The server")
    sign = OUTCOMES[tried.outcome][0]
    let_in = tried.outcome == "allowed" and tried.status >= 400
    said = [tag("strong", f"{sign} {tried.answer}", class_=LOOKS.get(sign, "gl-muted"))]
    if let_in:
        said += [tag("div", "let in; then refused: ", tried.said, class_="gl-small")]
    elif tried.status:
        said += [tag("div", tried.outcome, class_="gl-small")]
    if tried.status and not tried.as_predicted:
        words = f"≠ predicted: {tried.predicted.outcome}"
        said += [tag("div", words, class_="gl-heavy gl-small")]
    return tag("td", run, tag("div", said), class_="gl-answered", data_label="The server")


def look(state: str) -> str:
    """The class of a state's colour; its sign and word stand beside it."""
    return LOOKS.get(STATES.get(state, ""), "gl-muted")


def short(name: str) -> str:
    """A scope without `okta.`, a role by what people call it."""
    return name.removeprefix("okta.") if name not in ROLES else ROLES[name]


def _call(operation: Operation) -> Markup:
    """Method and path, which breaks at its slashes."""
    method, _, target = operation.call.replace(" /api/v1/", " /").partition(" ")
    pieces = target.split("/")[1:]
    return join(
        [
            method,
            "\u00a0",
            *([tag("wbr") if at else None, "/", piece] for at, piece in enumerate(pieces)),
        ]
    )


def _broken(name: str) -> Markup:
    """A name that breaks after its dots and nowhere else."""
    first, *rest = name.split(".")
    return join([first, *([".", tag("wbr"), each] for each in rest)])
