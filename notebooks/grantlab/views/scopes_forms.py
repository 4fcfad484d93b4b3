"""The forms of the desk of scopes and claims: one scope, one claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from grantlab.scopes_desk import Claim, Scope, ScopesDesk
from grantlab.views.html import button, tag
from grantlab.views.policy_forms import boxes, select, ticked

CONSENTS = {
    "IMPLICIT": "nobody is asked",
    "FLEXIBLE": "each person is asked; programs may have it",
    "REQUIRED": "each person is asked; no program has it",
}
TOKENS = {"access token": "access token", "ID token": "ID token"}
VALUES = {
    "": "an expression",
    "EQUALS": "groups whose name equals",
    "STARTS_WITH": "groups whose name starts with",
    "CONTAINS": "groups whose name contains",
    "REGEX": "groups whose name matches the pattern",
}


def scope_form(scope: Scope | None) -> Markup:
    """What of a scope can be said; without one, of a new one."""
    document = scope.document if scope else {}
    return _form(
        "scope",
        scope,
        tag("div",
            _text("Name", "name", scope.name if scope else "", fixed=scope is not None),
            _text("What the person reads", "display_name", document.get("displayName")),
            _text("And in a sentence", "description", document.get("description")),
            select("Consent", "consent", CONSENTS, scope.consent if scope else "IMPLICIT"),
            class_="gl-fields"),
        boxes("And", "is",
              {"default": "given when no scope is named", "published": "named in the metadata"},
              [name for name in ("default", "published") if scope and getattr(scope, name)]),
    )  # fmt: skip


def claim_form(desk: ScopesDesk, claim: Claim | None) -> Markup:
    """What of a claim can be said; without one, of a new one."""
    kinds: Mapping[str, str] = {claim.token: claim.token} if claim else TOKENS
    return _form(
        "claim",
        claim,
        tag("div",
            _text("Name", "name", claim.name if claim else "", fixed=claim is not None),
            select("In the", "token", kinds, claim.token if claim else "access token"),
            select("Its value is", "of_groups", VALUES, claim.of_groups if claim else ""),
            _text("Expression or name", "value", claim.value if claim else ""),
            class_="gl-fields"),
        boxes("Only with one of these scopes (none: always)", "scope",
              {each: each for each in desk.names.scopes}, claim.scopes if claim else ()),
    )  # fmt: skip


def write_scope(desk: ScopesDesk, form: Mapping[str, Any]) -> None:
    """Do what a sent form says of a scope."""
    on = ticked(form, "is")
    desk.write_scope(
        str(form["name"]),
        display_name=str(form["display_name"]) or None,
        description=str(form["description"]) or None,
        consent=form["consent"],
        default="default" in on,
        published="published" in on,
    )


def write_claim(desk: ScopesDesk, form: Mapping[str, Any]) -> None:
    """Do what a sent form says of a claim."""
    desk.write_claim(
        str(form["name"]),
        str(form["value"]),
        token=form["token"],
        scopes=ticked(form, "scope"),
        of_groups=str(form["of_groups"]),
    )


def _form(kind: str, row: Scope | Claim | None, *fields: Markup) -> Markup:
    key = row.path if row else kind
    head = f"Edit “{row.name}”" if row else f"A new {kind}"
    return tag(
        "form",
        tag("h4", head),
        fields,
        tag("div", tag("button", "Save", type="submit", class_="gl-main"),
            button("Close without saving", "edit", key), class_="gl-bar"),
        class_="gl-edit",
        data_send=kind,
        data_key=f"edit-{key}",
    )  # fmt: skip


def _text(label: str, name: str, value: object, *, fixed: bool = False) -> Markup:
    field = tag("input", type="text", name=name, value=value or "", readonly=fixed)
    return tag("label", tag("span", label), field)
