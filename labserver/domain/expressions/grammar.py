"""The grammar of the Expression Language, and the tree that a text becomes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labserver.domain.expressions import nodes
from labserver.domain.expressions.errors import ExpressionError
from labserver.domain.expressions.functions import FUNCTIONS
from labserver.domain.expressions.names import check_reference
from labserver.domain.expressions.people import PEOPLE
from labserver.domain.expressions.plain import MAX_NUMBER
from labserver.domain.expressions.times import TIMES

if TYPE_CHECKING:
    from lark import Lark, Token, UnexpectedInput

MAX_DEPTH = 48
"""Levels of one expression inside another."""

GROUP_PARTS = ("name", "id")
KNOWN_FUNCTIONS = FUNCTIONS | PEOPLE | TIMES

GRAMMAR = r"""
?expression: either
           | either "?" expression ":" expression   -> conditional
           | either "?:" expression                 -> elvis
?either: every
       | every (_OR every)+                         -> any_of
?every: comparison
      | comparison (_AND comparison)+               -> all_of
?comparison: sum
           | sum COMPARE sum                        -> compare
?sum: unary
    | unary ("+" unary)+                            -> add
?unary: postfix
      | NOT unary                                   -> negate
?postfix: primary
        | postfix "[" expression "]"                -> index
        | postfix ".!" "[" NAME "]"                 -> project
?primary: STRING                                    -> text
        | SIGN? NUMBER                              -> number
        | WORD                                      -> word
        | dotted                                    -> reference
        | dotted "(" [argument ("," argument)*] ")" -> call
        | "(" expression ")"
        | OPEN [expression ("," expression)*] "}"   -> array
?argument: expression
         | OPEN entry ("," entry)* "}"              -> filter
dotted: NAME ("." NAME)*
entry: STRING ":" expression

SIGN: "-"
OPEN: "{"
NOT: "!"
COMPARE.3: "==" | "!=" | "<=" | ">=" | "<" | ">" | /matches\b/
_AND.3: "&&" | /and\b/i
_OR.3: "||" | /or\b/i
WORD.3: /(?:null|true|false)\b/i
STRING: /'(?:[^']|'')*'/ | /"(?:[^"]|"")*"/
NUMBER: /[0-9]+(?:\.[0-9]+)?/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
%ignore /[ \t\r\n]+/
"""


def tree_of(text: str) -> nodes.Node:
    """The checked tree of a text; raises ExpressionError for anything outside the language."""
    from lark import UnexpectedInput

    try:
        parsed: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(text, error) from None
    tree: nodes.Node = parsed
    return tree


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    return Lark(
        GRAMMAR,
        start="expression",
        parser="lalr",
        transformer=_Builder(),
        maybe_placeholders=False,
    )


class _Builder:
    """Turns each rule into its node as the parser recognises it."""

    def text(self, children: list[Token]) -> nodes.Node:
        (token,) = children
        return nodes.Literal(_column(token), 1, _unquoted(token))

    def number(self, children: list[Token]) -> nodes.Node:
        digits = "".join(children)
        value = float(digits) if "." in digits else int(digits[:40])
        if abs(value) > MAX_NUMBER:
            raise ExpressionError(
                _column(children[0]), "the number is too large", "keep it within 64 bits"
            )
        return nodes.Literal(_column(children[0]), 1, value)

    def word(self, children: list[Token]) -> nodes.Node:
        (token,) = children
        meaning = {"null": None, "true": True, "false": False}[token.lower()]
        return nodes.Literal(_column(token), 1, meaning)

    def dotted(self, children: list[Token]) -> list[Token]:
        return children

    def reference(self, children: list[list[Token]]) -> nodes.Node:
        root, *path = (str(name) for name in children[0])
        column = _column(children[0][0])
        if ".".join((root, *path)) in KNOWN_FUNCTIONS:
            usage = KNOWN_FUNCTIONS[".".join((root, *path))].usage
            raise ExpressionError(column, "a function needs its parentheses", f"write {usage}")
        check_reference(root, tuple(path), column)
        return nodes.Reference(column, 1, root, tuple(path))

    def call(self, children: list[Any]) -> nodes.Node:
        dotted, *arguments = children
        name, column = ".".join(dotted), _column(dotted[0])
        function = KNOWN_FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(column, f"there is no function {name[:40]!r}", _nearest(name))
        if len(arguments) < function.least or (
            function.most is not None and len(arguments) > function.most
        ):
            raise ExpressionError(
                column, f"{name} has {len(arguments)} arguments", f"write {function.usage}"
            )
        return nodes.Call(column, _deeper(column, arguments), function, tuple(arguments))

    def array(self, children: list[Any]) -> nodes.Node:
        opening, *items = children
        column = _column(opening)
        return nodes.Array(column, _deeper(column, items), tuple(items))

    def entry(self, children: list[Any]) -> tuple[str, nodes.Node]:
        key, value = children
        return _unquoted(key), value

    def filter(self, children: list[Any]) -> nodes.Node:
        opening, *entries = children
        column = _column(opening)
        depth = _deeper(column, [value for _, value in entries])
        return nodes.Filter(column, depth, tuple(entries))

    def index(self, children: list[nodes.Node]) -> nodes.Node:
        subject, position = children
        return nodes.Index(*_place(children), subject, position)

    def project(self, children: list[Any]) -> nodes.Node:
        subject, part = children
        if part not in GROUP_PARTS:
            raise ExpressionError(
                _column(part), f"a group has no {str(part[:40])!r}", "write .![name] or .![id]"
            )
        return nodes.Projection(*_place([subject]), subject, str(part))

    def negate(self, children: list[Any]) -> nodes.Node:
        sign, operand = children
        column = _column(sign)
        return nodes.Not(column, _deeper(column, [operand]), operand)

    def add(self, children: list[nodes.Node]) -> nodes.Node:
        return nodes.Sum(*_place(children), tuple(children))

    def compare(self, children: list[Any]) -> nodes.Node:
        left, operator, right = children
        return nodes.Comparison(*_place([left, right]), str(operator), left, right)

    def all_of(self, children: list[nodes.Node]) -> nodes.Node:
        return nodes.Every(*_place(children), tuple(children))

    def any_of(self, children: list[nodes.Node]) -> nodes.Node:
        return nodes.Either(*_place(children), tuple(children))

    def conditional(self, children: list[nodes.Node]) -> nodes.Node:
        return nodes.Conditional(*_place(children), *children)

    def elvis(self, children: list[nodes.Node]) -> nodes.Node:
        return nodes.Elvis(*_place(children), *children)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _unquoted(token: str) -> str:
    return token[1:-1].replace(token[0] * 2, token[0])


def _place(children: Sequence[nodes.Node]) -> tuple[int, int]:
    column = children[0].column
    return column, _deeper(column, children)


def _deeper(column: int, children: Sequence[nodes.Node]) -> int:
    depth = 1 + max((child.depth for child in children), default=0)
    if depth > MAX_DEPTH:
        raise ExpressionError(
            column, f"more than {MAX_DEPTH} levels stand inside each other", "write it flatter"
        )
    return depth


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    ending = name.rpartition(".")[2].lower()
    by_ending = [known for known in KNOWN_FUNCTIONS if ending in known.lower()]
    if near := by_ending or get_close_matches(name, KNOWN_FUNCTIONS, n=1):
        return f"did you mean {KNOWN_FUNCTIONS[near[0]].usage}"
    return "the groups of functions are String, Arrays, Convert, Groups, Time, isMemberOf…"


_REMEDIES = {
    "=": "write == to compare",
    "&": "write AND or &&",
    "|": "write OR or ||",
    "'": "close the text that starts here with another '",
    '"': 'close the text that starts here with another "',
    "-": "only + is there; a minus sign belongs right before a number",
}


def _explained(text: str, error: UnexpectedInput) -> ExpressionError:
    from lark import UnexpectedCharacters, UnexpectedToken

    position = error.pos_in_stream
    if position is None or position < 0 or position >= len(text):
        position = len(text)
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    else:
        expected = set()
    if position == len(text) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return ExpressionError(len(text) + 1, "the expression ends too early", _wanted(expected))
    sign = text[position]
    shown = f"{sign!r}" if sign.isprintable() else f"the character U+{ord(sign):04X}"
    return ExpressionError(
        position + 1, f"{shown} can't stand here", _REMEDIES.get(sign) or _wanted(expected)
    )


def _wanted(expected: set[str]) -> str:
    if "STRING" in expected:
        return 'a value comes next: a name such as user.email, a "text", a number'
    if expected == {"NAME"}:
        return "a name comes next"
    if "RPAR" in expected:
        return "an operator comes next, or a closing )"
    if "RBRACE" in expected:
        return "an operator comes next, or a closing }"
    if "RSQB" in expected:
        return "an operator comes next, or a closing ]"
    if expected == {"COLON"}:
        return "the other half of a ? b : c comes next"
    return "an operator comes next, or the end"
