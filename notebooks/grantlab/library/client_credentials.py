"""Client credentials: a service asks in its own name (RFC 6749 §4.4)."""

from __future__ import annotations

from typing import Any

from grantlab.flows import (
    CALL,
    DISCOVER,
    Flow,
    FlowSetup,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.recording import Recording
from grantlab.tokens import decode


def ask_for_token(walk: Walk) -> StepResult:
    """Send the service's own id and secret, and the scopes it wants."""
    setup, secret = walk.setup, walk.setup.client_secret
    if not secret:
        return Refused("This app has no secret: it can't prove that it is itself.")
    scopes = setup.scopes
    if walk.makes("unknown-scope"):
        scopes = (*scopes, "nobody:defined-this")
    if walk.makes("openid-scope"):
        scopes = (*scopes, "openid")
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    credentials = {"client_id": setup.client_id, "client_secret": secret}
    request: dict[str, Any] = {"data": form, "auth": (setup.client_id, secret)}
    if walk.makes("wrong-secret"):
        request["auth"] = (setup.client_id, "not-the-secret-of-this-app")
    if walk.makes("secret-in-the-body"):
        request = {"data": {**form, **credentials}}
    if walk.makes("secret-in-the-query"):
        request = {"data": form, "params": credentials}
    answer = walk.app.post(walk.metadata["token_endpoint"], **request)
    if refused := refusal_of(answer):
        return refused
    walk.tokens = answer.json()
    return None


def read(walk: Walk) -> StepResult:
    """Look into the token, as only a lesson should: whom is it about?"""
    claims = decode(walk.tokens["access_token"]).payload
    if claims.get("sub") == claims.get("cid"):
        return Remark("Subject and client are the same: no person stands behind this token.")
    return Remark(f"The subject is {claims.get('sub')}.")


ASK: Step[Walk] = Step("Ask for a token", "Id and secret go in, a token comes out.", ask_for_token)

_SWITCHES = (
    Switch("wrong-secret", "A wrong secret", "Anybody can know the id; only the secret proves it."),
    Switch(
        "secret-in-the-query",
        "The secret in the address",
        "Addresses end up in logs, and the secret with them.",
    ),
    Switch(
        "secret-in-the-body",
        "The secret in the body",
        "No mistake, only the second choice: the header is kept out of logs more often.",
    ),
    Switch("unknown-scope", "A scope nobody defined", "One unknown scope refuses them all."),
    Switch("openid-scope", "The scope openid", "There is no person to tell anything about."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[Walk]:
    """Client credentials for this service, with its wrong-way switches."""
    kept = recording or Recording()
    return Flow(
        "Client credentials",
        (DISCOVER, ASK, Step("Read the token", "Whom is it about?", read), CALL),
        _SWITCHES,
        lambda mistakes: new_walk(setup, kept, mistakes),
    )


def new_walk(setup: FlowSetup, recording: Recording, mistakes: frozenset[str]) -> Walk:
    """A walk of a service: no browser, no person."""
    app = recording.client(setup.app_name)
    return Walk(setup=setup, recording=recording, mistakes=mistakes, app=app)
