"""The functions that ask about the user: groups, membership, properties that are no attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from labserver.domain.expressions.errors import Misuse
from labserver.domain.expressions.functions import Function, HandlesNull, function
from labserver.domain.expressions.names import INTERNAL_PROPERTIES, Evaluation
from labserver.domain.expressions.plain import MAX_LIST, integer_of, list_of, same, text_of
from labserver.domain.patterns import PatternError, matches

_GROUP_PARTS = ("group.name", "group.id")
_FILTER_KEYS = ("group.id", "group.type", "group.profile.name")


def matches_pattern(evaluation: Evaluation, text: object, pattern: object) -> bool:
    """Whether the pattern covers the whole text; null matches nothing."""
    if text is None or pattern is None:
        return False
    try:
        return matches(text_of(pattern), text_of(text), evaluation.patience)
    except PatternError as error:
        raise Misuse(str(error).rstrip("."), "mend the pattern") from None


def _internal_property(evaluation: Evaluation, name: object) -> object:
    evaluation.person()
    if name not in INTERNAL_PROPERTIES:
        known = ", ".join(INTERNAL_PROPERTIES)
        raise Misuse("there is no such internal property", f"ask for one of {known}")
    return evaluation.names.internal.get(text_of(name))


def _limit(value: object) -> int:
    limit = integer_of(value)
    if not 1 <= limit <= MAX_LIST:
        raise Misuse(f"the limit is {limit}", f"give a number from 1 to {MAX_LIST}")
    return limit


def _names(evaluation: Evaluation) -> list[str]:
    return [name for _, name in evaluation.groups()]


def _limited(
    evaluation: Evaluation, app: object, limit: object, fits: Callable[[str], bool]
) -> list[object]:
    most = _limit(limit)
    names = _names(evaluation)
    if text_of(app).upper() != "OKTA":
        # The lab has no directory or app that brings groups of its own.
        return []
    kept: list[object] = [name for name in names if fits(name.casefold())]
    return kept[:most]


def _groups_contains(
    evaluation: Evaluation, app: object, pattern: object, limit: object
) -> list[object]:
    part = text_of(pattern).casefold()
    return _limited(evaluation, app, limit, lambda name: part in name)


def _groups_starting(
    evaluation: Evaluation, app: object, pattern: object, limit: object
) -> list[object]:
    start = text_of(pattern).casefold()
    return _limited(evaluation, app, limit, lambda name: name.startswith(start))


def _groups_ending(
    evaluation: Evaluation, app: object, pattern: object, limit: object
) -> list[object]:
    end = text_of(pattern).casefold()
    return _limited(evaluation, app, limit, lambda name: name.endswith(end))


def _filtered_groups(
    evaluation: Evaluation, ids: object, part: object, limit: object
) -> list[object]:
    if part not in _GROUP_PARTS:
        raise Misuse("that is no part of a group", 'write "group.name" or "group.id"')
    most = _limit(limit)
    allowed = [] if ids is None else list_of(ids)
    column = 1 if part == "group.name" else 0
    kept: list[object] = [each[column] for each in evaluation.groups() if each[0] in allowed]
    return kept[:most]


def _is_member_by_id(evaluation: Evaluation, group_id: object) -> bool:
    return any(same(group_id, each) for each, _ in evaluation.groups())


def _is_member_of_any(evaluation: Evaluation, group_id: object, *others: object) -> bool:
    return any(_is_member_by_id(evaluation, each) for each in (group_id, *others))


def _is_member_by_name(evaluation: Evaluation, name: object) -> bool:
    return any(same(name, each) for each in _names(evaluation))


def _is_member_by_start(evaluation: Evaluation, prefix: object) -> bool:
    return any(name.startswith(text_of(prefix)) for name in _names(evaluation))


def _is_member_by_part(evaluation: Evaluation, part: object) -> bool:
    return any(text_of(part) in name for name in _names(evaluation))


def _is_member_by_pattern(evaluation: Evaluation, pattern: object) -> bool:
    return any(matches_pattern(evaluation, name, pattern) for name in _names(evaluation))


def _get_groups(evaluation: Evaluation, *filters: object) -> list[object]:
    found: Iterable[tuple[str, str]] = evaluation.groups()
    for each in filters:
        found = [group for group in found if _passes(group, each)]
    # One more than fits, so that too many is an error and never a silent cut.
    return [{"id": group_id, "name": name} for group_id, name in list(found)[: MAX_LIST + 1]]


def _passes(group: tuple[str, str], conditions: object) -> bool:
    if not isinstance(conditions, Mapping):
        raise Misuse(
            "a filter of user.getGroups is not an object",
            "write {'group.profile.name': 'team-'}",
        )
    operator = conditions.get("operator", "STARTS_WITH")
    if operator not in ("STARTS_WITH", "EXACT"):
        raise Misuse("the operator is not known", "write 'STARTS_WITH' or 'EXACT'")
    keys = [key for key in conditions if key != "operator"]
    if not keys or any(key not in _FILTER_KEYS for key in keys):
        raise Misuse("the filter has no known key", "write " + ", ".join(_FILTER_KEYS))
    return all(_has(group, key, conditions[key], operator == "EXACT") for key in keys)


def _has(group: tuple[str, str], key: str, wanted: object, exact: bool) -> bool:
    values = [text_of(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
    group_id, name = group
    if key == "group.id":
        return group_id in values
    if key == "group.type":
        return ("BUILT_IN" if name == "Everyone" else "OKTA_GROUP") in values
    return name in values if exact else any(name.startswith(value) for value in values)


PEOPLE: dict[str, Function] = dict(
    (
        function(
            "user.getInternalProperty(name)", _internal_property, HandlesNull, contextual=True
        ),
        function("user.getGroups({key: value}, …)", _get_groups, HandlesNull, contextual=True),
        function("Groups.contains(app, pattern, limit)", _groups_contains, contextual=True),
        function("Groups.startsWith(app, pattern, limit)", _groups_starting, contextual=True),
        function("Groups.endsWith(app, pattern, limit)", _groups_ending, contextual=True),
        function(
            "getFilteredGroups(ids, part, limit)", _filtered_groups, HandlesNull, contextual=True
        ),
        function("isMemberOfGroup(id)", _is_member_by_id, False, contextual=True),
        function("isMemberOfAnyGroup(id, …)", _is_member_of_any, HandlesNull, contextual=True),
        function("isMemberOfGroupName(name)", _is_member_by_name, False, contextual=True),
        function(
            "isMemberOfGroupNameStartsWith(prefix)", _is_member_by_start, False, contextual=True
        ),
        function("isMemberOfGroupNameContains(part)", _is_member_by_part, False, contextual=True),
        function(
            "isMemberOfGroupNameRegex(pattern)", _is_member_by_pattern, False, contextual=True
        ),
    )
)
