"""The program as a whole: guesses at once on both workers, and what it writes to its streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.oauth.serving import TOKEN, Process, clients
from tests.speaking import (
    PASSWORD,
    Person,
    add_user,
    authorize,
    custom_server,
    done,
    exchange_code,
    form_of,
    introspect,
    refresh,
    register_app,
    sign_in,
)

EVERYTHING_IS_LOGGED = "import logging\nlogging.basicConfig(level=1)\n"


def guess_by_api(process: Process, person: Person, password: str) -> int:
    """The status of a sign-in at the API."""
    with httpx.Client(base_url=process.url, trust_env=False, timeout=30) as browser:
        body = {"username": person.login, "password": password}
        return browser.post("/api/v1/authn", json=body).status_code


def guess_on_page(process: Process, person: Person, password: str) -> int:
    """The status of a sign-in on the page."""
    with httpx.Client(base_url=process.url, trust_env=False, timeout=30) as browser:
        page = browser.get("/login/login.htm")
        action, fields = form_of(page)
        typed = fields | {"username": person.login, "password": password}
        return browser.post(page.url.join(action), data=typed).status_code


def guess_at_once(process: Process, person: Person, number: int) -> Counter[int]:
    """How often each status came when half of the wrong guesses go to the page."""
    ways = (guess_by_api, guess_on_page)
    with ThreadPoolExecutor(number) as pool:
        calls = [
            pool.submit(ways[each % 2], process, person, f"Wrong-{each}") for each in range(number)
        ]
        return Counter(call.result() for call in calls)


def test_simultaneous_guesses_at_api_and_page_count_one_by_one(
    process: Process, root_admin: httpx.Client
) -> None:
    tess = add_user(root_admin, "tess")

    nine = guess_at_once(process, tess, 9)
    still_open = guess_by_api(process, tess, PASSWORD)
    many = guess_at_once(process, tess, 24)

    assert (nine, still_open, many) == (Counter({401: 9}), 200, Counter({401: 24}))
    assert guess_by_api(process, tess, PASSWORD) == 401
    assert done(root_admin.get(f"/api/v1/users/{tess.id}"))["status"] == "LOCKED_OUT"


def test_no_secret_is_on_the_programs_streams_even_when_everything_is_logged(
    tmp_path: Path,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(EVERYTHING_IS_LOGGED)
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0", "--workers", "1"]
    variables = {
        "GRANTLAB_HOME": str(tmp_path / "home"),
        "GRANTLAB_ADMIN_TOKEN": TOKEN,
        "PYTHONPATH": str(tmp_path),
        "FLASK_DEBUG": "1",
    }
    with (tmp_path / "errors").open("w") as errors:
        program = subprocess.Popen(
            [*command, "--database", f"sqlite:///{tmp_path / 'lab.db'}"],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert program.stdout is not None
    url = program.stdout.readline().split()[0]

    try:
        secrets = use_secrets(url)
    finally:
        program.terminate()
        said, _ = program.communicate(timeout=20)

    said += (tmp_path / "errors").read_text()
    assert "DEBUG" in said
    assert [name for name, value in secrets.items() if value in said] == []


def use_secrets(url: str) -> dict[str, str]:
    """All that is secret in some flows, good ones and refused ones."""
    browser, admin = clients(url)
    with browser, admin:
        issuer, tess = custom_server(url), add_user(admin, "tess")
        app = register_app(admin, tess)
        assert app.secret
        authorized = authorize(browser, issuer, app, tess, scope="openid offline_access")
        cookie = browser.cookies["sid"]
        tokens = done(exchange_code(browser, issuer, authorized))
        introspect(browser, issuer, app, tokens["refresh_token"])
        done(refresh(browser, issuer, app, tokens["refresh_token"]))
        session_token = sign_in(browser, tess)
        for where in ("authorize", "token", "userinfo", "logout"):
            browser.get(issuer.at(where), params=tokens | {"code": authorized.code})
        browser.get(f"/{tokens['refresh_token']}/{authorized.code}", params={"s": session_token})
    return {
        "token of the admin": TOKEN,
        "password": PASSWORD,
        "client secret": app.secret,
        "code": authorized.code,
        "verifier": authorized.verifier,
        "cookie": cookie,
        "session token": session_token,
        "access token": tokens["access_token"],
        "ID token": tokens["id_token"],
        "refresh token": tokens["refresh_token"],
    }
