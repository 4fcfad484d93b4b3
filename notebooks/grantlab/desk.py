"""The policy desk: walk a request through a server's policies, change them, walk again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from grantlab.answers import Document
from grantlab.desks import Desk
from grantlab.finding import LabError
from grantlab.management import ALL_CLIENTS, EVERYONE, NoManagement, Refused, accepted, id_of
from grantlab.policies import Row, Walk, body_of, read_policies, rows, with_conditions

__all__ = ["PolicyDesk", "Refused"]

ORG_SERVER = (
    "The org's own authorization server has no access policies: what its tokens allow follows "
    "from the app's settings and, for the API of Okta itself, from granted scopes and roles. "
    "Access policies belong to custom authorization servers (API Access Management)."
)
_WORDS = ("scopes", "grant_types")


class PolicyDesk(Desk):
    """The policies of one server; `show(desk)` shows them, and its methods do what its buttons do.

    `policies` is the table as it was read, `walk` the last request's way through it.
    """

    title = "Policy desk"
    asking = "Walk the request"
    of_the_org = ORG_SERVER
    _undo: tuple[str, Row] | None = None

    def load(self, client: httpx.Client) -> None:
        """The table is as the server has it. Raises `LabError`."""
        self.policies = read_policies(client, self.server.id)

    def move(self, row: Row | str, up: bool = True) -> Walk | None:
        """The rule or policy is one place further up, or down; returns the new walk, if any.

        A row may be named by its id, its name, or `"policy/rule"`. `LabError` where it can't go
        further, `Refused` when the API refuses.
        """
        found = self.row(row)
        place = found.priority + (-1 if up else 1)
        if not 1 <= place <= len(self.beside(found)):
            raise LabError(f"“{found.name}” is {'first' if up else 'last'} already.")
        title = f"Move “{found.name}” {'up' if up else 'down'}"
        body = with_conditions(body_of(found), {"priority": place})
        return self._change(title, found, lambda: self._put(found, body))

    def change(
        self, row: Row | str, *, active: bool | None = None, **conditions: Any
    ) -> Walk | None:
        """The rule or policy has these conditions; returns the new walk, if there is any.

        For rules: `scopes`, `grant_types`, `groups`, `users` (lists; of scopes and grant types
        also words with spaces between), `access_minutes`, `refresh_minutes`, `window_minutes`;
        for policies: `clients`; for both `name` and `active`. Groups, people and clients may be
        named. `Refused` when the API refuses.
        """
        found = self.row(row)
        wanted = {name: self._ids(name, value) for name, value in conditions.items()}
        switched = [] if active is None else ["active" if active else "inactive"]
        title = f"Change “{found.name}”: {', '.join([*wanted, *switched])}"

        def write() -> None:
            if wanted:
                self._put(found, with_conditions(body_of(found), wanted))
            if active not in (None, found.active):
                self._switch(found, bool(active))

        return self._change(title, found, write)

    def undo(self) -> Walk | None:
        """The last change is taken back; `LabError` when there is none."""
        if self._undo is None:
            raise LabError("There is no change to take back.")
        title, before = self._undo
        now = self.row(before.id)
        body = body_of(before) | {"status": now.document["status"]}

        def write() -> None:
            if body != body_of(now):
                self._put(now, body)
            if now.active != before.active:
                self._switch(now, before.active)
            self._undo = None

        return self._do(f"Undo: {title}", write)

    @property
    def can_undo(self) -> str:
        """What `undo` would take back, in words; empty when there is nothing."""
        return self._undo[0] if self._undo else ""

    def row(self, wanted: Row | str) -> Row:
        """The row as it was read last, by id, name or `"policy/rule"`; `LabError` for none."""
        if self.unavailable:
            raise NoManagement(self.unavailable)
        wanted = wanted.id if isinstance(wanted, Row) else wanted
        named: list[tuple[Row, set[str]]] = []
        for policy in self.policies:
            named.append((policy, {policy.id, policy.name}))
            for rule in policy.rules:
                named.append((rule, {rule.id, rule.name, f"{policy.name}/{rule.name}"}))
        found = [row for row, names in named if wanted in names]
        if len(found) == 1:
            return found[0]
        if found:
            raise LabError(f"Several rows are called {wanted!r}: say “policy/rule”.")
        there = ", ".join(row.name for row in rows(self.policies)) or "no policy"
        raise LabError(f"No policy or rule is called {wanted!r}; there is: {there}.")

    def beside(self, row: Row) -> tuple[Row, ...]:
        """The row and those among which it has its place: all policies, or rules of one policy."""
        for policy in self.policies:
            if row.id in {rule.id for rule in policy.rules}:
                return policy.rules
        return self.policies

    def _change(self, title: str, before: Row, write: Callable[[], None]) -> Walk | None:
        """One act that can be taken back."""

        def remembered() -> None:
            write()
            self._undo = (title, before)

        return self._do(title, remembered)

    def _put(self, row: Row, body: Document) -> None:
        accepted(self._api.put(row.path, json=body, headers={"If-Match": row.version}))

    def _switch(self, row: Row, active: bool) -> None:
        change = "activate" if active else "deactivate"
        accepted(self._api.post(f"{row.path}/lifecycle/{change}"))

    def _ids(self, condition: str, value: Any) -> Any:
        """The value as the API has it: lists for conditions, ids for names."""
        if condition in _WORDS:
            return value.split() if isinstance(value, str) else list(value)
        known = {
            "groups": self.names.groups,
            "users": self.names.people,
            "clients": self.names.apps,
        }.get(condition)
        if known is None:
            return value
        wanted = [value] if isinstance(value, str) else value
        kept = (ALL_CLIENTS, EVERYONE)
        return [each if each in kept else id_of(each, known, condition) for each in wanted]
