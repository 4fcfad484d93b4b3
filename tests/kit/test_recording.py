"""What a recording holds, tells and keeps to itself."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx
import httpx2
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grantlab.answers import Reasons
from grantlab.recording import Exchange, Recording, RecordingError, parts
from tests.kit.views_samples import exchange

CALLBACK = "http://127.0.0.1:8765/callback"
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


@pytest.mark.parametrize(
    "change",
    [
        {"started": "<b>"}, {"started": 1e20}, {"started": -1}, {"seconds": None},
        {"status": "200"}, {"url": 7}, {"channel": "side"}, {"sender": None},
        {"request_headers": [["a"]]},
    ],
    ids=str,
)  # fmt: skip
def test_a_file_with_something_else_in_an_exchange_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "walk.json"
    talkative().save(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["exchanges"][1] |= change
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(RecordingError, match="walk.json"):
        Recording.load(path)


@pytest.mark.parametrize(
    "event",
    [3, {"debugContext": "x"}, {"debugContext": {"debugData": [1]}}, {"target": 5},
     {"outcome": "FAILURE"}, {"debugContext": {"debugData": {"reasons": "x"}}}],
    ids=str,
)  # fmt: skip
def test_a_file_with_something_else_as_reasons_is_refused(tmp_path: Path, event: Any) -> None:
    path = tmp_path / "walk.json"
    talkative().save(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["reasons"] = {"1": {"request_id": "r", "events": [event]}}
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(RecordingError, match="walk.json"):
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


# No secret of a run survives in its file


def basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"0oa1:{secret}".encode()).decode()


def page(html: str) -> dict[str, Any]:
    return {"response_headers": (("content-type", "text/html"),), "response_body": html}


def of_json(document: Any) -> dict[str, Any]:
    return {"response_body": json.dumps(document)}


# A place where a secret stands by its name; wherever else it then appears, it must be gone too.
PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "query": lambda s: {"url": f"{TOKEN_URL}?code={quote(s, safe='')}&state=kept"},
    "fragment": lambda s: {"url": f"{CALLBACK}#access_token={quote(s, safe='')}", "status": None},
    "user info": lambda s: {"url": f"https://app:{quote(s, safe='')}@bank.example/"},
    "form": lambda s: {"request_body": urlencode({"client_secret": s, "a": "b"})},
    "form of a page": lambda s: {"request_body": urlencode({"new": s, "again": s})},
    "form without a type": lambda s: {
        "request_headers": (), "request_body": urlencode({"a": "b", "password": s})},
    "assertion": lambda s: {"request_body": urlencode({"client_assertion": s})},
    "bearer": lambda s: {"request_headers": (("authorization", f"Bearer {s}"),)},
    "ssws": lambda s: {"request_headers": (("authorization", f"SSWS {s}"),)},
    "basic": lambda s: {"request_headers": (("authorization", basic(s)),)},
    "cookie": lambda s: {"request_headers": (("cookie", f"idx=a; sid={s}"),)},
    "dpop": lambda s: {"request_headers": (("dpop", s),)},
    "set-cookie": lambda s: {"response_headers": (("set-cookie", f"sid={s}; Path=/"),)},
    "redirect": lambda s: {"response_headers": (("location", f"/cb?code={quote(s, safe='')}"),)},
    "fragment of a redirect": lambda s: {
        "response_headers": (("location", f"/cb#id_token={quote(s, safe='')}"),)},
    "referer": lambda s: {
        "request_headers": (("referer", f"https://a/?sessionToken={quote(s, safe='')}"),)},
    "json": lambda s: of_json({"stateToken": s}),
    "json number": lambda s: of_json({"passCode": int.from_bytes(s.encode()[:6], "big")}),
    "json list": lambda s: of_json([{"sessionToken": s}]),
    "json deep inside": lambda s: of_json({"a": {"credentials": {"password": {"value": s}}}}),
    "private key": lambda s: of_json({"keys": [{"kty": "oct", "k": s}]}),
    "json without a type": lambda s: {
        "request_headers": (), "request_body": json.dumps({"password": s})},
    "link in json": lambda s: of_json({"href": f"https://a/x?y=1&token={quote(s, safe='')}"}),
    "link with its key in the path": lambda s: of_json(
        {"href": f"https://a/signin/reset-password/{quote(s, safe='')}"}),
    "link in a page": lambda s: page(
        f'<a href="/x?a=b&amp;recoveryToken={html.escape(quote(s, safe=""))}">x</a>'),
    "hidden field": lambda s: page(f'<input type=hidden name=code value="{html.escape(s)}">'),
    "unquoted field": lambda s: page(f"<input name=code value={quote(s, safe='')}>"),
    "script": lambda s: page(f"<script>var a = {{stateToken: '{quote(s, safe='')}'}}</script>"),
    "nested link": lambda s: {
        "url": f"https://a/?fromURI={quote('/cb?code=' + quote(s, safe=''), safe='')}"},
}  # fmt: skip
# Where the same value may turn up again without a name.
ECHOES: dict[str, Callable[[str], dict[str, Any]]] = {
    "sentence": lambda s: of_json({"error_description": f"You sent {s} twice."}),
    "page": lambda s: page(f"<p>{html.escape(s)}</p>"),
    "parameter": lambda s: {"url": f"https://a/?hint={quote(s, safe='')}"},
    "plus": lambda s: {"request_body": urlencode({"note": s})},
    "path": lambda s: {"url": f"https://a/{quote(s)}/x"},
    "header": lambda s: {"response_headers": (("x-note", s),)},
}
secret_texts = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "-._~ +/=&%#\"'<>$"),
    min_size=12, max_size=40,
).filter(lambda text: text.strip() == text and not text.startswith("eyJ"))  # fmt: skip


def ways_to_write(secret: str) -> set[str]:
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    twice = {quote(each, safe="") for each in encoded}
    written = {json.dumps(secret)[1:-1], html.escape(secret)}
    coded = {base64.b64encode(f"0oa1:{secret}".encode()).decode()}
    return {secret, *encoded, *twice, *written, *coded}


@given(secret_texts, st.sampled_from(sorted(PLACES)), st.sampled_from(sorted(ECHOES)))
@settings(max_examples=150, deadline=None)
def test_no_secret_of_a_run_survives_anywhere_in_its_file(secret: str, place: str, echo: str):
    # A secret that is a word of every file says nothing to anybody.
    assume(secret not in f"{exchange()} response_headers display_message request_id")
    recording = Recording()
    recording.add(exchange(**PLACES[place](secret)))
    recording.add(exchange(**ECHOES[echo](secret)))
    if place == "json number":
        secret = str(int.from_bytes(secret.encode()[:6], "big"))
    recording.keep_reasons(
        recording.last, Reasons("req-1", ({"displayMessage": f"It was {secret}."},))
    )

    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        recording.save(path)
        text = path.read_text(encoding="utf-8")
        loaded = Recording.load(path)

    assert [each for each in ways_to_write(secret) if len(secret) > 8 and each in text] == []
    assert len(loaded) == 2


def test_the_file_of_a_real_run_holds_none_of_its_secrets(
    lab: Any, admin: httpx.Client, tmp_path: Path
) -> None:
    recording, secrets = Recording(trust_env=False), set()
    token = f"SSWS {lab.token}"
    with recording.client("Admin", headers={"authorization": token}, base_url=lab.url) as http:
        user = {
            "profile": {
                "firstName": "Ida", "lastName": "Moe", "email": "ida@bank.example",
                "login": "ida@bank.example",
            },
            "credentials": {"password": {"value": "Sixteen-candles-9"}},
        }  # fmt: skip
        made = http.post("/api/v1/users?activate=true", json=user).json()
        reset = http.post(
            f"/api/v1/users/{made['id']}/lifecycle/reset_password?sendEmail=false"
        ).json()
        apps = http.get("/api/v1/apps").json()
        signed = http.post(
            "/api/v1/authn", json={"username": "cora@bank.example", "password": "Wrong-guess-77"}
        )
    assert signed.status_code == 401
    secrets |= {"Sixteen-candles-9", "Wrong-guess-77", lab.token}
    secrets.add(reset["resetPasswordUrl"].rpartition("/")[2])
    secrets |= {
        app["credentials"]["oauthClient"]["client_secret"]
        for app in apps
        if "client_secret" in app["credentials"]["oauthClient"]
    }
    path = tmp_path / "run.json"

    recording.save(path)

    text = path.read_text(encoding="utf-8")
    assert len(secrets) >= 4
    assert [each for each in secrets if each in text] == []
    assert "ida@bank.example" in text


def test_reasons_that_were_asked_for_are_saved_and_loaded(tmp_path: Path) -> None:
    recording, path = talkative(), tmp_path / "walk.json"
    found = Reasons("req-1", ({"displayMessage": "Token request", "target": []},))
    recording.keep_reasons(recording[0], found)

    recording.save(path)

    loaded = Recording.load(path)
    assert loaded.loaded
    assert not recording.loaded
    assert loaded.reasons_of(loaded[0]) == found
    assert loaded.reasons_of(loaded[1]) is None


def test_clearing_forgets_the_reasons_as_well() -> None:
    recording = talkative()
    recording.keep_reasons(recording[0], Reasons("req-1", ()))

    recording.clear()
    recording.caught("app:/one")

    assert recording.reasons_of(recording[0]) is None


def test_ordinary_words_of_a_protocol_stay_in_the_file(tmp_path: Path) -> None:
    recording, path = Recording(), tmp_path / "walk.json"
    challenge = 'Bearer error="invalid_token", Basic realm="bank"'
    said = {"error": "invalid_client", "error_description": "Basic authentication is missing."}
    recording.add(
        exchange(
            url=f"{TOKEN_URL}?code_challenge=kept-challenge&request_uri=urn:okta:kept-uri",
            response_headers=(("www-authenticate", challenge), ("content-type", "a/json")),
            response_body=json.dumps(said),
        )
    )

    recording.save(path)

    loaded = Recording.load(path)
    assert loaded[0].json() == said
    assert dict(loaded[0].response_headers)["www-authenticate"] == challenge
    assert loaded[0].url == recording[0].url
