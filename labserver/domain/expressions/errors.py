"""What goes wrong with an expression, said so that its author can mend it."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that can't be read, or can't be worked out for these values.

    `column` counts characters of the text from 1; `problem` says what is wrong there and `remedy`
    what would be right.
    """

    def __init__(self, column: int, problem: str, remedy: str) -> None:
        super().__init__(f"Column {column}: {problem}; {remedy}.")
        self.column = column
        self.problem = problem
        self.remedy = remedy


class Misuse(ValueError):  # noqa: N818  (a function does not know its column; the call adds it)
    """A function was given something it can't work with."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy

    def at(self, column: int) -> ExpressionError:
        """The same, with the place in the text."""
        return ExpressionError(column, self.problem, self.remedy)
