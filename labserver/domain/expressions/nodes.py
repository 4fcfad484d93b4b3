"""The parts of a parsed expression; each knows its own value for given names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from labserver.domain.expressions.errors import Misuse
from labserver.domain.expressions.functions import Function, HandlesNull, item_at
from labserver.domain.expressions.names import Evaluation, look_up
from labserver.domain.expressions.people import matches_pattern
from labserver.domain.expressions.plain import (
    described,
    is_number,
    list_of,
    same,
    text_of,
    truth,
    within_limits,
)

# The language has no loops: evaluation visits each node of the tree at most once, so the length of
# the text bounds the work, and the depth that the parser allows bounds the recursion.


@dataclass(frozen=True, slots=True)
class Node(ABC):
    """A part of an expression: where it starts (from 1) and how deep its tree is."""

    column: int
    depth: int

    @abstractmethod
    def work_out(self, evaluation: Evaluation) -> object:
        """The node's value; raises Misuse where the values at hand don't fit."""

    def value(self, evaluation: Evaluation) -> object:
        """The node's value; raises ExpressionError at this node's column."""
        try:
            return within_limits(self.work_out(evaluation))
        except Misuse as misuse:
            raise misuse.at(self.column) from None


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A text, number, boolean or null."""

    literal: object

    def work_out(self, evaluation: Evaluation) -> object:
        return self.literal


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """`user.email`, `app.profile.tier`, or a root alone."""

    root: str
    path: tuple[str, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        return look_up(self.root, self.path, evaluation)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with its arguments."""

    function: Function
    arguments: tuple[Node, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        values = [argument.value(evaluation) for argument in self.arguments]
        function = self.function
        if function.contextual:
            values.insert(0, evaluation)
        if function.on_null is not HandlesNull and None in values:
            return function.on_null
        return function.call(*values)


@dataclass(frozen=True, slots=True)
class Array(Node):
    """`{1, 2}`."""

    items: tuple[Node, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        return [item.value(evaluation) for item in self.items]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`{'group.id': …}`, an argument of user.getGroups."""

    entries: tuple[tuple[str, Node], ...]

    def work_out(self, evaluation: Evaluation) -> object:
        return {key: node.value(evaluation) for key, node in self.entries}


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`x[0]`, or `app.profile["key"]`; null stays null."""

    subject: Node
    position: Node

    def work_out(self, evaluation: Evaluation) -> object:
        subject, position = self.subject.value(evaluation), self.position.value(evaluation)
        if subject is None:
            return None
        if isinstance(subject, Mapping) and isinstance(position, str):
            return subject.get(position)
        return item_at(subject, position)


@dataclass(frozen=True, slots=True)
class Projection(Node):
    """`x.![name]`: that part of each item."""

    subject: Node
    part: str

    def work_out(self, evaluation: Evaluation) -> object:
        subject = self.subject.value(evaluation)
        if subject is None:
            return None
        items = list_of(subject)
        if not all(isinstance(item, Mapping) for item in items):
            raise Misuse("the items have no parts", "use .![name] on user.getGroups(…)")
        return [item.get(self.part) for item in items if isinstance(item, Mapping)]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`!x`."""

    operand: Node

    def work_out(self, evaluation: Evaluation) -> object:
        return not truth(self.operand.value(evaluation))


@dataclass(frozen=True, slots=True)
class Every(Node):
    """`a AND b AND …`: stops at the first that is false."""

    parts: tuple[Node, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        return all(truth(part.value(evaluation)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either(Node):
    """`a OR b OR …`: stops at the first that is true."""

    parts: tuple[Node, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        return any(truth(part.value(evaluation)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """`a + b + …`: adds numbers, joins texts; null makes the whole null."""

    parts: tuple[Node, ...]

    def work_out(self, evaluation: Evaluation) -> object:
        values = [part.value(evaluation) for part in self.parts]
        if any(value is None for value in values):
            return None
        total = values[0]
        for value in values[1:]:
            total = within_limits(_plus(total, value))
        return total


def _plus(left: object, right: object) -> object:
    if isinstance(left, str) or isinstance(right, str):
        return text_of(left) + text_of(right)
    if is_number(left) and is_number(right):
        return left + right
    raise Misuse(
        f"{described(left)} and {described(right)} can't be added", "add texts, or numbers"
    )


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`==`, `!=`, an order, or `matches`."""

    operator: str
    left: Node
    right: Node

    def work_out(self, evaluation: Evaluation) -> object:
        left, right = self.left.value(evaluation), self.right.value(evaluation)
        match self.operator:
            case "==":
                return same(left, right)
            case "!=":
                return not same(left, right)
            case "matches":
                return matches_pattern(evaluation, left, right)
        return _in_order(self.operator, left, right)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}


def _in_order(operator: str, left: object, right: object) -> bool:
    if left is None or right is None:
        return False
    if is_number(left) and is_number(right) or isinstance(left, str) and isinstance(right, str):
        return _ORDERS[operator](left, right)
    raise Misuse(
        f"{described(left)} and {described(right)} have no order",
        "compare two numbers or two texts (Convert.toNum makes a number of a text)",
    )


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`a ? b : c`."""

    condition: Node
    then: Node
    otherwise: Node

    def work_out(self, evaluation: Evaluation) -> object:
        chosen = self.then if truth(self.condition.value(evaluation)) else self.otherwise
        return chosen.value(evaluation)


@dataclass(frozen=True, slots=True)
class Elvis(Node):
    """`a ?: b`: b when a is null or an empty text."""

    preferred: Node
    default: Node

    def work_out(self, evaluation: Evaluation) -> object:
        value = self.preferred.value(evaluation)
        return self.default.value(evaluation) if value is None or value == "" else value
