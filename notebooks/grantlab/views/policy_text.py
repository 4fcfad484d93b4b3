"""The policy desk as plain text, and the words that its view shares with that."""

from __future__ import annotations

from grantlab.desk import PolicyDesk
from grantlab.management import as_python
from grantlab.policies import Row, Rule, Walk

_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))


def duration(minutes: int) -> str:
    """Minutes in the largest unit that needs no fraction: "2 hours", "90 minutes"."""
    for size, unit in _UNITS:
        if minutes and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{minutes} minutes"


def desk_text(desk: PolicyDesk) -> str:
    """The whole desk, one row a line."""
    title = f"Policy desk: {desk.server.name}"
    if desk.unavailable:
        return f"{title}\nThere are no policies to show. {desk.unavailable}"
    lines = [title, f"Issuer: {desk.server.issuer}"]
    if desk.walk:
        lines.append(repr(desk.walk))
    if desk.refusal:
        lines.append(f"The API refused: {desk.refusal} {desk.refusal.meaning}".rstrip())
    for policy in desk.policies:
        clients = ", ".join(map(desk.names.of, policy.clients))
        lines.append(f"{policy.priority}. Policy {policy.name}: clients {clients}"
                     f"{_state(policy)}{_step(policy, desk.walk)}")  # fmt: skip
        lines += [f"   {_rule(rule, desk)}" for rule in policy.rules]
    if desk.walk:
        lines += preview_lines(desk.walk)
    lines += [f"Calls of the last act ({desk.act.title}):"]
    for call in desk.calls:
        python = as_python(call, desk.base, desk.caller) if call.method != "GET" else call.path
        lines.append(f"  {call.method} → {call.status}  {python}")
    return "\n".join(lines)


def _rule(rule: Rule, desk: PolicyDesk) -> str:
    people = ", ".join(map(desk.names.of, (*rule.groups, *rule.users))) or "nobody"
    out = ", ".join(map(desk.names.of, rule.left_out))
    lives = rule.lifetimes
    said = (
        f"{rule.priority}. Rule {rule.name}: grants {', '.join(rule.grant_types)}; "
        f"people {people}{f', not {out}' if out else ''}; scopes {' '.join(rule.scopes)}; "
        f"access {duration(lives.access)}, "
        f"refresh {duration(lives.refresh) if lives.refresh else 'without end'}, "
        f"idle {duration(lives.window)}"
    )
    return f"{said}{_state(rule)}{_step(rule, desk.walk)}"


def _state(row: Row) -> str:
    return "" if row.active else " (inactive)"


def _step(row: Row, walk: Walk | None) -> str:
    step = walk.steps.get(row.id) if walk else None
    return f" → {step.outcome}{f': {step.why}' if step.why else ''}" if step else ""


def preview_lines(walk: Walk) -> list[str]:
    """The tokens that would be issued, or the refusal, one claim a line."""
    found = walk.preview
    lines = ["Token preview (nothing was issued):"]
    if found.error:
        lines.append(f"  {found.error}: {found.error_description} {found.detail}".rstrip())
    for kind, claims in (("Access token", found.access_token), ("ID token", found.id_token)):
        lines += [f"  {kind}"] if claims else []
        lines += [f"    {name}: {value}" for name, value in (claims or {}).items()]
    if found.consent_needed:
        lines.append(f"  Consent is asked first: {' '.join(found.consent_needed)}")
    return lines
