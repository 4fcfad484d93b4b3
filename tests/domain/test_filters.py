"""Filters: the tree of a text, or a refusal that says where."""

from __future__ import annotations

import pytest

from labserver.domain.filters import Both, Compare, Either, FilterError, Not, parse


def test_and_binds_tighter_than_or() -> None:
    tree = parse('a eq "1" or b eq "2" and c eq "3"')

    one, two, three = (Compare(name, "eq", value) for name, value in ("a1", "b2", "c3"))
    assert tree == Either((one, Both((two, three))))


def test_parentheses_and_not_group() -> None:
    tree = parse('NOT (a pr) and (b co "x" or c sw "y")')

    assert tree == Both(
        (
            Not(Compare("a", "pr")),
            Either((Compare("b", "co", "x"), Compare("c", "sw", "y"))),
        )
    )


def test_values_may_hold_quotes_words_and_parentheses() -> None:
    assert parse(r'a eq "say \"and\" (or not)"') == Compare("a", "eq", 'say "and" (or not)')


def test_names_may_begin_like_operators() -> None:
    assert parse('order.notes eq "1"') == Compare("order.notes", "eq", "1")


def test_numbers_and_booleans_need_no_quotes() -> None:
    assert parse("a eq true and b gt -5") == Both(
        (Compare("a", "eq", "true"), Compare("b", "gt", "-5"))
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a eq",
        'eq "1"',
        'a is "1"',
        'a eq "1',
        '(a eq "1"',
        'a eq "1" b eq "2"',
        "a eq 'x'",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="cannot be read"):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 21, "not " * 21 + "a pr", "a" * 2001])
def test_what_is_too_deep_or_long_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(FilterError, match="at most"):
        parse(text)
