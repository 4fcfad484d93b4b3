"""The policy desk's logic, against a real lab: walk, change, walk again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grantlab.answers import Preview
from grantlab.desk import PolicyDesk, Refused
from grantlab.finding import LabError
from grantlab.lab import Lab
from grantlab.lessons.own import own_admin, own_app, own_server
from grantlab.lessons.own_policies import policy, replace_policies, rule
from grantlab.management import as_python
from grantlab.policies import Policy, Request, Rule, rows, walk_of, with_conditions
from grantlab.recording import Exchange, Recording
from grantlab.views import view
from tests.kit.test_lab import serving

READ = "transfers:read"
BOTH = "transfers:read transfers:write"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--unlisted") as address:
        yield address


@pytest.fixture
def lab(address: str) -> Iterator[Lab]:
    with Lab.connect(address) as found:
        yield found


@pytest.fixture
def desk(lab: Lab) -> PolicyDesk:
    return lab.policy_desk("Transfers")


def outcomes(desk: PolicyDesk) -> dict[str, str]:
    assert desk.walk is not None
    return {row.name: desk.walk.steps[row.id].outcome for row in rows(desk.policies)}


def causes(desk: PolicyDesk) -> dict[str, str]:
    assert desk.walk is not None
    return {row.name: desk.walk.steps[row.id].cause for row in rows(desk.policies)}


def test_a_walk_stops_at_the_first_match(desk: PolicyDesk) -> None:
    walk = desk.ask("Bank SPA", "cora", READ)

    assert walk.allowed
    assert outcomes(desk) == {
        "The bank's apps": "applies",
        "Only reading": "matched",
        "Moving money": "not looked at",
    }
    assert "“Only reading” decides: an access token for 60 minutes" in repr(walk)


def test_a_rule_that_lacks_a_scope_is_passed_over(desk: PolicyDesk) -> None:
    walk = desk.ask("Bank SPA", "cora", BOTH)

    assert outcomes(desk)["Moving money"] == "matched"
    assert causes(desk)["Only reading"] == "scopes"
    assert walk.preview.access_token is not None
    assert walk.preview.access_token["scp"] == BOTH.split()


@pytest.mark.parametrize(
    ("change", "asked", "cause"),
    [
        ({"grant_types": "client_credentials"}, {}, "grants"),
        ({"groups": ["SubGroup"]}, {}, "people"),
        ({"scopes": "openid"}, {}, "scopes"),
        ({"active": False}, {}, "inactive"),
    ],
)
def test_each_condition_that_does_not_fit_is_the_cause_that_is_named(
    desk: PolicyDesk, change: dict[str, object], asked: dict[str, str], cause: str
) -> None:
    desk.ask("Bank SPA", "cora", READ)

    desk.change("Only reading", **change)  # type: ignore[arg-type]

    assert causes(desk)["Only reading"] == cause
    assert outcomes(desk)["Moving money"] == "matched"


def test_a_policy_for_other_clients_is_passed_over_with_all_its_rules(desk: PolicyDesk) -> None:
    walk = desk.ask("Nightly Job", scopes=READ)

    assert not walk.allowed
    assert walk.preview.error == "access_denied"
    assert causes(desk)["The bank's apps"] == "clients"
    assert outcomes(desk)["Only reading"] == "not looked at"


def test_a_policy_whose_rules_are_all_inactive_is_passed_over(desk: PolicyDesk) -> None:
    desk.ask("Bank SPA", "cora", READ)

    desk.change("Only reading", active=False)
    desk.change("Moving money", active=False)

    assert causes(desk)["The bank's apps"] == "rules"


def test_an_inactive_policy_is_passed_over_and_says_so(desk: PolicyDesk) -> None:
    desk.ask("Bank SPA", "cora", READ)

    desk.change("The bank's apps", active=False)

    assert causes(desk)["The bank's apps"] == "inactive"
    assert set(outcomes(desk).values()) == {"passed over", "not looked at"}


def test_a_request_that_fails_before_the_policies_looks_at_none(desk: PolicyDesk) -> None:
    walk = desk.ask("Bank SPA", "cora", "no:such")

    assert walk.preview.error == "invalid_scope"
    assert not walk.started
    assert set(outcomes(desk).values()) == {"not looked at"}


def test_moving_a_rule_changes_who_decides(desk: PolicyDesk) -> None:
    desk.ask("Bank SPA", "cora", READ)

    desk.move("Moving money")

    assert outcomes(desk)["Moving money"] == "matched"
    assert outcomes(desk)["Only reading"] == "not looked at"
    assert [rule.priority for rule in desk.policies[0].rules] == [1, 2]


def test_a_rule_goes_no_further_than_the_ends(desk: PolicyDesk) -> None:
    with pytest.raises(LabError, match="is first already"):
        desk.move("Only reading")
    with pytest.raises(LabError, match="is last already"):
        desk.move("Moving money", up=False)


def test_a_changed_lifetime_is_in_the_next_token(desk: PolicyDesk) -> None:
    desk.ask("Bank SPA", "cora", READ)

    walk = desk.change("Only reading", access_minutes=10)

    assert walk is not None
    assert walk.preview.expires_in == 600


def test_undo_takes_back_conditions_place_and_switch(desk: PolicyDesk) -> None:
    before = [rule.document["conditions"] for rule in desk.policies[0].rules]
    for act in (
        lambda: desk.move("Moving money"),
        lambda: desk.change("Only reading", scopes="openid", groups="Staff", active=False),
    ):
        act()
        assert desk.can_undo

        desk.undo()

        assert [rule.document["conditions"] for rule in desk.policies[0].rules] == before
        assert [rule.name for rule in desk.policies[0].rules] == ["Only reading", "Moving money"]
        assert all(rule.active for rule in desk.policies[0].rules)
        assert not desk.can_undo

    with pytest.raises(LabError, match="no change to take back"):
        desk.undo()


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(lab: Lab, desk: PolicyDesk) -> None:
    other = lab.policy_desk("Transfers")
    other.change("Only reading", access_minutes=7)

    with pytest.raises(Refused) as refused:
        desk.change("Only reading", access_minutes=9)

    assert (refused.value.status, refused.value.code) == (412, "E0000231")
    assert "nothing was overwritten" in refused.value.meaning
    assert desk.refusal is refused.value
    assert not desk.can_undo
    desk.read()
    assert desk.refusal is None
    assert desk.policies[0].rules[0].lifetimes.access == 7


def test_a_value_that_the_api_refuses_changes_nothing(desk: PolicyDesk) -> None:
    with pytest.raises(Refused) as refused:
        desk.change("Only reading", access_minutes=1)

    assert refused.value.status == 400
    assert "E0000001" in refused.value.said
    assert desk.policies[0].rules[0].lifetimes.access == 60


def test_what_was_done_before_a_refusal_is_seen_and_can_be_undone(
    lab: Lab, desk: PolicyDesk
) -> None:
    rule = desk.row("Only reading")
    desk.recording.watch(
        # Between the two calls of one act, somebody deletes the rule.
        lambda call: call.method == "PUT" and lab.admin.delete(rule.path) and None
    )

    with pytest.raises(Refused) as refused:
        desk.change("Only reading", access_minutes=9, active=False)

    assert refused.value.status == 404
    assert [row.name for row in desk.policies[0].rules] == ["Moving money"]


def test_each_act_has_its_calls_and_the_writing_ones_name_the_version(desk: PolicyDesk) -> None:
    version = desk.row("Moving money").version

    desk.move("Moving money")

    put, *reads = desk.calls
    assert (put.method, dict(put.request_headers)["if-match"]) == ("PUT", version)
    assert {call.method for call in reads} == {"GET"}
    assert desk.act.title == "Move “Moving money” up"


def test_the_python_of_a_call_does_the_same_in_a_cell(lab: Lab, desk: PolicyDesk) -> None:
    desk.change("Only reading", access_minutes=9)
    put = desk.calls[0]
    python = as_python(put, desk.base)
    desk.undo()
    moved_on = python.replace(
        repr(dict(put.request_headers)["if-match"]), repr(desk.row("Only reading").version)
    )

    answer = eval(moved_on, {"lab": lab})

    assert answer.status_code == 200
    assert answer.json()["actions"]["token"]["accessTokenLifetimeMinutes"] == 9
    assert "SSWS" not in python


def test_a_given_recording_holds_the_calls(lab: Lab) -> None:
    recording = Recording()

    desk = lab.policy_desk("Sync", recording)
    desk.ask("Nightly Job", scopes="sync:read")

    assert desk.recording is recording
    assert recording.last.path.endswith("/lab/preview")
    assert recording.last.sender == "Policy desk"


def test_who_sits_at_the_desk_reads_and_writes_and_the_lab_alone_previews(lab: Lab) -> None:
    recording = Recording()
    pia = own_admin(
        lab, "pia", recording, "okta.authorizationServers.manage", "okta.apps.read",
        "okta.users.read", "okta.groups.read",
    )  # fmt: skip

    desk = lab.policy_desk("Transfers", recording, admin=pia)
    desk.ask("Bank SPA", "cora", READ)
    desk.move("Only reading", up=False)

    by_lab = {one.path.rpartition("/lab/")[2] for one in recording if _scheme(one) == "SSWS"}
    moved = next(one for one in desk.calls if one.method == "PUT")
    assert by_lab == {"preview"}
    assert _scheme(moved) == "Bearer"
    assert as_python(moved, desk.base, desk.caller).startswith("admin.put(")
    assert "admin is the client who sits at this desk" in view(desk).html


def test_a_reader_at_the_desk_is_refused_the_writing_and_is_told_why(lab: Lab) -> None:
    reader = own_admin(
        lab, "pia", Recording(), "okta.authorizationServers.read", "okta.apps.read",
        "okta.users.read", "okta.groups.read",
    )  # fmt: skip
    desk = lab.policy_desk("Transfers", admin=reader)

    with pytest.raises(Refused) as refused:
        desk.move("Only reading", up=False)

    assert refused.value.status == 403
    assert "may not do this" in refused.value.meaning


def _scheme(one: Exchange) -> str:
    return dict(one.request_headers)["authorization"].partition(" ")[0]


def test_policies_that_are_replaced_are_there_alone_and_in_their_order(lab: Lab) -> None:
    server = own_server(lab, "Orders", "orders:read", "orders:write")
    job = own_app(lab, "Job")

    replace_policies(
        lab.admin,
        server,
        policy("Programs", [job], rule("Night", "orders:read", grant="client_credentials")),
        policy("All", [], rule("Staff", "*", groups=["Staff"], minutes=5), rule("Rest", "*")),
    )

    desk = lab.policy_desk(server.id)
    assert [row.name for row in rows(desk.policies)] == [
        "Programs",
        "Night",
        "All",
        "Staff",
        "Rest",
    ]
    assert [each.clients for each in desk.policies] == [(job.client_id,), ("ALL_CLIENTS",)]
    staff = desk.row("Staff")
    assert isinstance(staff, Rule)
    assert [desk.names.of(each) for each in staff.groups] == ["Staff"]
    assert staff.lifetimes.access == 5


def test_watchers_hear_of_every_act_until_they_stop(desk: PolicyDesk) -> None:
    heard: list[object] = []
    stop = desk.watch(heard.append)
    desk.ask("Bank SPA", "cora", READ)
    with pytest.raises(Refused):
        desk.change("Only reading", access_minutes=1)

    stop()
    stop()
    desk.read()

    assert heard == [desk, desk]


def test_wrong_names_are_told_with_the_right_ones(lab: Lab, desk: PolicyDesk) -> None:
    for wrong, words in (
        (lambda: lab.policy_desk("Nope"), "Transfers"),
        (lambda: desk.ask("Nope", "cora"), "Bank SPA"),
        (lambda: desk.ask("Bank SPA", "nobody"), "cora@bank.example"),
        (lambda: desk.move("Nope"), "Only reading"),
        (lambda: desk.change("Only reading", groups=["Nope"]), "Customers"),
    ):
        with pytest.raises(LabError, match=words):
            wrong()


def test_two_rules_of_one_name_are_told_apart_by_their_policy(lab: Lab, desk: PolicyDesk) -> None:
    path = desk.policies[0].path
    rule = desk.policies[0].rules[0].document
    policy = {**desk.policies[0].document, "name": "Second"}
    made = lab.admin.post(path.rpartition("/")[0], json=policy).json()
    lab.admin.post(f"{path.rpartition('/')[0]}/{made['id']}/rules", json=rule).raise_for_status()
    desk.read()

    with pytest.raises(LabError, match="Several rows"):
        desk.row("Only reading")
    assert desk.row("Second/Only reading").path.split("/")[-3] == made["id"]


def test_the_org_server_has_no_policies_and_the_desk_says_why(lab: Lab) -> None:
    desk = lab.policy_desk("org")

    assert "has no access policies" in desk.unavailable
    with pytest.raises(LabError, match="has no access policies"):
        desk.ask("Bank SPA", "cora")


def test_a_lab_without_a_token_has_a_desk_that_says_so(lab: Lab) -> None:
    bare = Lab(lab.url, None)

    desk = bare.policy_desk("Transfers")

    assert "without a token" in desk.unavailable
    assert desk.policies == ()
    bare.close()


def test_a_server_without_the_management_api_has_a_desk_that_says_so(lab_url: str) -> None:
    other = Lab(lab_url, "a-token")

    desk = other.policy_desk("default")

    assert "404" in desk.unavailable
    other.close()


def test_a_server_that_nobody_runs_has_a_desk_that_says_so() -> None:
    gone = Lab("http://127.0.0.1:9", "a-token")

    desk = gone.policy_desk("default")

    assert "doesn't answer" in desk.unavailable
    gone.close()


def test_conditions_are_set_where_a_document_has_none() -> None:
    body = with_conditions({"name": "r", "conditions": {"people": None}}, {"groups": ["g"]})

    assert body["conditions"]["people"]["groups"]["include"] == ["g"]


def test_rows_that_the_reasons_do_not_name_were_not_looked_at() -> None:
    rule = Rule("/r", "", {"id": "0pr", "name": "R", "priority": 1, "status": "ACTIVE"})
    policy = Policy(
        "/p", "", {"id": "00p", "name": "P", "priority": 1, "status": "ACTIVE"}, (rule,)
    )
    nothing = Preview((), None, (), None, None, False, None, (), "x", "y", "")

    walk = walk_of([policy], Request("a", "0oa", None, None, "client_credentials", ()), nothing)

    assert {step.outcome for step in walk.steps.values()} == {"not looked at"}
    assert rule.lifetimes.access == 60
    assert rule.left_out == ()
