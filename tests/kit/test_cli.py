"""The command line: what it starts, what it copies, and what it says about bad input."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from grantlab import cli, lesson_files
from labserver import state

GRANTLAB = (sys.executable, "-m", "grantlab.cli")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GRANTLAB, *map(str, arguments)],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextmanager
def serving(home: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*GRANTLAB, "serve", *arguments],
        env=os.environ | {"GRANTLAB_HOME": str(home)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.terminate()


def address_of(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().split()[0]


def one_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode not in {0, -signal.SIGTERM}
    assert ended.stderr.startswith("grantlab: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_a_free_port_is_found_before_the_issuer_is_made(tmp_path):
    with serving(tmp_path, "--port", "0") as server:
        address = address_of(server)
        issuer = httpx.get(f"{address}/.well-known/openid-configuration").json()["issuer"]

    assert issuer == address
    assert not address.endswith(":0")


def test_ready_means_healthy_and_announced_and_the_end_takes_the_announcement_back(tmp_path):
    with serving(tmp_path, "--port", "0") as server:
        address = address_of(server)
        health = httpx.get(f"{address}/healthz")
        announced = json.loads((tmp_path / "server.json").read_text())

        server.terminate()
        server.wait(10)

    assert health.json()["status"] == "ok"
    assert announced == {"address": address, "pid": server.pid, "ca": None}
    assert server.returncode == 0
    assert not (tmp_path / "server.json").exists()


def test_a_prefix_is_part_of_every_address(tmp_path):
    with serving(tmp_path, "--port", "0", "--url-prefix", "/user/x/grantlab/") as server:
        address = address_of(server)
        metadata = httpx.get(f"{address}/oauth2/default/.well-known/openid-configuration").json()

    assert address.endswith("/user/x/grantlab")
    assert metadata["issuer"] == f"{address}/oauth2/default"


def test_a_half_open_connection_does_not_keep_the_server_from_ending(tmp_path):
    with serving(tmp_path, "--port", "0") as server:
        port = int(address_of(server).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(b"GET /healthz HTTP/1.1\r\n")

            server.terminate()

            assert server.wait(10) == 0


def test_the_server_ends_with_the_program_that_holds_its_standard_input(tmp_path):
    with serving(tmp_path, "--port", "0", "--until-stdin-ends") as server:
        address_of(server)
        assert server.stdin is not None

        server.stdin.close()

        assert server.wait(10) == 0


def test_killing_the_server_leaves_no_worker_behind_that_holds_the_port(tmp_path):
    with serving(tmp_path, "--port", "0") as server:
        port = address_of(server).rpartition(":")[2]
        server.kill()
        server.wait(10)
        # The workers hold the other end until they are gone.
        assert server.stdout is not None
        server.stdout.read()

    with serving(tmp_path, "--port", port) as again:
        assert address_of(again).endswith(port)


def test_https_is_trusted_by_whoever_trusts_the_ca_of_the_state_folder(tmp_path):
    import ssl

    with serving(tmp_path, "--port", "0", "--tls") as server:
        address = address_of(server)
        trust = ssl.create_default_context(cafile=state_of(tmp_path)["ca"])
        health = httpx.get(f"{address}/healthz", verify=trust)

    assert address.startswith("https://localhost:")
    assert health.status_code == 200


def state_of(home: Path) -> dict[str, str]:
    return dict(json.loads((home / "server.json").read_text()))


def test_what_the_server_keeps_is_readable_by_its_owner_only(tmp_path):
    home = tmp_path / "state"
    with serving(home, "--port", "0") as server:
        address_of(server)
        modes = {file.name: file.stat().st_mode & 0o077 for file in [home, *home.iterdir()]}

    assert {"lab.db", "admin-token", "server.json"} <= set(modes)
    assert set(modes.values()) == {0}


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = one_line(run("serve", "--port", port, GRANTLAB_HOME=str(tmp_path)))

    assert f"Port {port}" in said


def test_a_second_server_never_slips_in_beside_the_first(tmp_path):
    with serving(tmp_path, "--port", "0") as server:
        port = address_of(server).rpartition(":")[2]

        said = one_line(run("serve", "--port", port, GRANTLAB_HOME=str(tmp_path / "other")))

    assert f"Port {port}" in said


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "70000"], "--port"),
        (["--port", "http"], "--port"),
        (["--host", "no such host"], "no such host"),
        (["--workers", "0"], "--workers"),
        (["--world", "/nowhere/world.yaml"], "--world"),
        (["--base-url", "login.example"], "--base-url"),
        (["--base-url", "https://login.example/?a=b"], "--base-url"),
        (["--base-url", "https://login.example/a", "--url-prefix", "/b"], "--url-prefix"),
        (["--url-prefix", "/a b"], "--url-prefix"),
        (["--tls", "--base-url", "http://login.example"], "--tls"),
        (["--lifetime-code", "0"], "--lifetime-code"),
        (["--database", "mongodb://x/y"], "mongodb"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_bad_option_of_serve_is_named_in_one_line(tmp_path, arguments, named):
    said = one_line(run("serve", "--port", "0", *arguments, GRANTLAB_HOME=str(tmp_path)))

    assert named in said


def test_a_damaged_database_is_named_and_left_alone(tmp_path):
    file = tmp_path / "mine.db"
    file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    before = file.read_bytes()

    said = one_line(
        run("serve", "--port", "0", "--database", f"sqlite:///{file}", GRANTLAB_HOME=str(tmp_path))
    )

    assert "mine.db" in said
    assert file.read_bytes() == before


def test_a_bad_world_file_is_named_before_anything_is_served(tmp_path):
    world = tmp_path / "mine.yaml"
    world.write_text("people: 3\n")

    said = one_line(run("serve", "--port", "0", "--world", world, GRANTLAB_HOME=str(tmp_path)))

    assert "mine.yaml" in said


@pytest.mark.parametrize("token", ["", "with space", "ümlaut", "line\nbreak"])
def test_an_admin_token_that_cannot_travel_in_a_header_is_refused(tmp_path, token):
    said = one_line(
        run("serve", "--port", "0", GRANTLAB_HOME=str(tmp_path), GRANTLAB_ADMIN_TOKEN=token)
    )

    assert "GRANTLAB_ADMIN_TOKEN" in said


def test_a_state_folder_that_is_a_file_is_named(tmp_path):
    file = tmp_path / "state"
    file.touch()

    assert str(file) in one_line(run("serve", "--port", "0", GRANTLAB_HOME=str(file)))


def test_every_option_of_serve_has_a_variable_in_the_environment():
    shown = CliRunner().invoke(cli.commands, ["serve", "--help"]).output

    options = [line.split()[0] for line in shown.splitlines() if line.startswith("  --")]
    named = [option for option in options if option != "--help"]
    assert len(named) == 14
    for option in named:
        assert f"GRANTLAB_{option[2:].replace('-', '_').upper()}" in shown


def test_an_option_from_the_environment_counts(tmp_path):
    said = one_line(run("serve", GRANTLAB_HOME=str(tmp_path), GRANTLAB_PORT="http"))

    assert "GRANTLAB_PORT" in said


def test_the_admin_token_is_made_once_and_found_again(tmp_path):
    environment = {"GRANTLAB_HOME": str(tmp_path)}

    first = state.admin_token(environment)

    assert state.admin_token(environment) == first
    assert len(first) == 42
    assert (tmp_path / "admin-token").stat().st_mode & 0o077 == 0


@pytest.fixture
def three_lessons(tmp_path, monkeypatch):
    originals = tmp_path / "originals"
    originals.mkdir()
    for name in ("00_start_here", "02_code_flow", "03_pkce"):
        (originals / f"{name}.ipynb").write_text(name)
    monkeypatch.setattr(lesson_files, "bundled", lambda: originals)
    return originals


def test_lessons_are_copied_and_copying_again_changes_nothing(three_lessons, tmp_path):
    first = lesson_files.copy_lessons(tmp_path / "mine")
    second = lesson_files.copy_lessons(tmp_path / "mine")

    assert len(first.written) == 3
    assert (second.written, second.kept) == ((), ())


def test_a_changed_lesson_is_never_written_over(three_lessons, tmp_path):
    lesson_files.copy_lessons(tmp_path / "mine")
    (tmp_path / "mine" / "02_code_flow.ipynb").write_text("my work")
    for original in three_lessons.iterdir():
        original.write_text("a newer version")

    copied = lesson_files.copy_lessons(tmp_path / "mine")

    assert copied.kept == ("02_code_flow.ipynb",)
    assert (tmp_path / "mine" / "02_code_flow.ipynb").read_text() == "my work"
    assert (tmp_path / "mine" / "03_pkce.ipynb").read_text() == "a newer version"


def test_a_file_of_the_learners_own_is_never_written_over(three_lessons, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "03_pkce.ipynb").write_text("my own")

    assert lesson_files.copy_lessons(tmp_path / "mine").kept == ("03_pkce.ipynb",)


def test_a_damaged_manifest_costs_no_work(three_lessons, tmp_path):
    lesson_files.copy_lessons(tmp_path / "mine")
    (tmp_path / "mine" / lesson_files.MANIFEST).write_text("[")
    (tmp_path / "mine" / "03_pkce.ipynb").write_text("my work")

    assert lesson_files.copy_lessons(tmp_path / "mine").kept == ("03_pkce.ipynb",)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "mine").touch()

    assert "mine" in one_line(run("lessons", tmp_path / "mine" / "lessons"))


def test_doctor_finds_a_state_folder_that_is_no_folder(tmp_path):
    (tmp_path / "state").touch()

    told = run("doctor", GRANTLAB_HOME=str(tmp_path / "state"))

    assert told.returncode == 1
    assert "GRANTLAB_HOME" in told.stdout


def test_an_unknown_command_is_named():
    assert "sevre" in one_line(run("sevre"))


@pytest.fixture
def running(tmp_path, monkeypatch):
    """A server on the state folder's database, and a client of the root org's super admin."""
    monkeypatch.setenv("GRANTLAB_HOME", str(tmp_path))
    with serving(tmp_path, "--port", "0") as server:
        headers = {"Authorization": f"SSWS {state.admin_token()}"}
        with httpx.Client(base_url=address_of(server), headers=headers, timeout=30) as admin:
            yield admin


def logins(admin: httpx.Client) -> set[str]:
    return {user["profile"]["login"] for user in admin.get("/api/v1/users").json()}


def test_a_snapshot_is_taken_and_restored_beside_a_running_server(running, tmp_path):
    file = tmp_path / "monday.json"
    before = logins(running)

    taken = run("snapshot", file)
    suspended = running.delete(f"/api/v1/users/{running.get('/api/v1/users/cora').json()['id']}")
    running.delete(f"/api/v1/users/{running.get('/api/v1/users/cora').json()['id']}")
    messy = logins(running)
    restored = run("restore", file)

    assert (taken.returncode, restored.returncode) == (0, 0), taken.stderr + restored.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert suspended.status_code == 204
    assert messy == before - {"cora@bank.example"}
    assert logins(running) == before
    events = running.get("/api/v1/logs", params={"limit": 1000}).json()
    kinds = {event["eventType"] for event in events}
    assert {"lab.org.snapshot", "lab.org.restore"} <= kinds


def test_one_snapshot_fills_several_orgs_at_once(running, tmp_path):
    rooms = {}
    for name in ("ada", "bob"):
        body = {"subdomain": name, "name": name, "world": False}
        rooms[name] = running.post("/api/v1/orgs", json=body).json()["token"]

    run("snapshot", tmp_path / "master.json")
    restored = run("restore", tmp_path / "master.json", "--org", "ada", "--org", "bob")

    assert restored.returncode == 0, restored.stderr
    for name, token in rooms.items():
        headers = {"Authorization": f"SSWS {token}"}
        found = running.get(f"/orgs/{name}/api/v1/users", headers=headers)
        assert "cora@bank.example" in {user["profile"]["login"] for user in found.json()}


def test_reset_makes_an_org_what_it_was(running):
    running.post("/api/v1/groups", json={"profile": {"name": "Mine"}}).raise_for_status()

    done = run("reset")

    assert done.returncode == 0, done.stderr
    names = {group["profile"]["name"] for group in running.get("/api/v1/groups").json()}
    assert "Mine" not in names
    assert "cora@bank.example" in logins(running)


def test_what_cannot_be_restored_is_named_in_one_line_and_nothing_changes(running, tmp_path):
    file = tmp_path / "edited.json"
    run("snapshot", file)
    before = running.get("/api/v1/users").text
    file.write_text(file.read_text().replace("Cora", "Kora"))

    said = [
        one_line(run("restore", file)),
        one_line(run("restore", tmp_path / "missing.json")),
        one_line(run("restore", tmp_path)),
        one_line(run("snapshot", file, "--org", "nobody")),
        one_line(run("snapshot", file, "--database", f"sqlite:///{tmp_path / 'none.db'}")),
        one_line(run("snapshot", tmp_path / "none" / "x.json")),
        one_line(run("reset", "--org", "nobody")),
    ]

    wanted = ["changed or damaged", "missing.json", "is a directory", "'nobody'", "none.db"]
    for line, words in zip(said, [*wanted, "x.json", "'nobody'"], strict=True):
        assert words in line
    assert not (tmp_path / "none.db").exists()
    assert running.get("/api/v1/users").text == before


def test_a_new_org_lasts_and_its_token_is_shown_once(running):
    made = run("new", "org", "Ada's Bank")

    url, token = made.stdout.split()[0], made.stdout.split()[-1]
    headers = {"Authorization": f"SSWS {token}"}
    assert url == f"{str(running.base_url).rstrip('/')}/orgs/ada-s-bank"
    assert httpx.get(f"{url}/api/v1/users", headers=headers).status_code == 200
    (listed,) = running.get("/api/v1/orgs").json()
    assert (listed["name"], listed["temporary"]) == ("Ada's Bank", False)
    assert token not in running.get("/api/v1/logs", params={"limit": 1000}).text
    assert "subdomain" in one_line(run("new", "org", "Ada's Bank"))
    assert "'!!'" in one_line(run("new", "org", "!!"))


def test_a_new_org_needs_a_running_lab(tmp_path):
    said = one_line(run("new", "org", "Ada", GRANTLAB_HOME=str(tmp_path)))

    assert "grantlab serve" in said
