"""What a recording holds, tells and keeps to itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import httpx2
import pytest
from authlib.integrations.httpx_client import OAuth2Client

from grantlab.recording import Exchange, Recording, RecordingError, parts

TOKEN_URL = "https://bank.example/oauth2/default/v1/token"


def answering(status: int = 200, **options: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, **options))  # type: ignore[arg-type]


def plain_exchange() -> Exchange:
    recording = Recording()
    return recording.caught("http://127.0.0.1:8765/callback?code=abc123&state=s")


def test_a_client_records_request_and_answer_as_they_crossed_the_wire(lab_url: str) -> None:
    recording = Recording()
    with recording.client("Your app") as app:
        app.post(f"{lab_url}/oauth2/v1/token", auth=("id", "secret"), data={"a": "b c"})

    one = recording.last
    assert (one.number, one.sender, one.receiver) == (1, "Your app", "Authorization server")
    assert (one.channel, one.method, one.status) == ("back", "POST", 200)
    assert one.request_body == "a=b+c"
    assert dict(one.request_headers)["authorization"].startswith("Basic ")
    assert one.json()["expires_in"] == 3600
    assert one.started > 0
    assert one.seconds > 0


def test_every_hop_of_a_followed_redirect_is_its_own_exchange(lab_url: str) -> None:
    recording = Recording()
    with recording.client("Your app", follow_redirects=True) as app:
        app.get(f"{lab_url}/oauth2/v1/authorize")

    assert [(one.path, one.status) for one in recording] == [
        ("/oauth2/v1/authorize", 302),
        ("/login/login.htm", 200),
    ]


def test_hooks_record_httpx2_and_authlibs_client_just_the_same(lab_url: str) -> None:
    recording = Recording()
    token_url = f"{lab_url}/oauth2/v1/token"
    with httpx2.Client(event_hooks=recording.hooks("Plain httpx2")) as plain:
        plain.get(f"{lab_url}/me")
    with OAuth2Client("id", "secret", event_hooks=recording.hooks("Authlib")) as client:
        client.fetch_token(token_url, grant_type="client_credentials")

    assert [one.sender for one in recording] == ["Plain httpx2", "Authlib"]
    assert recording.last.request_body == "grant_type=client_credentials"
    assert recording.last.json()["access_token"] == "t-0123456789"


def test_a_proxy_of_the_environment_has_no_part_in_it(
    lab_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    with Recording().client("Your app") as app:
        assert app.get(f"{lab_url}/me").text == "no cookie"


def test_a_streamed_answer_can_still_be_read_by_the_app(lab_url: str) -> None:
    recording = Recording()
    with recording.client("Your app") as app, app.stream("GET", f"{lab_url}/me") as answer:
        lines = list(answer.iter_lines())

    assert lines == ["no cookie"]
    assert recording.last.response_body == "no cookie"


def test_the_callers_own_hooks_still_run() -> None:
    seen: list[int] = []
    hooks = {"response": [lambda response: seen.append(response.status_code)]}
    client = Recording().client("App", transport=answering(204), event_hooks=hooks)

    client.get("https://bank.example/")

    assert seen == [204]


def test_a_binary_body_becomes_a_short_note(lab_url: str) -> None:
    recording = Recording()
    with recording.client("Your app") as app:
        app.get(f"{lab_url}/picture")

    assert recording.last.response_body == "(6 bytes, not text: image/png)"


@pytest.mark.parametrize(
    ("path", "receiver"),
    [
        ("/oauth2/default/v1/token", "Authorization server"),
        ("/orgs/ada/oauth2/v1/keys", "Authorization server"),
        ("/.well-known/openid-configuration", "Authorization server"),
        ("/user/x/grantlab/orgs/ada/login/login.htm", "Authorization server"),
        ("/api/v1/authn", "Authorization server"),
        ("/orgs/ada/api/v1/users", "Okta API"),
        ("/lab/clock", "Lab"),
        ("/.well-known/oauth-protected-resource/transfers", "bank.example"),
        ("/transfers", "bank.example"),
    ],
)
def test_the_receiver_is_found_from_the_path(path: str, receiver: str) -> None:
    assert Recording().receiver_of(f"https://bank.example{path}") == receiver


def test_a_registered_name_goes_before_the_path_and_the_longest_one_wins() -> None:
    recording = Recording()
    recording.name("http://127.0.0.1:1234", "Gateway")
    recording.name("http://127.0.0.1:1234/transfers", "Transfers API")

    assert recording.receiver_of("http://127.0.0.1:1234/transfers/7") == "Transfers API"
    assert recording.receiver_of("http://127.0.0.1:1234/api/v1/x") == "Gateway"
    assert recording.receiver_of("http://127.0.0.1:12345/transfers") == "127.0.0.1:12345"


def test_a_caught_redirect_is_a_front_channel_exchange_without_an_answer() -> None:
    recording = Recording()
    recording.name("http://127.0.0.1:8765/callback", "Bank Web")

    one = recording.caught("http://127.0.0.1:8765/callback?code=abc&state=s")

    assert (one.receiver, one.channel, one.status) == ("Bank Web", "front", None)
    assert plain_exchange().receiver == "Your app"


def test_watchers_hear_of_each_exchange_until_they_stop() -> None:
    recording = Recording()
    heard: list[int] = []
    stop = recording.watch(lambda exchange: heard.append(exchange.number))

    recording.caught("app:/one")
    recording.caught("app:/two")
    stop()
    recording.caught("app:/three")

    assert heard == [1, 2]


def test_a_recording_counts_iterates_and_clears() -> None:
    recording = Recording()
    assert recording
    assert len(recording) == 0
    with pytest.raises(IndexError):
        _ = recording.last

    recording.caught("app:/one")
    recording.caught("app:/two")
    assert [one.number for one in recording] == [1, 2]
    assert recording[0].url == "app:/one"
    assert "Browser → Your app" in repr(recording)

    recording.clear()
    assert recording.caught("app:/three").number == 1


def test_threads_share_a_recording_without_losing_an_exchange() -> None:
    recording = Recording()
    client = recording.client("App", transport=answering(json={"a": 1}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.get(f"https://bank.example/{n}"), range(64)))

    assert [one.number for one in recording] == list(range(1, 65))
    assert len({one.url for one in recording}) == 64


def test_the_notebook_servers_cookies_are_never_recorded() -> None:
    recording = Recording()
    set_cookies = [("set-cookie", "_xsrf=jupyter; Path=/"), ("set-cookie", "sid=lab; Path=/")]
    client = recording.client("App", transport=answering(headers=set_cookies))

    client.get("https://bank.example/", headers={"cookie": "_xsrf=1; username-127-0-0-1=2; idx=3"})
    client.get("https://other.example/", headers={"cookie": "jupyterhub-session-id=9"})

    assert ("cookie", "idx=3") in recording[0].request_headers
    assert [v for n, v in recording[0].response_headers if n == "set-cookie"] == ["sid=lab; Path=/"]
    assert "cookie" not in dict(recording[1].request_headers)


def test_parts_name_each_value_and_its_place() -> None:
    recording = Recording()
    location = "http://127.0.0.1:8765/callback?code=abc&state=s%201"
    client = recording.client(
        "App",
        transport=answering(
            302, headers={"location": location}, json={"access_token": "t", "n": [1]}
        ),
    )
    client.post(f"{TOKEN_URL}?q=1", data={"client_id": "0oa1", "client_secret": "hush"})

    found = parts(recording.last)

    request = {(part.place, part.name): part for part in found.request}
    assert request["query", "q"].value == "1"
    assert request["form", "client_id"].secret is False
    assert request["form", "client_secret"].secret is True
    assert request["header", "content-type"].value == "application/x-www-form-urlencoded"
    response = {(part.place, part.name): part for part in found.response}
    assert response["location", "state"].value == "s 1"
    assert response["location", "code"].secret is True
    assert response["json", "access_token"].secret is True
    assert response["json", "n"].value == "[1]"


def test_parts_find_the_fragment_and_survive_a_body_that_is_not_what_it_says() -> None:
    caught = Recording().caught("http://127.0.0.1:8765/callback#access_token=t&expires_in=3600")
    broken = replace(
        caught, response_headers=(("content-type", "application/json"),), response_body="{"
    )

    assert [(part.place, part.name) for part in parts(broken).request] == [
        ("fragment", "access_token"),
        ("fragment", "expires_in"),
    ]
    assert [part.place for part in parts(broken).response] == ["header"]


def test_a_url_that_nobody_can_read_still_has_a_path_and_parameters() -> None:
    caught = Recording().caught("http://[/back?state=s#code=abc123")

    assert caught.path == "http://[/back"
    assert [(part.place, part.name) for part in parts(caught).request] == [
        ("query", "state"),
        ("fragment", "code"),
    ]


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
SECRETS = [
    *("s3cret-of-the-app", "c0de-of-this-run", "verifier-of-this-run", "pass word&1", JWT),
    *("refresh-0123456789", "cookie-0123456789", "hidden-csrf-value", "user-pw", "private-d"),
]


def talkative() -> Recording:
    recording = Recording()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/page":
            page = '<input name="x" value="hidden-csrf-value"><p>c0de-of-this-run</p>'
            return httpx.Response(200, html=page)
        return httpx.Response(
            200,
            headers={
                "set-cookie": "sid=cookie-0123456789; Path=/oauth2/default; HttpOnly",
                "location": "/a?code=c0de-of-this-run",
            },
            json={
                "access_token": JWT,
                "refresh_token": "refresh-0123456789",
                "nested": {"keys": [{"kty": "RSA", "kid": "k1", "d": "private-d"}]},
                "echo": f"you sent c0de-of-this-run and {JWT}",
            },
        )

    client = recording.client("App", transport=httpx.MockTransport(answer))
    client.post(
        TOKEN_URL.replace("//", "//user:user-pw@"),
        params={"state": "kept"},
        headers={"authorization": "Basic s3cret-of-the-app", "cookie": "sid=cookie-0123456789"},
        data={
            "code": "c0de-of-this-run",
            "code_verifier": "verifier-of-this-run",
            "password": "pass word&1",
            "client_id": "0oa1",
        },
    )
    client.get("https://bank.example/page")
    client.post("https://bank.example/api", json={"password": "pass word&1", "name": "kept too"})
    recording.caught(f"http://127.0.0.1:8765/callback#id_token={JWT}&state=kept")
    return recording


def test_a_saved_recording_holds_no_secret_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "walk.json"

    talkative().save(path)

    text = path.read_text(encoding="utf-8")
    assert [secret for secret in SECRETS if secret in text] == []
    assert "eyJ" not in text
    assert "pass+word" not in text


def test_a_saved_recording_keeps_what_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "walk.json"
    talkative().save(path)

    loaded = Recording.load(path)

    assert len(loaded) == 4
    first = loaded[0]
    assert first.url == f"{TOKEN_URL}?state=kept"
    assert dict(first.request_headers)["authorization"] == "Basic [left out]"
    assert dict(first.request_headers)["cookie"] == "sid=[left out]"
    assert "client_id=0oa1" in first.request_body
    assert first.json()["nested"]["keys"][0] == {"kty": "RSA", "kid": "k1", "d": "[left out]"}
    assert loaded[2].request_body == '{"password": "[left out]", "name": "kept too"}'
    assert loaded.last.status is None


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 1}', '{"format": 1, "exchanges": [{}]}', '{"format": 9}']
)
def test_a_file_that_is_no_recording_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)

    with pytest.raises(RecordingError, match="other.json"):
        Recording.load(path)


def test_saving_leaves_the_secrets_out_of_what_nobody_can_read(tmp_path: Path) -> None:
    recording, path = Recording(), tmp_path / "walk.json"
    deep = '{"a":' * 200 + '{"access_token": "token-0123456789"}' + "}" * 200
    headers = {"location": "http://user:user-pw@[?code=c0de-of-this-run&state=kept"}
    odd = httpx.MockTransport(
        lambda _: httpx.Response(302, headers=headers | {"content-type": "a/json"}, text=deep)
    )

    recording.client("App", transport=odd).get("https://bank.example/")
    recording.save(path)

    text = path.read_text(encoding="utf-8")
    assert "user-pw" not in text
    assert "c0de" not in text
    assert "token-0123456789" not in text
    assert "state=kept" in text


def test_saving_leaves_the_recording_itself_untouched(tmp_path: Path) -> None:
    recording = talkative()

    recording.save(tmp_path / "walk.json")

    assert json.loads(recording[0].response_body)["access_token"] == JWT
