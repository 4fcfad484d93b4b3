"""The least-privilege map as text, as structure, and by what its controls do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.finding import json_of
from grantlab.lab import Lab
from grantlab.least_privilege import Identity, Operation, Prediction, Role, thread_in
from grantlab.trying import PrivilegeMap, Tried, identity_of
from grantlab.views import view
from grantlab.views.matrix import Desk, matrix_text
from grantlab.views.panel import Panel
from tests.conftest import Server
from tests.kit.views_samples import HOSTILE

USERS = "/api/v1/users"
READ = Operation(
    "GET",
    f"{USERS}/{{user_id}}",
    "get a user",
    "users",
    "okta.users.read",
    ("okta.users.read", "okta.users.manage"),
    ("HELP_DESK_ADMIN",),
    ("HELP_DESK_ADMIN", "USER_ADMIN", "SUPER_ADMIN"),
    ("okta.users.read",),
    False,
    1,
)
CREATE = Operation(
    "POST",
    USERS,
    "create a user",
    "users",
    "okta.users.manage",
    ("okta.users.manage",),
    ("USER_ADMIN",),
    ("USER_ADMIN", "SUPER_ADMIN"),
    ("okta.users.create",),
    False,
    2,
    "activate=false",
    "POST /users/{userId}",
)
QUESTIONS = Operation(
    "GET",
    f"{USERS}/{{user_id}}/factors/questions",
    "list questions",
    "users",
    None,
    (),
    ("HELP_DESK_ADMIN",),
    ("HELP_DESK_ADMIN", "SUPER_ADMIN"),
    (),
    False,
    3,
)
SIGN_IN = Operation("POST", "/api/v1/authn", "sign in", "sign-in", None, (), (), (), (), True, 4)
ROWS = (READ, CREATE, QUESTIONS, SIGN_IN)
JOB = Identity("Job", frozenset({"okta.users.read", "okta.apps.read"}), (Role("HELP_DESK_ADMIN"),))
ADA = Identity("Ada", None, (Role("SUPER_ADMIN"),), "SSWS secret-of-ada")


def tree(panel: Panel) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{panel.html}</all>")


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def rows_of(panel: Panel) -> dict[str, str]:
    """Every row by its number, as its words."""
    found = {}
    for row in tree(panel).iter("tr"):
        if "data-row" in row.attrib:
            cells = [words(cell) for cell in row]
            found[row.attrib["data-row"]] = " | ".join(cells)
    return found


def press(panel: Panel, name: str, value: Any = None) -> None:
    panel._handle_custom_msg({"name": name, "value": value}, [])


def test_the_answer_stands_first_in_words():
    text = words(tree(view(PrivilegeMap(ROWS, (JOB,)))))

    assert "✗ Not enough: 2 of 4 calls are refused." in text
    assert "✗ missing okta.users.manage would open 2 calls" in text
    assert "✓ needed okta.users.read opens 1 call" in text
    assert "○ unused okta.apps.read no call here asks for it" in text
    assert "✗ missing USER_ADMIN" in text
    assert "Enough for these 4 calls: okta.users.manage, with the roles HELP_DESK_ADMIN and" in text
    assert "1 of them takes an API token: no scope exists." in text
    assert "1 of them needs no credential." in text


def test_what_is_refused_comes_before_what_is_allowed():
    found = [
        words(each)
        for each in tree(view(PrivilegeMap(ROWS, (JOB,)))).iter("th")
        if each.get("scope") == "rowgroup"
    ]

    assert found == [
        "✗ Refused: a scope is missing · 1 call",
        "✗ Refused: no scope exists, it takes an API token · 1 call",
        "✓ Allowed · 1 call",
    ]


def test_each_cell_says_by_sign_and_word_what_opens_and_what_is_missing():
    rows = rows_of(view(PrivilegeMap(ROWS, (JOB,))))

    assert rows["1"].startswith("2. create a user POST /users?activate=false The list had:")
    assert "✗ missing" in rows["1"]
    assert "✗ no scope exists" in rows["2"]
    assert "✓ opens" in rows["0"]
    assert rows["3"].startswith("4. sign in")


def test_an_api_token_has_no_scopes_and_may_all_that_its_roles_may():
    text = words(tree(view(PrivilegeMap(ROWS, (ADA,)))))

    assert "▲ Enough, and more than that: 1 larger than needed." in text
    assert "An API token has no scopes" in text
    assert "▲ more than needed SUPER_ADMIN" in text


def test_the_person_chooses_who_calls_the_area_and_the_outcome():
    panel = view(PrivilegeMap(ROWS, (JOB, ADA)))

    press(panel, "identity", "1")
    assert "Ada (API token)" in panel.html
    press(panel, "area", "sign-in")
    assert list(rows_of(panel)) == ["3"]
    press(panel, "area", "all")
    press(panel, "outcome", "allowed")
    assert list(rows_of(panel)) == ["0", "1", "2"]


def test_without_a_lab_nothing_can_be_run_and_the_view_says_why():
    panel = view(PrivilegeMap(ROWS, (ADA,)))

    press(panel, "run", "0")

    assert 'data-send="run"' not in panel.html
    assert "give a lab" in panel.html
    assert "secret-of-ada" not in panel.html


def test_many_scopes_share_one_column():
    many = tuple(
        Operation(
            "GET",
            f"/api/v1/{name}",
            "",
            name,
            f"okta.{name}.read",
            (f"okta.{name}.read",),
            ("ORG_ADMIN",),
            ("ORG_ADMIN", "SUPER_ADMIN"),
            (),
            False,
        )
        for name in ("users", "groups", "apps", "logs", "policies", "roles", "sessions")
    )
    granted = Identity("Job", frozenset({"okta.logs.read"}), (Role("ORG_ADMIN"),))

    panel = view(PrivilegeMap(many, (granted,)))

    heads = [words(each) for each in tree(panel).iter("th") if each.get("scope") == "col"]
    assert heads == ["Call", "Scope", "role Organization admin ✓ needed", "The server"]
    assert rows_of(panel)["0"].split(" | ")[1] == "✗ users.read"
    assert rows_of(panel)["3"].split(" | ")[1] == "✓ logs.read"


def test_a_result_stands_beside_the_prediction_and_a_difference_is_marked():
    desk = Desk(PrivilegeMap(ROWS, (JOB,)))
    allowed = Prediction("allowed")
    desk.tried[0, 0] = Tried(READ, "Job", allowed, "role missing", 403, "E0000006", "No permission")
    desk.tried[0, 1] = Tried(CREATE, "Job", allowed, "allowed", 400, "E0000001", "Api validation")

    drawn = words(ElementTree.fromstring(str(desk.draw())))

    assert "✗ 403 E0000006 role missing ≠ predicted: allowed" in drawn
    assert "✓ 400 E0000001 let in; then refused: Api validation" in drawn
    assert "2 tried, ≠ 1 not as predicted." in drawn


def test_the_text_twin_has_the_answer_and_every_row():
    text = matrix_text(ROWS, JOB)

    assert text.splitlines()[0] == "Job (access token)"
    assert "○ unused: okta.apps.read (no call here asks for it)" in text
    assert "  2. create a user: POST /api/v1/users?activate=false ✗ scope missing" in text
    assert "  4. sign in: POST /api/v1/authn – no credential needed" in text


def test_the_still_form_has_every_row_and_no_control():
    data, _ = view(PrivilegeMap(ROWS, (JOB, ADA)))._repr_mimebundle_()

    assert "<button" not in data["text/html"]
    assert data["text/html"].count("2. create a user") == 2
    assert "Job (access token)" in data["text/html"]
    assert "Ada (API token)" in data["text/html"]
    assert "Ada (API token)" in data["text/plain"]


def test_nothing_hostile_becomes_markup():
    row = Operation(
        "GET",
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        (HOSTILE,),
        (HOSTILE,),
        ("SUPER_ADMIN",),
        (HOSTILE,),
        False,
        1,
        HOSTILE,
        HOSTILE,
    )
    who = Identity(HOSTILE, frozenset({HOSTILE}), (Role("CUSTOM", HOSTILE, frozenset({HOSTILE})),))
    desk = Desk(PrivilegeMap((row, SIGN_IN), (who, ADA)))
    desk.tried[0, 0] = Tried(row, HOSTILE, Prediction("allowed"), "allowed", 500, HOSTILE, HOSTILE)

    for drawn in (desk.draw(), desk.still()):
        root = ElementTree.fromstring(f"<all>{drawn}</all>")
        assert {"script", "img"}.isdisjoint(each.tag for each in root.iter())


@pytest.fixture(scope="module")
def lesson(server: Server) -> Iterator[Lab]:
    with Lab.connect(server.url, server.token) as found:
        yield found


def test_a_row_is_run_for_real_and_its_answer_shown(lesson: Lab):
    body = {"name": "map", "userId": lesson.person("ada").id}
    token = json_of(lesson.admin.post("/api/v1/api-tokens", json=body))["token"]
    ada = identity_of(lesson, token, "Ada")
    rows = [each for each in thread_in(lesson.operations()) if each.number in (3, 4, 14)]
    panel = view(PrivilegeMap(tuple(rows), (ada,), lesson))

    press(panel, "run", "0")
    one = rows_of(panel)
    press(panel, "run-shown")

    assert "✓ 200" in one["0"]
    assert "✓ 200" not in one["1"]
    assert all("✓ 200" in row for row in rows_of(panel).values())
    assert "3 tried, ✓ all as predicted." in panel.html
    assert token not in panel.html


def test_a_line_that_was_misspelt_is_run_as_it_stood(lesson: Lab):
    body = {"name": "map", "userId": lesson.person("ada").id}
    token = json_of(lesson.admin.post("/api/v1/api-tokens", json=body))["token"]
    (reset,) = (each for each in thread_in(lesson.operations()) if each.number == 12)
    panel = view(PrivilegeMap((reset,), (identity_of(lesson, token, "Ada"),), lesson))

    press(panel, "run-written", "0")

    assert "✗ 405 E0000022, no such call" in rows_of(panel)["0"]
