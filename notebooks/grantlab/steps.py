"""Steps that many flows share: reading the metadata, and a call with the token."""

from __future__ import annotations

from typing import Any

import httpx

from grantlab.calls import Call, Known
from grantlab.flows import Step
from grantlab.recording import Recording
from grantlab.walking import FlowSetup, Refused, Remark, StepResult, Walk, refusal_of

OPENID, OAUTH = "openid-configuration", "oauth-authorization-server"


def discover(walk: Walk) -> StepResult:
    """Read the server's metadata: after this, every endpoint is known.

    RFC 8414 §3, and OpenID Connect Discovery §4 when somebody is to be signed in. A server that
    has only the other document is asked for that.
    """
    walk.document = OPENID if "openid" in walk.setup.scopes else OAUTH
    answer = walk.send(_metadata_call(walk))
    if answer.status_code == 404:
        walk.document = OAUTH if walk.document == OPENID else OPENID
        answer = walk.send(_metadata_call(walk))
    if refused := refusal_of(answer):
        return Refused(f"This server has no metadata: {refused.says}")
    walk.metadata = answer.json()
    if walk.metadata.get("issuer") != walk.setup.issuer:
        return Refused(f"The metadata belongs to another issuer: {walk.metadata.get('issuer')}")
    return None


def _metadata_call(walk: Walk) -> Call:
    first = OPENID if "openid" in walk.setup.scopes else OAUTH
    # Some issuers end with a slash, and are compared with it.
    slash = "" if walk.setup.issuer.endswith("/") else "/"
    path = f"{slash}.well-known/{walk.document or first}"
    return Call(method="GET", url=Known(f"{walk.setup.issuer}{path}", f'f"{{issuer}}{path}"'))


def _discover_code(walk: Walk) -> str:
    return "\n".join(
        [
            _metadata_call(walk).written(),
            "metadata = answer.raise_for_status().json()",
            'assert metadata["issuer"] == issuer',
        ]
    )


def call_with_token(walk: Walk) -> StepResult:
    """Call the API with the access token, or userinfo where that is what the token opens."""
    call = _api_call(walk)
    if call is None:
        return Remark("No API was named, and without the scope openid userinfo is closed.")
    if not call.url:
        return Remark("No API was named, and this server's metadata names no userinfo_endpoint.")
    return refusal_of(walk.send(call))


def _api_call(walk: Walk) -> Call | None:
    url = walk.setup.api_url
    scopes = str(walk.tokens.get("scope", " ".join(walk.setup.scopes))).split()
    if url is None and "openid" in scopes:
        url = walk.endpoint("userinfo_endpoint")
    return None if url is None else Call(method="GET", url=url, headers=walk.bearer())


def _api_code(walk: Walk) -> str:
    call = _api_call(walk)
    return f"{call.written()}\nanswer.raise_for_status()" if call else ""


DISCOVER: Step[Any] = Step(
    "Read the metadata",
    "The app asks the server for the addresses of its endpoints.",
    discover,
    code=_discover_code,
)

CALL: Step[Any] = Step(
    "Call with the token", "The app shows the access token in a header.", call_with_token,
    code=_api_code,
)  # fmt: skip


def new_walk(setup: FlowSetup, recording: Recording, mistakes: frozenset[str]) -> Walk:
    """A walk of a service: no browser, no person."""
    app = recording.client(setup.app_name)
    return Walk(setup=setup, recording=recording, mistakes=mistakes, app=app)


def keep_tokens(walk: Walk, answer: httpx.Response) -> Refused | None:
    """The tokens in the answer are the walk's, unless it is a refusal."""
    if refused := refusal_of(answer):
        return refused
    walk.tokens = answer.json()
    return None


TAKE_TOKENS = "tokens = answer.raise_for_status().json()"


def came_of(result: StepResult, right: str, *errors: str) -> str:
    """The name of the choice that the step's result makes true: an error's, else `right`.

    An error that isn't among the choices counts as the first of them.
    """
    if not isinstance(result, Refused):
        return right
    return result.error if result.error in errors else errors[0]


def admin_of(setup: FlowSetup, recording: Recording) -> httpx.Client | None:
    """An administrator whose calls are seen too; None where there is no management API."""
    if setup.admin is None:
        return None
    authorization = {"authorization": setup.admin.headers.get("authorization", "")}
    return recording.client("Administrator", base_url=setup.admin.base_url, headers=authorization)
