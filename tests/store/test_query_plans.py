"""Lists and lookups of people walk indexes, so that they stay as quick among ten thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import event

from tests.conftest import ROOT_TOKEN, running


class Plans:
    """How the database answers the queries of a call about people."""

    def __init__(self, admin: httpx.Client, engine: Any) -> None:
        self.admin = admin
        self.engine = engine
        self.seen: list[tuple[str, Any]] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def of(self, path: str) -> str:
        """The plan of the call's query for users, a step a line."""
        self.seen.clear()
        assert self.admin.get(path).status_code == 200
        # The last one is the list's own; those before it were asked to let the caller in.
        statement, values = [found for found in self.seen if "FROM users" in found[0]][-1]
        with self.engine.connect() as connection:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return "\n".join(step[3] for step in steps)

    def _note(self, _c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            self.seen.append((statement, values))


@pytest.fixture
def plans(tmp_path: Path, make_key: Callable[[], RSAKey]) -> Iterator[Plans]:
    headers = {"Authorization": f"SSWS {ROOT_TOKEN}"}
    server = running(tmp_path, make_key)
    with server as found, httpx.Client(base_url=found.url, headers=headers) as admin:
        yield Plans(admin, server.app.extensions["labserver"][1].engine)


def test_a_beginning_is_looked_up_in_an_index_of_each_attribute(plans: Plans) -> None:
    plan = plans.of("/api/v1/users?q=co")

    for name in ("login", "email", "first", "last"):
        assert f"USING INDEX ix_users_{name}_begins (org_id=? AND <expr>>? AND <expr><?)" in plan
    assert "SCAN users" not in plan
    assert "USE TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/api/v1/users", "ix_users_org (org_id=?)"),
        ("/api/v1/users/cora", "uq_users_key (org_id=? AND key>? AND key<?)"),
        ('/api/v1/users?search=profile.login eq "x"', "ix_users_login (org_id=? AND login=?)"),
        ('/api/v1/users?filter=status eq "STAGED"', "ix_users_status (org_id=? AND status=?)"),
    ],
)
def test_a_lookup_and_a_page_follow_an_index(plans: Plans, path: str, index: str) -> None:
    plan = plans.of(path)

    assert plan == f"SEARCH users USING INDEX {index}"


@pytest.mark.parametrize(
    ("attribute", "index"), [("email", "email"), ("firstName", "first"), ("lastName", "last")]
)
def test_a_search_for_the_whole_of_a_name_follows_its_index_and_minds_the_case(
    plans: Plans, attribute: str, index: str
) -> None:
    cora = plans.admin.get("/api/v1/users/cora").json()["profile"][attribute]
    search = f'/api/v1/users?search=profile.{attribute} eq "{{}}"'

    plan = plans.of(search.format(cora))
    found = plans.admin.get(search.format(cora)).json()
    other_case = plans.admin.get(search.format(cora.swapcase())).json()

    assert f"USING INDEX ix_users_{index}_begins (org_id=? AND <expr>=?)" in plan
    assert [each["profile"][attribute] for each in found] == [cora]
    assert other_case == []


def test_the_members_of_a_group_are_read_from_the_group_on(plans: Plans) -> None:
    staff = plans.admin.get("/api/v1/groups", params={"q": "Staff"}).json()[0]["id"]

    plan = plans.of(f"/api/v1/groups/{staff}/users")

    assert "SEARCH memberships USING INDEX ix_memberships_group_user (group_pk=?)" in plan
    assert "SEARCH users USING INDEX ix_users_org (org_id=? AND rowid=?)" in plan
    assert "USE TEMP B-TREE" not in plan


def test_whoever_is_found_by_a_beginning_has_no_further_pages(plans: Plans) -> None:
    answer = plans.admin.get("/api/v1/users", params={"q": "", "limit": 1})
    found = plans.admin.get("/api/v1/users", params={"q": "CO", "limit": 1})

    assert len(answer.links) == 2
    assert [each["profile"]["login"] for each in found.json()] == ["cora@bank.example"]
    assert set(found.links) == {"self"}
