"""A notebook with one of each main view, for the journeys through them."""

from __future__ import annotations

from pathlib import Path

import nbformat

NAME = "views"
CELLS = (
    """
from functools import partial

from grantlab import Lab, Recording, show, verify
from grantlab.flows import FlowSetup
from grantlab.library import authorization_code_pkce
from grantlab.tokens import KeySet

lab, recording = Lab.start(), Recording()
api, spa, cora = lab.api("transfers"), lab.app("Bank SPA"), lab.person("cora")
recording.name(api.url, api.name)
setup = FlowSetup(
    issuer=api.issuer,
    client_id=spa.client_id,
    scopes=("openid", "transfers:read"),
    username=cora.login,
    password=cora.password,
    api_url=api.url,
    app_name="Bank SPA",
)
once = authorization_code_pkce.flow(setup, recording).run_all()
""",
    "show(recording, lab=lab)",
    """
flow = authorization_code_pkce.flow(setup, Recording())
show(flow, lab=lab)
""",
    """
server = lab.server("Transfers")
keys = KeySet(f"{server.issuer}/v1/keys", recording.client("Transfers API"))
trusted = {"issuer": server.issuer, "audience": server.audience, "keys": keys}
check = partial(verify, **trusted, now=lab.now())
show(once.state.tokens["access_token"], verify=check)
""",
    """
from grantlab.desk import PolicyDesk

desk = PolicyDesk(lab, "Transfers")
desk.ask("Bank SPA", "cora", ["transfers:read"])
show(desk)
""",
    """
from grantlab.views import show_timeline

show_timeline(recording, lab=lab)
""",
    """
from grantlab.operations import thread_in
from grantlab.trying import PrivilegeMap, identity_of

wanted = {"name": "Grace's script", "userId": lab.person("grace").id}
made = lab.admin.post("/api/v1/api-tokens", json=wanted).json()
grace = identity_of(lab, made["token"], "Grace's script")
show(PrivilegeMap(thread_in(lab.operations()), (grace,), lab=lab))
""",
    """
from grantlab.loot import examine

stolen = once.state.tokens["access_token"]
show([examine(cora.password, "password", owner="cora"), examine(stolen)], lab=lab)
""",
    """
from grantlab.overview import overview

show(overview(), lab)
""",
    """
from grantlab.lessons.lesson_03 import challenge

show(challenge)
""",
    """
answer = "?"
show(challenge.check(answer))
""",
)


def write_notebook(folder: Path) -> None:
    """The notebook is in the folder."""
    new = nbformat.v4
    cells = [new.new_code_cell(source.strip()) for source in CELLS]  # type: ignore[no-untyped-call]
    # Without a kernel's name JupyterLab asks for one.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = new.new_notebook(cells=cells, metadata=kernel)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, folder / f"{NAME}.ipynb")  # type: ignore[no-untyped-call]
