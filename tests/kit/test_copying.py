"""A copied exchange sends the same request again, and shows no secret until it is asked to."""

import base64
import json
import os
import re
import shlex
import shutil
import string
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grantlab.copying import as_curl, as_python
from grantlab.masking import MASK
from grantlab.recording import Exchange, Recording
from tests.kit.views_samples import code_flow, exchange, hostile

FORM = (("content-type", "application/x-www-form-urlencoded"),)
JSON = (("content-type", "application/json"),)


class Echo(BaseHTTPRequestHandler):
    """Remembers what arrived."""

    seen: dict[str, Any] = {}

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        type(self).seen.update(
            method=self.command, path=self.path, body=self.rfile.read(length),
            headers={name.lower(): value for name, value in self.headers.items()},
        )  # fmt: skip
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(cell: str, **names: str) -> dict[str, Any]:
    """Run the cell as a notebook would, with these names filled in; what arrived."""
    for name, value in names.items():
        cell = cell.replace(f'{name} = ""', f"{name} = {value!r}")
    Echo.seen.clear()
    exec(compile(cell, "cell", "exec"), {"print": lambda *_: None})
    return dict(Echo.seen)


def run_curl(command: str) -> dict[str, Any]:
    Echo.seen.clear()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(Echo.seen)


# What may stand on the wire: any text without lone surrogates.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(string.ascii_letters + "_-[]$&= '\"é", min_size=1, max_size=8)
header_values = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    min_size=1, max_size=20,
).map(str.strip).filter(bool)  # fmt: skip
pairs = st.lists(st.tuples(names, text), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    pairs.map(lambda given: (FORM, urlencode(given))),
    st.dictionaries(text, values, max_size=4).map(lambda given: (JSON, json.dumps(given))),
    st.lists(values, max_size=3).map(lambda given: (JSON, json.dumps(given, ensure_ascii=False))),
    text.map(lambda given: ((("content-type", "text/plain"),), given)),
)
requests = st.builds(
    lambda method, path, query, body, extra: {
        "method": method if method == "POST" or not body[1] else "PUT",
        "url": f"/{quote(path)}" + (f"?{urlencode(query)}" if query else ""),
        "request_headers": (*body[0], ("x-note", extra)),
        "request_body": body[1],
    },
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.text(string.ascii_letters + "/'$ {}", max_size=8).filter(lambda path: path[:1] != "/"),
    pairs,
    bodies,
    header_values,
)


def same(seen: dict[str, Any], wanted: dict[str, Any]) -> None:
    """What arrived is what was recorded, as far as a server can tell."""
    assert seen["method"] == wanted["method"]
    asked, sent = urlsplit(wanted["url"]), urlsplit(seen["path"])
    assert sent.path == asked.path
    assert parse_qsl(sent.query, True) == parse_qsl(asked.query, True)
    body, kind = wanted["request_body"], dict(wanted["request_headers"])["content-type"]
    assert seen["headers"]["x-note"] == dict(wanted["request_headers"])["x-note"]
    if body:
        assert seen["headers"]["content-type"] == kind
    if kind == "application/json":
        assert json.loads(seen["body"]) == json.loads(body)
    elif kind == "text/plain":
        assert seen["body"].decode() == body
    else:
        assert parse_qsl(seen["body"].decode(), True) == parse_qsl(body, True)


@given(requests)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_copied_cell_sends_what_was_recorded(echo: str, request_: dict[str, Any]):
    recorded = exchange(**request_ | {"url": echo + request_["url"]})

    seen = run(as_python(recorded, secrets=True))

    same(seen, request_)


@given(requests)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_copied_command_is_one_word_for_each_thing_that_was_recorded(request_: dict[str, Any]):
    recorded = exchange(**request_ | {"url": "http://lab" + request_["url"]})
    command = as_curl(recorded, secrets=True)
    # What can't be seen is written in bash's own way, which shlex doesn't know.
    assume("$'" not in command)

    words = words_of(command)

    assert words[:4] == ["curl", "--silent", "--show-error", "--include"]
    options = _options(words[4:])
    assert options["--request"] == [recorded.method]
    assert options["--url"] == [recorded.url]
    note = dict(recorded.request_headers)["x-note"]
    assert f"x-note: {note}" in options["--header"]
    if "--data-raw" in options:
        assert options["--data-raw"] == [recorded.request_body]
    else:
        sent = [each.partition("=") for each in options.get("--data-urlencode", [])]
        found = [(parse_qsl(f"{name}=x")[0][0], value) for name, _, value in sent]
        assert found == parse_qsl(recorded.request_body, True)


def words_of(command: str) -> list[str]:
    return shlex.split(command.replace(" \\\n  ", " "), comments=True)


def _options(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    while words:
        name = words.pop(0)
        found.setdefault(name, []).append("" if name == "--globoff" else words.pop(0))
    return found


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl, bash")
@given(requests)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_copied_command_sends_what_was_recorded(echo: str, request_: dict[str, Any]):
    request_["request_body"] = request_["request_body"].replace("\0", "")
    recorded = exchange(**request_ | {"url": echo + request_["url"]})

    seen = run_curl(as_curl(recorded, secrets=True))

    same(seen, request_)


SECRETS = {
    "authorization": (("authorization", "Bearer token-0123456789"),),
    "basic": (("authorization", "Basic " + base64.b64encode(b"0oa1:hush-hush-1").decode()),),
    "ssws": (("authorization", "SSWS 00api-token-1234"),),
    "cookie": (("cookie", "idx=cookie-1234; sid=cookie-5678"),),
    "dpop": (("dpop", "proof-0123456789"),),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("copy", [as_python, as_curl])
def test_credentials_in_headers_wait_for_their_values(name: str, copy: Any):
    recorded = exchange(request_headers=SECRETS[name], request_body="", method="GET")

    hidden, open_ = copy(recorded), copy(recorded, secrets=True)

    assert not re.search("0123456789|hush|00api|cookie-1|cookie-5|MG9h", hidden)
    assert re.search("0123456789|hush-hush-1|00api-token-1234|cookie-5678", open_)


def test_each_secret_has_a_name_that_is_filled_in_above_the_request(echo: str):
    body = urlencode({"code": "c-1", "client_secret": "hush", "grant_type": "authorization_code"})
    recorded = exchange(url=f"{echo}/v1/token", request_headers=FORM, request_body=body)

    cell = as_python(recorded)

    assert '# Left out, for it is secret: fill it in.\nCODE = ""\nCLIENT_SECRET = ""\n' in cell
    assert '"code": CODE,' in cell
    assert "c-1" not in cell
    seen = run(cell, CODE="c-2", CLIENT_SECRET="it's")
    assert dict(parse_qsl(seen["body"].decode())) == {
        "code": "c-2", "client_secret": "it's", "grant_type": "authorization_code",
    }  # fmt: skip


def test_the_names_of_a_command_are_variables_of_the_shell(echo: str):
    body = json.dumps({"password": "hush", "username": "it's me"})
    recorded = exchange(url=f"{echo}/x?sessionToken=t", request_headers=JSON, request_body=body)

    command = as_curl(recorded)

    assert "SESSION_TOKEN=''\nPASSWORD=''\n" in command
    filled = command.replace("PASSWORD=''", "PASSWORD='pass word'")
    seen = run_curl(filled.replace("SESSION_TOKEN=''", "SESSION_TOKEN=abc"))
    assert json.loads(seen["body"]) == {"password": "pass word", "username": "it's me"}
    assert seen["path"] == "/x?sessionToken=abc"


def test_two_values_of_one_name_get_two_names():
    cookies = exchange(request_headers=FORM, request_body="code=a-1&note=x&code=b-2")

    assert '\nCODE = ""\nCODE_2 = ""\n' in as_python(cookies)


def test_a_basic_header_becomes_name_and_password(echo: str):
    recorded = exchange(url=f"{echo}/", request_headers=SECRETS["basic"], request_body="")

    assert 'auth=("0oa1", CLIENT_SECRET)' in as_python(recorded)
    assert """--user 0oa1:"$CLIENT_SECRET\"""" in as_curl(recorded)
    seen = run(as_python(recorded, secrets=True))
    assert seen["headers"]["authorization"] == dict(SECRETS["basic"])["authorization"]


def test_what_a_file_left_out_is_a_name_even_when_secrets_are_asked_for(tmp_path: Any):
    code_flow().save(tmp_path / "run.json")
    loaded = Recording.load(tmp_path / "run.json")

    for one in loaded:
        for copied in (as_python(one, secrets=True), as_curl(one, secrets=True)):
            assert MASK not in copied
            assert quote(MASK) not in copied
    assert "code=" in as_curl(loaded[4])
    assert 'CODE_VERIFIER = ""' in as_python(loaded[4], secrets=True)


def test_what_belongs_to_the_old_connection_is_not_copied():
    headers = (
        ("host", "lab"), ("content-length", "3"), ("accept", "*/*"), ("connection", "close"),
        ("user-agent", "python-httpx/0.28"), ("x-kept", "1"),
    )  # fmt: skip
    recorded = exchange(method="GET", request_headers=headers, request_body="")

    assert 'headers={"x-kept": "1"}' in as_python(recorded)
    assert as_curl(recorded).count("--header") == 1


def test_a_body_that_was_no_text_is_not_made_up():
    recorded = exchange(request_headers=FORM, request_body="(6 bytes, not text: image/png)")

    assert "bytes" not in as_python(recorded)
    assert "bytes" not in as_curl(recorded)


@pytest.mark.parametrize("one", list(hostile()), ids=lambda one: str(one.number))
def test_a_hostile_recording_gives_a_cell_that_compiles_and_shows_all_it_does(one: Exchange):
    cell = as_python(one)

    compile(cell, "cell", "exec")
    assert all(each.isprintable() or each == "\n" for each in cell + as_curl(one))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "-o/tmp/x"},
        {"method": "GET'; touch /tmp/x; '"},
        {"request_headers": (("x\r\nEvil: 1", "y"), ("ok", "a\r\nb"))},
        {"request_headers": (("@file", "y"),)},
    ],
)
def test_nothing_from_a_recording_becomes_an_option_or_another_command(changes: Any):
    recorded = exchange(**{"request_headers": (), "request_body": ""} | changes)

    words = words_of(as_curl(recorded))

    options = _options(words[4:])
    assert set(options) <= {"--request", "--url", "--header"}
    assert len(options["--request"]) == len(options["--url"]) == 1
    assert re.fullmatch("[A-Z]+", options["--request"][0])
    assert not any(re.match("@|.*\n", each) for each in options.get("--header", []))


def test_a_copied_token_request_works_at_the_lab(lab: Any, admin: httpx.Client):
    apps = admin.get("/api/v1/apps").json()
    job = next(each for each in apps if each["label"] == "Nightly Job")
    client = job["credentials"]["oauthClient"]
    servers = admin.get("/api/v1/authorizationServers").json()
    sync = next(each for each in servers if each["name"] == "Sync")
    recording = Recording(trust_env=False)
    with recording.client("Nightly Job") as app:
        first = app.post(
            f"{sync['issuer']}/v1/token",
            auth=(client["client_id"], client["client_secret"]),
            data={"grant_type": "client_credentials", "scope": "sync:read"},
        )

    cell = as_python(recording[0]).replace(
        'CLIENT_SECRET = ""', f"CLIENT_SECRET = {client['client_secret']!r}"
    )
    told: dict[str, Any] = {}
    exec(compile(cell, "cell", "exec"), told)

    assert first.status_code == 200
    assert told["answer"].status_code == 200
    assert told["answer"].json()["scope"] == "sync:read"
    assert client["client_secret"] not in as_python(recording[0])
