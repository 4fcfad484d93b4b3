"""Lesson 11: mistakes that are really made, odd evidence, and the page that lends its rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from grantlab import Lab
from grantlab.exercises import exercises_of
from grantlab.flows import FlowSetup
from grantlab.lab import Person
from grantlab.lessons import lesson_11
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.own import own_app, own_person
from grantlab.lessons.own_service import OwnService, own_service
from grantlab.lessons.phone_book import PhoneBook
from grantlab.library import authorization_code_pkce
from grantlab.recording import Recording

EXERCISES = exercises_of("11")
FORM = {"grant_type": "client_credentials", "scope": "okta.users.read"}

SignIn = Callable[..., str]


@pytest.fixture
def kit_lab(lab: Any) -> Iterator[Lab]:
    """The kit in the org of the test."""
    with Lab(lab.url, lab.token) as found:
        yield found


@pytest.fixture
def job(kit_lab: Lab) -> OwnService:
    """A service that may list everybody."""
    return own_service(kit_lab, "Directory job", "okta.users.read", role="READ_ONLY_ADMIN")


@pytest.fixture
def noor(kit_lab: Lab) -> Person:
    """Somebody new, without a role."""
    return own_person(kit_lab, "Noor", "Haddad")


@pytest.fixture
def sign_in(kit_lab: Lab) -> SignIn:
    """Signs a person in on a page of their own; the access token is what is given back."""

    def sign_in(person: Person, seen: Recording, *scopes: str) -> str:
        page = own_app(kit_lab, "Page", person.login, auth="none", application_type="browser")
        for scope in scopes:
            grant = {"scopeId": scope, "issuer": kit_lab.url}
            kit_lab.admin.post(f"/api/v1/apps/{page.id}/grants", json=grant).raise_for_status()
        setup = FlowSetup(
            issuer=kit_lab.url,
            client_id=page.client_id,
            scopes=("openid", *scopes),
            username=person.login,
            password=person.password,
        )
        played = authorization_code_pkce.flow(setup, seen).run_all()
        return str(played.state.tokens["access_token"])

    return sign_in


def token_of_service(lab: Lab, job: OwnService, seen: Recording, **claims: str) -> httpx.Response:
    """The answer to the service's token request."""
    return seen.client("Job").post(job.token_url, data=FORM | job.proof(lab.now(), **claims))


def call(lab: Lab, seen: Recording, token: str, path: str = "/api/v1/users", **query: str) -> None:
    """One call with this token."""
    bearer = {"Authorization": f"Bearer {token}"}
    seen.client("Page", base_url=lab.url).get(path, headers=bearer, params=query)


def give_role(lab: Lab, person: Person, type: str, *groups: str) -> None:
    """The person has the role, limited to the groups of these names, if any."""
    roles = f"/api/v1/users/{person.id}/roles"
    role = lab.admin.post(roles, json={"type": type}).raise_for_status().json()["id"]
    for group in groups:
        found = lab.admin.get("/api/v1/groups", params={"q": group}).json()[0]["id"]
        lab.admin.put(f"{roles}/{role}/targets/groups/{found}").raise_for_status()


@pytest.mark.parametrize(
    ("role", "scope", "query", "hint"),
    [
        (("HELP_DESK_ADMIN", "SubGroup"), "okta.users.read", {}, None),
        (("USER_ADMIN", "SubGroup"), "okta.users.read", {}, None),
        (("USER_ADMIN",), "okta.users.read", {}, lesson_11.HAD_THEM_ALL),
        (("READ_ONLY_ADMIN",), "okta.users.read", {"q": "Sam"}, lesson_11.ASKED_FOR_LESS),
        (None, "okta.users.read", {}, lesson_11.NO_ROLE),
        (("USER_ADMIN", "SubGroup"), "okta.groups.read", {}, lesson_11.NO_SCOPE),
    ],
)
def test_a_list_that_was_really_made_is_judged_by_who_came(
    kit_lab: Lab,
    noor: Person,
    sign_in: SignIn,
    role: tuple[str, ...] | None,
    scope: str,
    query: dict[str, str],
    hint: str | None,
) -> None:
    if role is not None:
        give_role(kit_lab, noor, *role)
    listing = Recording()

    call(kit_lab, listing, sign_in(noor, listing, scope), **query)

    reasons = EXERCISES["sub-group-only"].judge(listing).reasons
    assert reasons == (() if hint is None else (hint,))


def test_a_service_for_everybody_is_no_answer_and_one_for_the_group_is(
    kit_lab: Lab, job: OwnService
) -> None:
    listing = Recording()
    call(kit_lab, listing, token_of_service(kit_lab, job, listing).json()["access_token"])
    broad = EXERCISES["sub-group-only"].judge(listing)
    roles = f"/oauth2/v1/clients/{job.id}/roles"
    (had,) = kit_lab.admin.get(roles).json()
    kit_lab.admin.delete(f"{roles}/{had['id']}").raise_for_status()
    role = kit_lab.admin.post(roles, json={"type": "HELP_DESK_ADMIN"}).json()["id"]
    group = kit_lab.admin.get("/api/v1/groups", params={"q": "SubGroup"}).json()[0]["id"]
    kit_lab.admin.put(f"{roles}/{role}/targets/groups/{group}").raise_for_status()

    call(kit_lab, listing, token_of_service(kit_lab, job, listing).json()["access_token"])

    assert broad.reasons == (lesson_11.BROAD_SERVICE,)
    assert EXERCISES["sub-group-only"].judge(listing).passed


def test_both_refusals_of_the_server_are_what_the_exercise_calls_them(
    kit_lab: Lab, noor: Person, sign_in: SignIn
) -> None:
    seen, refusals = Recording(), Recording()
    token = sign_in(noor, seen, "okta.users.read")
    call(kit_lab, refusals, token, "/api/v1/groups")
    call(kit_lab, refusals, token)
    right = {
        "scope missing": refusals[0],
        "role missing": refusals[1],
        "told apart by": " www-Authenticate ",
    }
    swapped = right | {"scope missing": refusals[1], "role missing": refusals[0]}

    assert EXERCISES["two-refusals"].judge(right).passed
    assert EXERCISES["two-refusals"].judge(swapped).reasons == (
        lesson_11.NO_CHALLENGE,
        lesson_11.WRONG_WAY_ROUND,
    )


def test_naming_a_person_is_refused_or_not_heard_and_either_is_a_good_try(
    kit_lab: Lab, job: OwnService, sign_in: SignIn
) -> None:
    cora = kit_lab.person("cora")
    for claims in ({"sub": cora.id}, {"act": cora.login}):
        acting = Recording()
        token_of_service(kit_lab, job, acting, **claims)
        sign_in(cora, acting, "okta.users.read")

        no, yes = (
            EXERCISES["act-as"].judge({"can it": can_it, "proof": acting})
            for can_it in (False, True)
        )

        assert no.passed
        assert len(yes.reasons) == 1


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("two-refusals", {"scope missing": 403, "role missing": 403, "told apart by": 5}),
        ("two-refusals", "403"),
        ("act-as", {"can it": "no", "proof": Recording()}),
        ("act-as", {"proof": Recording()}),
        ("act-as", False),
        ("sub-group-only", {"sam"}),
    ],
)
def test_odd_evidence_is_not_yet_right(name: str, odd: Any) -> None:
    assert EXERCISES[name].judge(odd).status == "not yet"


def test_nothing_is_attempted_as_the_lesson_gives_it() -> None:
    empty = {"scope missing": ..., "role missing": ..., "told apart by": ...}

    assert EXERCISES["sub-group-only"].judge(Recording()).status == "not attempted"
    assert EXERCISES["two-refusals"].judge(empty).status == "not attempted"
    untried = {"can it": ..., "proof": Recording()}
    assert EXERCISES["act-as"].judge(untried).status == "not attempted"


def test_only_the_newest_list_counts_and_one_that_is_none_names_nobody() -> None:
    failed = lesson_11._answered(lesson_11.USERS, 200, people=lesson_11._ALL)
    passed = lesson_11._answered(lesson_11.USERS, 200)
    page = replace(passed, response_body="<html>")

    judged = EXERCISES["sub-group-only"].judge

    assert judged(recording_of(failed, passed)).passed
    assert judged(recording_of(page)).reasons == (lesson_11.NOBODY_LISTED,)


def test_the_phone_book_lends_its_rights_or_leaves_the_decision_to_the_server(
    kit_lab: Lab, job: OwnService, sign_in: SignIn
) -> None:
    seen = Recording()
    deputys = token_of_service(kit_lab, job, seen).json()["access_token"]
    book = PhoneBook(kit_lab, seen, token_for=lambda _: deputys)
    tokens = {
        name: sign_in(kit_lab.person(name), seen, "okta.users.read") for name in ("cora", "grace")
    }
    browsers = {
        name: seen.client(name, cookies=book.signed_in(name, token))
        for name, token in tokens.items()
    }

    lent = browsers["cora"].get(book.url)
    book.token_for = lambda session: session["access_token"]
    own = {name: browser.get(book.url) for name, browser in browsers.items()}
    stranger = seen.client("Stranger", cookies={"phone_book": "guessed"}).get(book.url)
    elsewhere = browsers["cora"].get(f"{book.url}/1")
    book.stop()

    assert len(lent.json()["people"]) > 3
    assert (own["cora"].status_code, own["grace"].status_code) == (403, 200)
    assert [each["login"] for each in own["grace"].json()["people"]] == ["sam@bank.example"]
    assert (stranger.status_code, elsewhere.status_code) == (401, 404)
    assert seen[-1].receiver == "Phone book"
