"""What a flow needs to know, gathered from a lab."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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
    `api_url`. Flows in which an administrator has a part find one. `LabError` for a name that
    nothing has.
    """
    client = lab.app(app) if isinstance(app, str) else app
    issuer = lab.server(server) if isinstance(server, str) else server
    somebody = lab.person(person) if isinstance(person, str) else person
    return FlowSetup(
        issuer=issuer.issuer,
        client_id=client.client_id,
        client_secret=client.client_secret,
        scopes=tuple(scopes.split() if isinstance(scopes, str) else scopes),
        username=somebody.login if somebody else "",
        password=somebody.password if somebody else "",
        audience=issuer.audience if issuer.id != "org" else "",
        app_name=client.name,
        **{"now": lab.now, "move_clock": lab.move_clock, "admin": lab.admin, **more},
    )
