"""Lessons and kit against `grantlab serve --tls`: unchanged, and trusting nobody else for it."""

from __future__ import annotations

import copy
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import nbclient
import nbformat
import pytest
import trustme

from grantlab.browser import Browser
from grantlab.exercises import exercises_of
from grantlab.finding import local_transports
from grantlab.flows import FlowSetup
from grantlab.lab import Lab, LabError
from grantlab.lesson_files import bundled
from grantlab.library import authorization_code_pkce
from grantlab.recording import Recording
from grantlab.tokens import KeySet, verify
from labserver import state

COMMAND = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0", "--tls"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that no other test has."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A server that speaks https."""
    with (
        (home / "stderr").open("w") as said,
        subprocess.Popen(
            [*COMMAND, "--movable-clock", "--until-stdin-ends"],
            env=os.environ | {"GRANTLAB_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        yield server.stdout.readline().split()[0]
        server.stdin.close()


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANTLAB_HOME", str(home))


def test_the_issuer_is_https_and_the_announcement_names_the_ca(address: str, home: Path) -> None:
    running = state.running_server()

    with Lab.connect(address) as lab:
        metadata = lab.admin.get("/.well-known/openid-configuration").json()

    assert address.startswith("https://localhost:")
    assert metadata["issuer"].startswith(f"{address}/orgs/")
    assert metadata["jwks_uri"].startswith("https://")
    assert running is not None
    assert running.ca == str(home / "ca.pem")


def test_it_says_how_to_trust_it(address: str, home: Path) -> None:
    said = (home / "stderr").read_text()

    assert f"curl --cacert {home / 'ca.pem'} {address}/healthz" in said
    assert "httpx" in said
    assert "browsers" in said


def test_what_it_says_about_trust_is_true(address: str, home: Path) -> None:
    trust = ssl.create_default_context(cafile=home / "ca.pem")

    assert httpx.get(f"{address}/healthz", verify=trust, trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{address}/healthz", trust_env=False)


def test_a_lab_named_in_the_environment_is_found(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANTLAB_URL", address)

    with Lab.start() as lab:
        assert lab.server("Transfers").issuer.startswith(f"{address}/orgs/")


def test_a_recorded_code_flow_an_api_and_a_checked_token_go_over_https(address: str) -> None:
    with Lab.connect(address) as lab:
        recording = Recording()
        app, person, server = lab.app("Bank Web"), lab.person("cora"), lab.server("Transfers")
        api = lab.api("transfers", recording)
        setup = FlowSetup(
            issuer=server.issuer,
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uri=app.redirect_uris[0],
            scopes=("openid", "transfers:read"),
            username=person.login,
            password=person.password,
            audience=server.audience,
            api_url=api.url,
            now=lab.now,
        )

        played = authorization_code_pkce.flow(setup, recording).run_all()

        token = next(
            json.loads(one.response_body)["access_token"]
            for one in recording
            if one.path.endswith("/token")
        )
        keys = KeySet(f"{server.issuer}/v1/keys", recording.client("Checker"))
        trusted = {"issuer": server.issuer, "audience": server.audience, "keys": keys}
        assert verify(token, **trusted, now=lab.now())
    assert played.failed is None
    assert [one.status for one in recording if one.url == api.url] == [200]
    assert {one.url.partition(":")[0] for one in recording if "/oauth2/" in one.url} == {"https"}


def test_a_browser_signs_in_over_https_and_keeps_its_cookies(address: str) -> None:
    with Lab.connect(address) as lab:
        cora = lab.person("cora")
        browser = Browser(Recording(), lab_url=lab.url)

        browser.go(f"{lab.url}/login/login.htm").sign_in(cora.login, cora.password).follow()

        assert browser.status == 200
        assert "sid" in browser.cookies
        browser.close()


def test_the_ca_vouches_for_this_machine_only(address: str) -> None:
    hosts = {mount.removeprefix("https://") for mount in local_transports()}

    assert hosts == {"localhost", "127.0.0.1", "[::1]"}


def test_a_server_of_another_ca_is_not_trusted(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("GRANTLAB_HOME", str(tmp_path))

    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        Recording().client("app").get(f"{address}/healthz")
    with pytest.raises(LabError, match="No lab answers"):
        Lab.connect(address)


def test_what_the_caller_says_about_trust_counts(address: str) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        Recording(verify=ssl.create_default_context()).client("app").get(f"{address}/healthz")


def test_without_any_ca_nothing_is_mounted_and_no_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANTLAB_HOME", str(tmp_path / "none"))

    assert local_transports() == {}
    assert not (tmp_path / "none").exists()


def test_a_second_start_keeps_the_ca_and_a_damaged_one_is_named(home: Path, tmp_path: Path) -> None:
    def start(folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "--until-stdin-ends"],
            env=os.environ | {"GRANTLAB_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    start(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    start(tmp_path)
    second = (tmp_path / "ca.pem").read_bytes()
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n")
    ended = start(tmp_path)

    assert first == second
    assert ended.returncode == 1
    assert ended.stderr.startswith("grantlab: ")
    assert ended.stderr.count("\n") == 1
    assert str(tmp_path / "ca.pem") in ended.stderr
    for name in ("ca.pem", "ca-key.pem", "tls-key.pem"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_a_lesson_runs_unchanged_with_every_solution(
    address: str, home: Path, tmp_path: Path
) -> None:
    lesson = run_lesson("02", address, home, tmp_path)

    assert lesson == dict.fromkeys(exercises_of("02"), "passed")


def run_lesson(number: str, address: str, home: Path, folder: Path) -> dict[str, str]:
    """The outcomes of a lesson's exercises when their solutions are put in."""
    exercises = exercises_of(number)
    (file,) = bundled().glob(f"{number}_*.ipynb")
    notebook = nbformat.read(file, as_version=4)
    for cell in list(notebook.cells):
        for name in set(cell.metadata.get("tags", [])) & exercises.keys():
            solved = copy.deepcopy(cell)
            solved.id, solved.source = f"{name}-solved", exercises[name].solution
            notebook.cells.insert(notebook.cells.index(cell) + 1, solved)
    progress = folder / f"progress-{number}.json"
    settings = {
        "GRANTLAB_HOME": str(home),
        "GRANTLAB_URL": address,
        "GRANTLAB_PROGRESS": str(progress),
    }

    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=os.environ | settings)
    return dict(json.loads(progress.read_text())["exercises"])
