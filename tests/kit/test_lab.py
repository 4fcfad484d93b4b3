"""Finding a lab, an org of one's own, and what a lesson asks of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from grantlab import lab as lab_module
from grantlab.lab import Lab, LabError
from grantlab.recording import Exchange
from labserver import state

SERVE = (sys.executable, "-m", "grantlab.cli", "serve", "--port", "0", "--until-stdin-ends")


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """The address of a server with these options."""
    with subprocess.Popen(
        [*SERVE, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.stdin.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--unlisted", "--movable-clock") as address:
        yield address


@pytest.fixture
def lab(address: str) -> Iterator[Lab]:
    with Lab.connect(address) as found:
        yield found


def exchange_of(answer: httpx.Response) -> Exchange:
    return Exchange(
        number=1,
        sender="app",
        receiver="server",
        channel="back",
        method=answer.request.method,
        url=str(answer.request.url),
        request_headers=(),
        request_body="",
        status=answer.status_code,
        response_headers=tuple(answer.headers.items()),
        response_body=answer.text,
        started=0.0,
        seconds=0.0,
    )


def test_two_labs_on_one_server_have_an_org_each(address):
    with Lab.connect(address) as one, Lab.connect(address) as other:
        one.admin.post("/api/v1/groups", json={"profile": {"name": "Mine"}}).raise_for_status()
        names = [g["profile"]["name"] for g in other.admin.get("/api/v1/groups").json()]

    assert one.url != other.url
    assert "Mine" not in names


def test_the_named_lab_is_taken_first(address, monkeypatch):
    monkeypatch.setenv("GRANTLAB_URL", f"{address}/")

    with Lab.start() as lab:
        assert lab.url.startswith(f"{address}/orgs/")


def test_without_a_named_lab_the_announced_one_is_taken(address, monkeypatch):
    monkeypatch.setenv("GRANTLAB_URL", "http://127.0.0.1:9")
    announced = state.RunningServer(address, 1)
    state.announce(announced)

    try:
        with Lab.start() as lab:
            assert lab.url.startswith(f"{address}/orgs/")
    finally:
        state.withdraw(announced)


def test_without_any_lab_an_own_one_starts_and_ends_with_the_lab():
    lab = Lab.start()
    before = httpx.get(f"{lab.url}/.well-known/openid-configuration")

    lab.close()
    lab.close()

    assert before.json()["issuer"] == lab.url
    assert state.running_server() is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(lab.url)


def test_an_own_server_ends_with_its_kernel_even_when_that_is_killed():
    program = (
        "import psutil, sys\n"
        "from grantlab.lab import Lab\n"
        "lab = Lab.start()\n"
        "print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout is not None
        servers = [psutil.Process(int(pid)) for pid in kernel.stdout.readline().split()]

        kernel.kill()

    assert len(servers) >= 2
    _, alive = psutil.wait_procs(servers, timeout=10)
    assert alive == []


def test_a_server_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setenv("GRANTLAB_DATABASE", "mongodb://x/y")

    with pytest.raises(LabError, match="mongodb"):
        Lab.start()


def test_a_lab_that_does_not_answer_is_named():
    with pytest.raises(LabError, match="127.0.0.1:9"):
        Lab.connect("http://127.0.0.1:9")


def test_an_address_with_an_org_means_that_org(lab):
    token = lab.admin.headers["Authorization"].removeprefix("SSWS ")

    with Lab.connect(lab.url, token) as same:
        assert same.url == lab.url
        assert same.app("Bank Web").client_id == lab.app("Bank Web").client_id


def test_this_machines_token_never_goes_to_another_server():
    with (
        serving("--unlisted", "--host", "127.0.0.2") as address,
        Lab.connect(address) as elsewhere,
        pytest.raises(LabError, match="token"),
    ):
        elsewhere.app("Bank Web")


def test_a_proxy_of_the_environment_has_no_part_in_it(address, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with Lab.connect(address) as lab:
        assert lab.person("cora").login == "cora@bank.example"


def test_a_lab_over_https_is_trusted_by_the_kit_on_the_same_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("GRANTLAB_HOME", str(tmp_path))
    with serving("--tls") as address, Lab.connect(address) as lab:
        assert lab.server("org").issuer.startswith("https://localhost:")


def test_servers_apps_and_people_are_found_by_name(lab):
    server, app, person = lab.server("Transfers"), lab.app("Bank Web"), lab.person("cora")

    assert server.issuer == f"{lab.url}/oauth2/{server.id}"
    assert server.audience == "api://transfers"
    assert app.client_id == app.document["credentials"]["oauthClient"]["client_id"]
    assert app.redirect_uris[0] == "http://127.0.0.1:8765/callback"
    assert app.client_secret
    assert lab.app("Bank SPA").client_secret == ""
    assert person.login == "cora@bank.example"


def test_a_name_that_nothing_has_is_answered_with_those_there_are(lab):
    with pytest.raises(LabError, match="Transfers"):
        lab.server("Transfer")


def test_a_person_signs_in_with_the_password_the_lab_names(lab):
    cora = lab.person("cora")

    answer = httpx.post(
        f"{lab.url}/api/v1/authn", json={"username": cora.login, "password": cora.password}
    )

    assert answer.json()["status"] == "SUCCESS"


def test_no_secret_shows_when_a_value_is_displayed(lab):
    app = lab.app("Bank Web")

    assert app.client_secret not in repr(app)
    assert repr(lab) == f"Lab at {lab.url}"


def test_a_refused_management_call_says_what_the_server_said(lab):
    with pytest.raises(LabError, match="E0000007"):
        lab.person("nobody")


def test_the_reasons_of_an_exchange_are_the_checks_of_that_request(lab):
    issuer = lab.server("Transfers").issuer
    refused = httpx.post(f"{issuer}/v1/token", data={"grant_type": "client_credentials"})

    reasons = lab.reasons(exchange_of(refused))

    assert reasons.request_id == refused.headers["X-Okta-Request-Id"]
    assert "failed" in {check["result"] for check in reasons.checks}


def test_an_exchange_with_another_server_has_no_reasons_here(lab):
    answer = httpx.Response(200, request=httpx.Request("GET", "http://127.0.0.1:9"))

    with pytest.raises(LabError, match="another server"):
        lab.reasons(exchange_of(answer))


def test_the_clock_moves_for_this_org_alone(address):
    with Lab.connect(address) as one, Lab.connect(address) as other:
        before = one.now()

        moved = one.move_clock(3600)

        assert moved >= before + 3600
        assert one.now() >= before + 3600
        assert other.now() < before + 3000


def test_a_clock_that_cannot_be_moved_is_this_machines(monkeypatch):
    monkeypatch.setattr(lab_module.time, "time", lambda: 1234.5)
    with serving("--unlisted") as address, Lab.connect(address) as lab:
        assert lab.now() == 1234.5
        with pytest.raises(LabError, match="movable-clock"):
            lab.move_clock(60)


@pytest.mark.parametrize(
    ("lab_url", "url", "page"),
    [
        ("http://lab:1/orgs/a", "http://lab:1/orgs/a/x", "http://lab:1/orgs/a/x"),
        ("http://lab:1/u/g/orgs/a", "http://lab:1/u/g/orgs/a/x?b=c", "/u/g/orgs/a/x?b=c"),
        ("http://lab:1/u/g", "http://lab:1/u/gx", "http://lab:1/u/gx"),
        ("http://lab:1/u/g", "http://lab:2/u/g/x", "http://lab:2/u/g/x"),
    ],
)
def test_a_page_of_a_lab_with_a_prefix_is_a_rooted_path(lab_url, url, page):
    assert Lab(lab_url, None).page_url(url) == page


def test_a_link_escapes_what_it_is_given():
    link = Lab("http://127.0.0.1:1", None).browser_link('http://x/?a="><b>', "<go>")

    assert "<b>" not in link
    assert "&lt;go&gt;" in link
    assert 'rel="noopener"' in link


def test_a_snapshot_undoes_what_came_after_it(lab, tmp_path):
    file = lab.snapshot(tmp_path / "before.json")
    lab.admin.post("/api/v1/groups", json={"profile": {"name": "Mine"}}).raise_for_status()
    lab.move_clock(3600)

    lab.restore(file)

    names = [group["profile"]["name"] for group in lab.admin.get("/api/v1/groups").json()]
    assert "Mine" not in names
    assert lab.now() < time.time() + 600
    assert file.stat().st_mode & 0o077 == 0


def test_a_reset_lab_is_as_new_and_goes_on(lab):
    lab.admin.post("/api/v1/groups", json={"profile": {"name": "Mine"}}).raise_for_status()

    lab.reset()

    names = [group["profile"]["name"] for group in lab.admin.get("/api/v1/groups").json()]
    assert "Mine" not in names
    assert lab.app("Bank Web").client_secret


def test_a_file_that_is_no_snapshot_is_refused_in_words(lab, tmp_path):
    (tmp_path / "x.json").write_text("{}")

    with pytest.raises(LabError, match="no snapshot"):
        lab.restore(tmp_path / "x.json")
    with pytest.raises(LabError, match=r"none\.json"):
        lab.restore(tmp_path / "none.json")


def test_a_preview_names_things_as_the_lab_does(lab):
    by_name = lab.preview(
        client="Bank Web", user="cora", server="Transfers", scopes="openid transfers:read"
    )
    by_value = lab.preview(
        client=lab.app("Bank Web"),
        user=lab.person("cora"),
        server=lab.server("Transfers"),
        scopes=["openid", "transfers:read"],
    )

    assert by_name.scopes == by_value.scopes == ("openid", "transfers:read")
    assert by_name.access_token["aud"] == "api://transfers"
    assert by_name.id_token["sub"] == lab.person("cora").id
    assert by_name.decision == by_value.decision
    assert by_name.error is None
    assert by_name.trace


def test_a_preview_that_is_refused_says_why(lab):
    refused = lab.preview(client="Bank Web", user="cora", server="Transfers", scopes="nonsense")

    assert refused.error == "invalid_scope"
    assert refused.access_token is None
    assert refused.error_description


def test_a_preview_without_a_person_is_of_the_client_itself(lab):
    shown = lab.preview(client="Bank Web", server="Transfers", scopes="transfers:read")

    assert shown.error == "unauthorized_client"


def test_the_operations_and_the_outbox_are_the_labs(lab):
    cora = lab.person("cora")

    operations = lab.operations()

    assert ("POST", "/lab/preview") in {(each["method"], each["path"]) for each in operations}
    assert lab.outbox() == []
    assert lab.outbox(cora) == []
