"""The desk of scopes and claims, against a real lab: write, ask, look at the token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grantlab.desk import Refused
from grantlab.finding import LabError
from grantlab.lab import App, Lab
from grantlab.lessons.own import own_app, own_server
from grantlab.scopes_desk import ScopesDesk
from tests.kit.test_lab import serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--unlisted") as address:
        yield address


@pytest.fixture
def lab(address: str) -> Iterator[Lab]:
    with Lab.connect(address) as found:
        yield found


@pytest.fixture
def store(lab: Lab) -> App:
    return own_app(lab, "Store", "tom")


@pytest.fixture
def desk(lab: Lab, store: App) -> ScopesDesk:
    return lab.scopes_desk(own_server(lab, "Shop", "prices:read").id)


def claims_of(desk: ScopesDesk) -> dict[str, object]:
    assert desk.walk is not None
    return desk.walk.preview.access_token or {}


def test_a_written_scope_can_be_asked_for_at_once(store: App, desk: ScopesDesk) -> None:
    desk.ask(store, "tom", "prices:write")
    assert not desk.walk.allowed

    desk.write_scope("prices:write", display_name="Change prices", consent="FLEXIBLE")

    assert desk.walk.allowed
    assert desk.scope("prices:write").shown == "Change prices"
    assert desk.scope("prices:write").consent == "FLEXIBLE"


def test_a_change_keeps_what_was_not_said(desk: ScopesDesk) -> None:
    desk.write_scope("prices:read", display_name="See prices", published=True)

    desk.write_scope("prices:read", default=True)

    scope = desk.scope("prices:read")
    assert (scope.shown, scope.published, scope.default) == ("See prices", True, True)


def test_a_claim_is_there_only_with_its_scope(store: App, desk: ScopesDesk) -> None:
    desk.write_scope("profile:staff")
    desk.write_claim("department", "user.department", scopes=["profile:staff"])

    desk.ask(store, "tom", "prices:read")
    assert "department" not in claims_of(desk)

    desk.ask(store, "tom", "prices:read profile:staff")
    assert claims_of(desk)["department"] == "Branch Office"


def test_a_claim_of_groups_holds_the_names_that_match(store: App, desk: ScopesDesk) -> None:
    desk.write_claim("groups", "St", of_groups="STARTS_WITH")
    desk.ask(store, "tom", "prices:read")

    assert claims_of(desk)["groups"] == ["Staff"]


def test_what_is_deleted_is_not_there_any_more(desk: ScopesDesk) -> None:
    desk.write_claim("tier", '"gold"')

    desk.delete(desk.claim("tier"))

    with pytest.raises(LabError, match="Nothing here is called 'tier'"):
        desk.claim("tier")


def test_a_name_that_okta_keeps_for_itself_is_refused(desk: ScopesDesk) -> None:
    with pytest.raises(Refused):
        desk.write_scope("okta.prices.read")

    assert desk.refusal is not None
    assert "okta.prices.read" not in desk.names.scopes


def test_the_org_server_has_no_such_tables_and_the_desk_says_why(lab: Lab) -> None:
    assert "fixed scopes and claims" in lab.scopes_desk("org").unavailable
