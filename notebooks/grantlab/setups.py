"""What a flow needs to know, gathered from a lab."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpx

from grantlab.finding import LabError
from grantlab.walking import FlowSetup

if TYPE_CHECKING:
    from grantlab.answers import App, Person, Server
    from grantlab.lab import Lab


def setup_for(
    lab: Lab,
    *,
    app: App | str,
    server: Server | str = "org",
    person: Person | str | None = None,
    scopes: str | Iterable[str] = (),
    **more: Any,
) -> FlowSetup:
    """The setup of this app at this server, with this person; all may be named as in `Lab`.

    `scopes` is a list or a `scope` parameter; `more` are other fields of `FlowSetup`, such as
    `api_url`. Flows in which an administrator has a part find one, where there is a management
    API. `LabError` for a name that nothing has.
    """
    client = lab.app(app) if isinstance(app, str) else app
    issuer = lab.server(server) if isinstance(server, str) else server
    somebody = lab.person(person) if isinstance(person, str) else person
    # A clock that can be moved is a lab's alone.
    usual: dict[str, Any] = {
        "now": lab.now,
        "move_clock": None if lab.elsewhere else lab.move_clock,
    }
    if client.redirect_uris:
        usual["redirect_uri"] = client.redirect_uris[0]
    return FlowSetup(
        issuer=issuer.issuer,
        client_id=client.client_id,
        client_secret=client.client_secret,
        scopes=tuple(scopes.split() if isinstance(scopes, str) else scopes),
        username=somebody.login if somebody else "",
        password=somebody.password if somebody else "",
        audience="" if issuer.id == "org" else issuer.audience,
        app_name=client.name,
        **{**usual, "admin": _admin(lab), **more},
    )


def _admin(lab: Lab) -> httpx.Client | None:
    try:
        return lab.admin
    except LabError:
        return None
