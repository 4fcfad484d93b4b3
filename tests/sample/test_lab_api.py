"""`lab.api`: a running API of the lesson's own, seen in its recording, gone with the lab."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from grantlab.lab import Lab, LabError
from grantlab.recording import Recording
from tests.sample.conftest import AUDIENCE, Issuer


@pytest.fixture
def foreign(issuer: Issuer) -> Iterator[Lab]:
    """A lab without a token, whose only server is somebody else's."""
    with Lab(issuer.url, None) as lab:
        yield lab


def test_the_recording_shows_the_api_by_name_and_its_own_requests_for_keys(foreign, issuer):
    recording = Recording(trust_env=False)
    api = foreign.api("transfers", recording, issuer=issuer.url, audience=AUDIENCE)

    with recording.client("Your app") as app:
        app.get(api.url, headers={"authorization": f"Bearer {issuer.token()}"})

    seen = [(one.sender, one.receiver, one.path) for one in recording]
    server = "Authorization server"
    assert seen == [
        ("Transfers API", server, "/.well-known/oauth-authorization-server"),
        ("Transfers API", server, "/keys"),
        ("Your app", "Transfers API", "/transfers"),
    ]


def test_the_lab_finds_the_reasons_of_its_own_apis(foreign, issuer):
    recording = Recording(trust_env=False)
    api = foreign.api("transfers", issuer=issuer.url, audience=AUDIENCE)
    with recording.client("Your app") as app:
        app.get(api.url)

    checks = foreign.reasons(recording.last).checks

    assert [(one["check"], one["result"]) for one in checks] == [("header", "failed")]


def test_the_api_ends_with_its_lab(issuer):
    lab = Lab(issuer.url, None)
    api = lab.api("transfers", issuer=issuer.url, audience=AUDIENCE)

    lab.close()

    with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as app:
        app.get(api.url)


def test_another_noun_is_answered_with_the_nouns_that_there_are(foreign):
    with pytest.raises(LabError, match="there is: loans, credit, transfers, sync, prices"):
        foreign.api("mortgages")
