import contextlib
import json
import random
import time

import pytest

from labserver.domain.expressions import (
    MAX_TEXT,
    Expression,
    ExpressionError,
    Names,
    evaluate,
    parse,
)
from labserver.domain.expressions.grammar import KNOWN_FUNCTIONS

ADA = Names(
    user={
        "firstName": "Ada",
        "lastName": "Lovelace",
        "login": "ada@bank.example",
        "email": "ada@bank.example",
        "department": "Sales",
        "skills": ["python", "sql"],
        "level": 7,
        "nickName": "",
        "isContractor": False,
    },
    internal={"id": "00uada", "status": "ACTIVE"},
    appuser={"userName": "ada.l", "desk": 12},
    app={"id": "0oaweb", "clientId": "0oaweb", "profile": {"tier": "gold", "limits": [1, 2]}},
    scopes=("openid", "accounts:read"),
    amr=("pwd", "otp"),
    org={"name": "First Bank", "subDomain": "bank"},
    groups=(
        ("00g1", "Everyone"),
        ("00g2", "Administrators"),
        ("00g3", "team-payments"),
        ("00g4", "team-risk"),
    ),
    now=1438363117.979,
)
MACHINE = Names(app={"id": "0oabatch", "clientId": "0oabatch", "profile": {}}, scopes=("a",))


def value_of(text: str, names: Names = ADA) -> object:
    return evaluate(parse(text), names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(appuser != null) ? appuser.userName : app.clientId", "ada.l"),
        ('user.firstName + " " + user.lastName', "Ada Lovelace"),
        ('user.department == "Sales" ? "seller" : "other"', "seller"),
        ('isMemberOfGroupName("Administrators") ? "admin" : "user"', "admin"),
        ('String.substringAfter(user.email, "@")', "bank.example"),
        ('String.replace(Arrays.toCsvString(access.scope), ",", " ")', "openid accounts:read"),
        ('Arrays.contains(user.skills, "python")', True),
        ('app.profile.tier ?: "free"', "gold"),
        ('Groups.startsWith("OKTA", "team-", 20)', ["team-payments", "team-risk"]),
        ('user.getInternalProperty("status")', "ACTIVE"),
    ],
)
def test_the_worked_examples_of_the_reference_hold(text, value):
    assert value_of(text) == value


def test_the_built_in_subject_is_the_client_for_a_machine():
    text = "(appuser != null) ? appuser.userName : app.clientId"

    assert value_of(text, MACHINE) == "0oabatch"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("user.missing", None),
        ("appuser.desk", 12),
        ("app.id", "0oaweb"),
        ("app.profile.limits", [1, 2]),
        ("app.profile.limits[1]", 2),
        ('app.profile["tier"]', "gold"),
        ("app.profile.tier.deeper ?: 1", ExpressionError),
        ("app.profile.no.deeper", None),
        ("access.scope", ["openid", "accounts:read"]),
        ("session.amr", ["pwd", "otp"]),
        ('org.name + "/" + org.subDomain', "First Bank/bank"),
        ('user.getInternalProperty("id")', "00uada"),
        ('user.getInternalProperty("lastLogin")', None),
    ],
)
def test_references_reach_the_documented_data(text, value):
    if value is ExpressionError:
        with pytest.raises(ExpressionError):
            value_of(text)
    else:
        assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('String.append("This is", " a test")', "This is a test"),
        ('String.join(",", "A", "B")', "A,B"),
        ('String.join("", "A", null, "B")', "AB"),
        ('String.len("This")', 4),
        ("String.len(user.missing)", 0),
        ('String.removeSpaces("This is")', "Thisis"),
        ('String.replace("This list includes", "is", "at")', "That latt includes"),
        ('String.replaceFirst("This list", "is", "at")', "That list"),
        ('String.replace("a", "", "b")', "a"),
        ('String.startsWith("team-x", "team-")', True),
        ('String.startsWith(user.missing, "t")', False),
        ('String.stringContains("This is a test", "test")', True),
        ('String.stringSwitch("This is a test", "default", "test", "v1")', "v1"),
        ('String.stringSwitch("First match wins", "d", "no", "1", "wins", "2", "match", "3")', "2"),
        ('String.stringSwitch(user.missing, "default", "test", "v1")', "default"),
        ('String.substring("This is a test", 2, 9)', "is is a"),
        ('String.substringAfter("no", "@")', ""),
        ('String.substringBefore("ada@example.com", "@")', "ada"),
        ('String.substringBefore("no", "@")', "no"),
        ("String.toUpperCase('This')", "THIS"),
        ("String.toLowerCase(user.missing)", None),
        ("Arrays.add({10, 20}, 40)", [10, 20, 40]),
        ("Arrays.remove({10, 20, 30}, 20)", [10, 30]),
        ("Arrays.clear({10})", []),
        ("Arrays.get({0, 1, 2}, 0)", 0),
        ("Arrays.flatten(10, {20, {30}}, 40)", [10, 20, 30, 40]),
        ("Arrays.contains({10, 20}, 50)", False),
        ("Arrays.contains(NULL, 1)", False),
        ("Arrays.size({1, 2, 3})", 3),
        ("Arrays.size(NULL)", 0),
        ("Arrays.isEmpty({})", True),
        ("Arrays.isEmpty(null)", True),
        ('Arrays.toCsvString({"This", " a ", "test"})', "This, a ,test"),
        ("Convert.toInt('1234')", 1234),
        ("Convert.toInt(123.4)", 123),
        ("Convert.toInt(123.6)", 124),
        ("Convert.toInt(-1.6)", -2),
        ("Convert.toNum('3.141')", 3.141),
        ("Convert.toNum('12') + 1", 13),
        ("Convert.toNum(user.missing)", None),
    ],
)
def test_text_array_and_conversion_functions(text, value):
    result = value_of(text)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Groups.contains("OKTA", "ADMIN", 10)', ["Administrators"]),
        ('Groups.endsWith("OKTA", "-risk", 10)', ["team-risk"]),
        ('Groups.startsWith("OKTA", "team-", 1)', ["team-payments"]),
        ('Groups.startsWith("active_directory", "team-", 10)', []),
        ('getFilteredGroups({"00g3", "00gx"}, "group.name", 40)', ["team-payments"]),
        ('getFilteredGroups({"00g3"}, "group.id", 40)', ["00g3"]),
        ('getFilteredGroups(app.profile.allowlist, "group.name", 40)', []),
        ('isMemberOfGroup("00g2")', True),
        ('isMemberOfGroup("Administrators")', False),
        ('isMemberOfGroupName("administrators")', False),
        ('isMemberOfAnyGroup("00gx", "00g4")', True),
        ('isMemberOfGroupNameStartsWith("team-")', True),
        ('isMemberOfGroupNameContains("pay")', True),
        ('isMemberOfGroupNameRegex("team-.*")', True),
        ('isMemberOfGroupNameRegex("team")', False),
        ("user.getGroups({'group.profile.name': 'team-'}).![name]", ["team-payments", "team-risk"]),
        ("user.getGroups({'group.profile.name': 'team-'}).![id]", ["00g3", "00g4"]),
        ("user.getGroups({'group.profile.name': 'team-', 'operator': 'EXACT'}).![name]", []),
        ("user.getGroups({'group.type': {'BUILT_IN'}})", [{"id": "00g1", "name": "Everyone"}]),
        (
            "user.getGroups({'group.id': {'00g2', '00g3'}}, {'group.profile.name': 't'}).![name]",
            ["team-payments"],
        ),
    ],
)
def test_group_functions(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Time.now()", "2015-07-31T17:18:37.979Z"),
        ('Time.now("Etc/GMT+4")', "2015-07-31T13:18:37.979-04:00"),
        ('Time.now("UTC", "YYYY-MM-dd HH:mm:ss")', "2015-07-31 17:18:37"),
        (
            "Time.now(\"UTC\", \"EEE, d MMM yy hh:mm a 'o''clock'\")",
            "Fri, 31 Jul 15 05:18 PM o'clock",
        ),
    ],
)
def test_the_time_is_the_one_passed_in(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 + 3", 6),
        ('1 + "a"', "1a"),
        ('"x" + true', "xtrue"),
        ("user.missing + 'x'", None),
        ("1 < 2 AND 2 >= 2", True),
        ("1 > 2 || 1 <= 1", True),
        ("'a' < 'b'", True),
        ("null < 1", False),
        ("!user.isContractor", True),
        ("!user.missing", True),
        ("true OR false AND false", True),
        ("(true or false) and false", False),
        ("false && user.level", False),
        ('"1" == 1', False),
        ("true == 1", False),
        ("1 == 1.0", True),
        ("null == null", True),
        ("user != null", True),
        ("user == null ? 1 : 2", 2),
        ("user.level > 5 ? user.level > 6 ? 'high' : 'mid' : 'low'", "high"),
        ("user.missing ? 1 : 2", 2),
        ("user.nickName ?: 'none'", "none"),
        ("user.missing ?: user.nickName ?: 'last'", "last"),
        ("false ?: true", False),
        ("{1, 'a', {true}, null}", [1, "a", [True], None]),
        ("{}", []),
        ("{1, 2}[1]", 2),
        ("user.missing[0]", None),
        ("-5", -5),
        ("3.5", 3.5),
        ("'it''s'", "it's"),
        ('"say ""hi"""', 'say "hi"'),
        ("'back\\slash'", "back\\slash"),
        ("'ada@x' matches '[a-z]+@x'", True),
        ("'ada@x' matches '[a-z]+'", False),
        ("user.missing matches '.*'", False),
        ("\n  user\n . login ", "ada@bank.example"),
        ('"gold"', "gold"),
    ],
)
def test_operators_and_literals(text, value):
    result = value_of(text)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "user.email",
        "user.firstName + user.lastName",
        'user.department == "Sales" ? "seller" : "other"',
        'isMemberOfGroupName("Administrators") ? "admin" : "user"',
        'Groups.startsWith("OKTA", "team-", 20)',
        "user.getGroups({'group.profile.name': 'team-'}).![name]",
        'user.getInternalProperty("id")',
        "appuser.userName ?: 'x'",
    ],
)
def test_what_asks_for_an_absent_person_is_null(text):
    assert value_of(text, MACHINE) is None


def test_a_machine_still_has_what_needs_no_person():
    assert value_of("user == null ? app.clientId : user.login", MACHINE) == "0oabatch"
    assert value_of('app.profile.tier ?: "free"', MACHINE) == "free"


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "nothing here"),
        ("   ", 1, "nothing here"),
        ("user.email ==", 14, "ends too early"),
        ("user.x = 1", 8, "write == to compare"),
        ("1 & 2", 3, "write AND or &&"),
        ('1 + "abc', 5, "close the text"),
        ("(1 + 2", 7, "closing )"),
        ("{1, 2", 6, "closing }"),
        ("{'a': 1}", 5, "closing }"),
        ("1 2", 3, "an operator comes next, or the end"),
        ("3 - 1", 3, "only + is there"),
        ("true ? 1", 9, "a ? b : c"),
        ("salesforce.userName", 1, "can't refer to other apps"),
        ("1 + salesforce.userName", 5, "can't refer to other apps"),
        ("email", 1, "not known here"),
        ("user.profile.email", 1, "user.email"),
        ("user.__class__.__mro__", 1, "too many parts"),
        ("app.name", 1, "app.id or app.clientId or app.profile"),
        ("access.token", 1, "access.scope"),
        ("session.id", 1, "session.amr"),
        ("org.id", 1, "org.name or org.subDomain"),
        ("access.scope.x", 1, "access.scope alone"),
        ("String.upper('a')", 1, "did you mean String.toUpperCase"),
        ("user.getInternalProperty", 1, "parentheses"),
        ("''.toUpperCase()", 3, "can't stand here"),
        ("T(java.lang.Runtime)", 3, "not known here"),
        ("new java.io.File('x')", 5, "can't stand here"),
        ("__import__('os')", 1, "no function"),
        ("user.__init__()", 1, "no function"),
        ("String.len()", 1, "write String.len(text)"),
        ("1 + String.len('a', 'b')", 5, "write String.len(text)"),
        ("user.getGroups({'group.id': '1'}).![secret]", 37, "write .![name]"),
        ("99999999999999999999", 1, "too large"),
        ("1 +\n\x00", 5, "U+0000"),
        ("“gold”", 1, "can't stand here"),
        ("#root", 1, "can't stand here"),
        ("'a'" + " " * MAX_TEXT, 1025, "longer than 1024"),
        ("!" * 60 + "true", 13, "levels"),
        ("{" * 60 + "}" * 60, 12, "levels"),
        ("null ?: " * 100 + "1", 417, "levels"),
    ],
)
def test_what_is_outside_the_language_is_refused_with_its_place_and_a_remedy(text, column, words):
    with pytest.raises(ExpressionError) as caught:
        parse(text)

    assert words in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("user", 1, "name an attribute"),
        ("{user}", 1, "name an attribute"),
        ("1 + user", 1, "stands where|can't be added"),
        ("1 + String.len({1})", 5, "a text is needed"),
        ("'a' ? 1 : 2", 1, "true or false is needed"),
        ("'a' < 1", 1, "have no order"),
        ("{1} + {2}", 1, "can't be added"),
        ("{1}[5]", 1, "positions start at 0"),
        ("Arrays.get({1}, 'a')", 1, "whole number"),
        ("Arrays.size('abc')", 1, "a list is needed"),
        ("String.substring('abc', 2, 9)", 1, "has 3 characters"),
        ("String.stringSwitch('a', 'd', 'k')", 1, "in pairs"),
        ("Convert.toInt('12 apples')", 1, "does not hold a number"),
        ("Convert.toNum('nan')", 1, "does not hold a number"),
        ("Convert.toNum('1e999')", 1, "out of range"),
        ("9223372036854775807 + 1", 1, "out of range"),
        ('Groups.startsWith("OKTA", "x", 101)', 1, "from 1 to 100"),
        ('getFilteredGroups({"1"}, "group.secret", 1)', 1, "no part of a group"),
        ('user.getInternalProperty("password")', 1, "no such internal property"),
        ("user.getGroups('x')", 1, "not an object"),
        ("user.getGroups({'group.owner': 'x'})", 1, "no known key"),
        ("user.getGroups({'group.id': 'x', 'operator': 'LIKE'})", 1, "'STARTS_WITH' or 'EXACT'"),
        ("{1}.![name]", 1, "items have no parts"),
        ("Time.now('../../etc/passwd')", 1, "time zone is not known"),
        ("Time.now('Mars/Base')", 1, "time zone is not known"),
        ("Time.now('UTC', 'QQQ')", 1, "the format has"),
        ("'a' matches '['", 1, "not a regular expression"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_place_and_a_remedy(text, column, words):
    expression = parse(text)

    with pytest.raises(ExpressionError, match=words) as caught:
        evaluate(expression, ADA)

    assert caught.value.column == column


def test_an_error_never_repeats_a_persons_data():
    names = Names(user={"secret": "s3cr3t-value"})

    with pytest.raises(ExpressionError) as caught:
        value_of("Convert.toInt(user.secret)", names)

    assert "s3cr3t-value" not in str(caught.value)


def test_without_a_time_the_time_can_not_be_asked():
    with pytest.raises(ExpressionError, match="no time is known"):
        value_of("Time.now()", MACHINE)


@pytest.mark.parametrize(
    "text",
    [
        "user.long + user.long",
        "String.replace(user.long, 'x', user.long)",
        "Arrays.add(user.many, 1)",
        "user.oversized",
        "{user.huge, user.huge, user.huge, user.huge, user.huge, user.huge}",
        "user.deep",
    ],
)
def test_a_result_can_not_grow_without_bound(text):
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    names = Names(
        user={
            "long": "x" * 8000,
            "many": list(range(100)),
            "oversized": list(range(101)),
            "huge": ["x" * 4000] * 3,
            "deep": deep,
        }
    )

    with pytest.raises(ExpressionError, match="grows past|too large"):
        value_of(text, names)


def test_a_pattern_without_end_is_stopped():
    started = time.thread_time()

    with pytest.raises(ExpressionError, match="took too long"):
        value_of("'" + "a" * 60 + "!' matches '(a|aa)+b'")

    assert time.thread_time() - started < 2


def test_the_same_text_is_read_once():
    assert parse("user.email") is parse("user.email")
    assert isinstance(parse("user.email"), Expression)


LEAVES = (
    *("user", "user.email", "user.skills", "user.missing", "user.level", "app.profile", "null"),
    *("true", "0", "1", "-3", "2.5", "''", "'a'", "'OKTA'", "'[a-z]+'", "'('", "{}", "{1, 'a'}"),
    *("access.scope", "'UTC'", "'yyyy'", "9223372036854775807", "'1e400'", "'00g1'", "'id'"),
)
PIECES = (
    *("user", "app", ".", "email", "profile", "(", ")", "{", "}", "[", "]", ".![name]", ","),
    *("?", ":", "?:", "==", "<", "+", "-", "!", "AND", "or", "matches", "null", "true", "1", "3.5"),
    *(
        "'a'",
        '"',
        "'",
        "String.len",
        "Arrays.get",
        "Groups.contains",
        "Time.now",
        "isMemberOfGroup",
    ),
    *(
        "user.getGroups",
        "\0",
        "é",
        "\ud800",
        "🙂",
        "\u202e",
        "\n",
        "\\",
        "#",
        "@",
        "__class__",
        " ",
    ),
    *("user.email", "user.skills", "access.scope", "String.append(", "Convert.toInt(", "{'a': 1}"),
)


@pytest.mark.parametrize("seed", range(8))
def test_scrambled_texts_raise_nothing_but_expression_errors(seed):
    chance = random.Random(seed)

    for _ in range(100):
        separator = chance.choice(["", " "])
        text = separator.join(chance.choices(PIECES, k=chance.choice([2, 3, 4, 8, 40])))

        assert_answered(text)


@pytest.mark.parametrize("seed", range(8))
def test_well_formed_texts_with_values_that_do_not_fit_raise_nothing_but_expression_errors(seed):
    chance = random.Random(seed)

    for _ in range(100):
        assert_answered(well_formed(chance, depth=3))


def assert_answered(text: str) -> None:
    try:
        value = value_of(text)
    except ExpressionError as error:
        column = error.column
    else:
        json.dumps(value)
        column = 1
    assert 1 <= column <= len(text) + 1


def well_formed(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return chance.choice(LEAVES)

    def part() -> str:
        return well_formed(chance, depth - 1)

    name = chance.choice(sorted(KNOWN_FUNCTIONS))
    function = KNOWN_FUNCTIONS[name]
    count = chance.randint(function.least, function.most or function.least + 2)
    call = f"{name}({', '.join(part() for _ in range(count))})"
    operator = chance.choice(["==", "!=", "<", ">=", "+", "AND", "||", "?:", "matches"])
    return chance.choice(
        [
            call,
            call,
            f"({part()} {operator} {part()})",
            f"({part()} ? {part()} : {part()})",
            f"{{{part()}, {part()}}}[{part()}]",
            f"!{part()}",
            f"{call}.![name]",
        ]
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 512 + "1" + ")" * 511,
        "((((" * 255,
        "!" * 1024,
        "{" * 1024,
        "1+" * 511 + "1",
        "true?" * 200,
        "true?1:" * 140 + "1",
        "a." * 511 + "a",
        "user.x" + "[0]" * 300,
        "String.len(" * 90 + "1" + ")" * 30,
        "9" * 1024,
        "9" * 500 + "." + "9" * 500,
        "\0" * 1024,
        "'" + "\U0010ffff" * 1000 + "'",
        "\ud800" * 10,
        "x" * 1_000_000,
    ],
)
def test_large_and_deep_texts_are_answered_quickly(text):
    started = time.thread_time()

    with contextlib.suppress(ExpressionError):
        value_of(text)

    assert time.thread_time() - started < 1
