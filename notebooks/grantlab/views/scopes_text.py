"""Scopes and claims as plain text, and the words that their view shares with that."""

from __future__ import annotations

from grantlab.management import as_python
from grantlab.scopes_desk import Claim, Scope, ScopesDesk
from grantlab.views.policy_text import preview_lines


def scopes_text(desk: ScopesDesk) -> str:
    """The whole desk, one scope or claim a line."""
    title = f"{desk.title}: {desk.server.name}"
    if desk.unavailable:
        return f"{title}\nThere are no scopes to show. {desk.unavailable}"
    lines = [title, f"Issuer: {desk.server.issuer}"]
    if desk.walk:
        lines.append(repr(desk.walk))
    if desk.refusal:
        lines.append(f"The API refused: {desk.refusal} {desk.refusal.meaning}".rstrip())
    lines += [f"Scope {scope.name}: {about(scope)}" for scope in desk.scopes]
    for claim in desk.claims:
        there, said = told(desk, claim)
        here = f" → {'' if there else 'not there: '}{said}" if desk.walk else ""
        lines.append(f"Claim {claim.name} ({claim.token}): {made(claim)}; {when(claim)}{here}")
    if desk.walk:
        lines += preview_lines(desk.walk)
    lines += [f"Calls of the last act ({desk.act.title}):"]
    for call in desk.calls:
        lines.append(f"  {call.method} → {call.status}")
        lines.append(f"  {as_python(call, desk.base, desk.caller)}")
    return "\n".join(lines)


def about(scope: Scope) -> str:
    """What is said of a scope, in one line."""
    parts = [scope.shown or "no words for the person", f"consent {scope.consent}"]
    parts += ["given when no scope is named"] if scope.default else []
    parts += ["named in the metadata"] if scope.published else []
    return "; ".join(parts)


def made(claim: Claim) -> str:
    """How the value of a claim comes about."""
    if claim.of_groups:
        how = claim.of_groups.lower().replace("_", " ")
        return f"names of groups, {how}: {claim.value}"
    return claim.value


def when(claim: Claim) -> str:
    """With which scopes the claim is there."""
    if not claim.active:
        return "inactive"
    return f"only with {' or '.join(claim.scopes)}" if claim.scopes else "always"


def told(desk: ScopesDesk, claim: Claim) -> tuple[bool, str]:
    """Whether the last request's token has this claim, with its value or why it hasn't."""
    if desk.walk is None:
        return False, ""
    preview = desk.walk.preview
    claims = preview.access_token if claim.token == "access token" else preview.id_token
    if claims is None:
        return False, f"There is no {claim.token}."
    if claim.name in claims:
        return True, str(claims[claim.name])
    if claim.scopes and not set(claim.scopes) & set(preview.scopes):
        return False, "None of its scopes was granted."
    return False, "It has no value here." if claim.active else "It is inactive."
