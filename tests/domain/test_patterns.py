import time

import pytest

from labserver.domain.patterns import (
    MAX_PATTERN,
    Patience,
    PatternError,
    check_pattern,
    group_filter,
    matches,
)

NAMES = ("Administrators", "team-payments", "Team-Risk", "Everyone", "Ärzte")


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("STARTS_WITH", "team-", ("team-payments", "Team-Risk")),
        ("STARTS_WITH", "TEAM-P", ("team-payments",)),
        ("STARTS_WITH", "", NAMES),
        ("EQUALS", "everyone", ("Everyone",)),
        ("EQUALS", "every", ()),
        ("EQUALS", "ärzte", ("Ärzte",)),
        ("CONTAINS", "MIN", ("Administrators",)),
        ("CONTAINS", ".*", ()),
        ("REGEX", ".*", NAMES),
        ("REGEX", "team-.*", ("team-payments",)),
        ("REGEX", "(?i)team-.*", ("team-payments", "Team-Risk")),
        ("REGEX", r"\p{Lu}\p{Ll}+", ("Administrators", "Everyone", "Ärzte")),
    ],
)
def test_a_group_filter_keeps_the_matching_names_in_their_order(kind, value, kept):
    assert group_filter(kind, value, NAMES) == kept


def test_a_regex_filter_must_cover_the_whole_name():
    assert group_filter("REGEX", "team", NAMES) == ()


@pytest.mark.parametrize("pattern", [r"(a|aa)+b", "(?R)"])
def test_a_pattern_that_backtracks_without_end_is_stopped(pattern):
    started = time.thread_time()

    with pytest.raises(PatternError, match="took too long|too much memory"):
        group_filter("REGEX", pattern, ["a" * 60 + "!"] * 100)

    assert time.thread_time() - started < 2


def test_all_names_share_one_time_limit():
    with pytest.raises(PatternError, match="took too long"):
        matches(".*", "short", Patience(seconds=0))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[", "not a regular expression"),
        ("(?<name", "not a regular expression"),
        (r"\L<names>", "not a regular expression"),
        ("(" * 500 + ")" * 500, "nested too deeply"),
        ("a" * (MAX_PATTERN + 1), "at most 1024"),
        ("a{1000000000}", "repeats too much"),
        ("a{,99999999999999999999}", "repeats too much"),
        ("(((a{100}){100}){100})", "repeats too much"),
        ("(?x)a{1 0 0 0 0 0}", "flag x"),
        ("(?ix:a)", "flag x"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_its_reason(pattern, words):
    with pytest.raises(PatternError, match=words):
        check_pattern(pattern)


def test_an_everyday_pattern_with_counts_is_accepted():
    check_pattern(r"[A-Z]{2,3}-\d{3}-\d{4}")
    check_pattern(r"(?i).*\bx\b.*")
