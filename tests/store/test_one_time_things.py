"""Each one-time thing has one winner, however many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labserver.domain.values import Org
from labserver.store import ledger
from labserver.store.database import Database

NOW = 1_800_000_000
AtOnce = Callable[[int, Callable[[], Any]], list[Any]]

CODE = ledger.Code(
    server_id="default",
    client_id="0oa",
    user_id="00u",
    redirect_uri="http://127.0.0.1:8765/callback",
    scopes=("openid", "email"),
    nonce="n",
    code_challenge="c",
    auth_time=NOW,
    amr=("pwd",),
    family="oar1",
    session_id=None,
    expires=NOW + 300,
    access_token_minutes=60,
    refresh_token_minutes=0,
    refresh_window_minutes=10080,
    rule_id="0pr",
)


def committed(database: Database, org: Org, work: Callable[[Any], Any]) -> Any:
    with database.session(org) as session:
        answer = work(session)
        session.commit()
        return answer


def a_code(database: Database, org: Org) -> Callable[[Any], Any]:
    value = committed(database, org, lambda session: ledger.save_code(session, CODE, NOW))

    def claim(session: Any) -> bool:
        found = ledger.find_code(session, value)
        assert found is not None
        return ledger.claim_code(session, found, NOW)

    return claim


def a_parked_request(database: Database, org: Org) -> Callable[[Any], Any]:
    uri = committed(
        database,
        org,
        lambda session: ledger.park(
            session,
            server_id="default",
            client_id="0oa",
            parameters={},
            browser=None,
            now=NOW,
            lifetime=60,
        ),
    )
    return lambda session: ledger.claim_parked(session, uri, NOW)


def a_session_token(database: Database, org: Org) -> Callable[[Any], Any]:
    value = committed(
        database,
        org,
        lambda session: ledger.save_session_token(
            session, "00u", amr=("pwd",), now=NOW, lifetime=60
        ),
    )
    return lambda session: ledger.claim_session_token(session, value, NOW)


def a_recovery_token(database: Database, org: Org) -> Callable[[Any], Any]:
    value = committed(
        database,
        org,
        lambda session: ledger.new_recovery_token(session, "00u", "password", NOW, 60),
    )
    return lambda session: ledger.claim_recovery_token(session, value, "password", NOW) == "00u"


def an_assertion(database: Database, org: Org) -> Callable[[Any], Any]:
    return lambda session: ledger.claim_assertion(session, "0oa", "jti", NOW + 60)


def a_refresh_token(database: Database, org: Org) -> Callable[[Any], Any]:
    family = ledger.Family("oar1", "default", "0oa", "00u", (), "authorization_code", NOW, (), NOW)

    def save(session: Any) -> str:
        ledger.open_family(session, family)
        return ledger.save_refresh(session, family, (), NOW + 60, NOW)

    value = committed(database, org, save)

    def rotate(session: Any) -> bool:
        found = ledger.find_refresh(session, value)
        assert found is not None
        return ledger.rotate_refresh(session, found, NOW)

    return rotate


@pytest.mark.parametrize("threads", [16, 64])
@pytest.mark.parametrize(
    "thing",
    [a_code, a_parked_request, a_session_token, a_recovery_token, an_assertion, a_refresh_token],
)
def test_of_many_claims_at_once_exactly_one_wins(
    database: Database,
    org: Org,
    at_once: AtOnce,
    thing: Callable[[Database, Org], Callable[[Any], Any]],
    threads: int,
) -> None:
    claim = thing(database, org)

    answers = at_once(threads, lambda: committed(database, org, claim))

    assert len([answer for answer in answers if answer]) == 1


def test_a_code_comes_back_as_it_was_saved(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = ledger.save_code(session, CODE, NOW)
        found = ledger.find_code(session, value)

    assert found is not None
    assert (found.scopes, found.amr, found.nonce) == (("openid", "email"), ("pwd",), "n")
    assert not found.used


def test_a_used_code_is_still_found_and_says_so(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = ledger.save_code(session, CODE, NOW)
        found = ledger.find_code(session, value)
        assert found is not None

        assert ledger.claim_code(session, found, NOW)

        again = ledger.find_code(session, value)
        assert again is not None
        assert again.used
        assert again.family == "oar1"


def test_an_expired_code_cannot_be_claimed(database: Database, org: Org) -> None:
    with database.session(org) as session:
        found = ledger.find_code(session, ledger.save_code(session, CODE, NOW))
        assert found is not None

        assert not ledger.claim_code(session, found, CODE.expires)


def test_no_secret_rests_in_readable_form(database: Database, org: Org) -> None:
    with database.session(org) as session:
        family = ledger.Family("oar1", "default", "0oa", "00u", (), "g", NOW, (), NOW)
        ledger.open_family(session, family)
        secrets = [
            ledger.save_code(session, CODE, NOW),
            ledger.save_refresh(session, family, (), NOW + 60, NOW),
            ledger.save_session_token(session, "00u", amr=(), now=NOW, lifetime=60),
            ledger.start_session(session, "00u", amr=(), now=NOW, lifetime=60),
            ledger.park(
                session,
                server_id="default",
                client_id="0oa",
                parameters={},
                browser="the-browsers-cookie",
                now=NOW,
                lifetime=60,
            ).removeprefix("urn:okta:"),
            "the-browsers-cookie",
        ]
        session.commit()

    with database.engine.connect() as connection:
        resting = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]

    assert [secret for secret in secrets if secret in resting] == []


def test_answers_to_a_parked_request_add_up(database: Database, org: Org) -> None:
    with database.session(org) as session:
        uri = ledger.park(
            session,
            server_id="default",
            client_id="0oa",
            parameters={"state": "s"},
            browser="cookie",
            now=NOW,
            lifetime=60,
        )

        ledger.answer_parked(session, uri, signed_in_at=NOW)
        ledger.answer_parked(session, uri, consented=["a", "b"])

        found = ledger.parked(session, uri, NOW)
        assert found is not None
        assert found.answers == {"signed_in_at": NOW, "consented": ["a", "b"]}
        assert found.parameters == {"state": "s"}
        assert found.browser == ledger.digest("cookie")
        assert uri.startswith("urn:okta:")


@pytest.mark.parametrize("later", [59, 60])
def test_a_parked_request_waits_for_its_lifetime(database: Database, org: Org, later: int) -> None:
    with database.session(org) as session:
        uri = ledger.park(
            session,
            server_id="default",
            client_id="0oa",
            parameters={},
            browser=None,
            now=NOW,
            lifetime=60,
        )

        assert (ledger.parked(session, uri, NOW + later) is not None) == (later < 60)
        assert ledger.claim_parked(session, uri, NOW + later) == (later < 60)


def test_one_assertion_id_is_good_for_two_clients(database: Database, org: Org) -> None:
    with database.session(org) as session:
        assert ledger.claim_assertion(session, "0oa1", "jti", NOW)
        assert ledger.claim_assertion(session, "0oa2", "jti", NOW)
        assert not ledger.claim_assertion(session, "0oa1", "jti", NOW)


def test_a_session_ends_after_its_time_without_use(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = ledger.start_session(session, "00u", amr=("pwd",), now=NOW, lifetime=7200)
        found = ledger.find_session(session, value, NOW + 7199)
        assert found is not None
        ledger.touch_session(session, found, now=NOW + 7199, lifetime=7200)

        assert ledger.find_session(session, value, NOW + 7200) is not None
        assert ledger.find_session(session, value, NOW + 7199 + 7200) is None


def test_an_ended_session_is_gone_and_others_stay(database: Database, org: Org) -> None:
    with database.session(org) as session:
        values = [
            ledger.start_session(session, "00u", amr=(), now=NOW, lifetime=60) for _ in range(2)
        ]
        first = ledger.find_session(session, values[0], NOW)
        assert first is not None
        assert first.id.startswith("102")

        ledger.end_session(session, first.id)

        assert ledger.find_session(session, values[0], NOW) is None
        assert ledger.find_session(session, values[1], NOW) is not None


def test_a_consent_given_twice_is_one_consent(database: Database, org: Org) -> None:
    with database.session(org) as session:
        first = ledger.consent(session, "00u", "0oa", "default", ["a", "b"], NOW)
        second = ledger.consent(session, "00u", "0oa", "default", ["b", "c"], NOW)

        assert second[0] == first[1]
        assert ledger.consented(session, "00u", "0oa", "default") == {"a", "b", "c"}
        assert ledger.consented(session, "00u", "0oa", "aus2") == frozenset()
