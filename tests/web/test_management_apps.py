"""Apps, their credentials, assignments and grants over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

APPS = "/api/v1/apps"


def web_app(label: str = "Shop", **oauth: Any) -> dict[str, Any]:
    """The smallest document of a web app."""
    return {
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {
            "oauthClient": {
                "redirect_uris": ["https://shop.example/cb"],
                "response_types": ["code"],
                "grant_types": ["authorization_code", "refresh_token"],
                "application_type": "web",
                **oauth,
            }
        },
        "profile": {"tier": "gold"},
    }


def with_credential(document: dict[str, Any], **credential: Any) -> dict[str, Any]:
    """The document with another client credential."""
    return {**document, "credentials": {"oauthClient": credential}}


def causes(answer: httpx.Response) -> str:
    """All causes of an error, as one text."""
    return " | ".join(cause["errorSummary"] for cause in answer.json()["errorCauses"])


def public_jwk(kid: str | None = "one") -> dict[str, Any]:
    """A fresh EC public key."""
    key = dict(ECKey.generate_key("P-256", private=True).as_dict(private=False))
    return key if kid is None else {**key, "kid": kid}


@pytest.fixture
def shop(admin: httpx.Client) -> dict[str, Any]:
    """A web app with a secret."""
    answer = admin.post(APPS, json=web_app())
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_new_app_is_an_active_client_with_an_id_and_a_secret(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    client = shop["credentials"]["oauthClient"]

    assert shop["id"].startswith("0oa")
    assert shop["status"] == "ACTIVE"
    assert client["client_id"] == shop["id"]
    assert len(client["client_secret"]) >= 14
    assert shop["profile"] == {"tier": "gold"}
    assert shop["features"] == []
    assert admin.get(f"{APPS}/{shop['id']}").json() == shop


def test_client_id_and_secret_can_be_supplied(admin: httpx.Client) -> None:
    body = with_credential(web_app(), client_id="my-client", client_secret="a-secret-of-mine")

    made = admin.post(APPS, json=body).json()
    again = admin.post(APPS, json={**body, "label": "Other"})

    assert made["credentials"]["oauthClient"]["client_id"] == "my-client"
    assert made["credentials"]["oauthClient"]["client_secret"] == "a-secret-of-mine"
    assert made["id"] != "my-client"
    assert again.status_code == 400


def test_an_app_can_be_made_inactive(admin: httpx.Client) -> None:
    made = admin.post(APPS, params={"activate": "false"}, json=web_app()).json()

    assert made["status"] == "INACTIVE"


@pytest.mark.parametrize(
    "uri",
    [
        "/relative",
        "shop.example/cb",
        "https://shop.example/cb#part",
        "http://shop.example/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///cb",
        "https://user@shop.example/cb",
        "https://*.shop.example/cb",
        "https://shop.example/c b",
        "https://shop.example\\cb",
        "https://shop.example:port/cb",
        "com.example.app:",
    ],
)
def test_an_address_that_answers_must_not_go_to_is_refused(admin: httpx.Client, uri: str) -> None:
    answer = admin.post(APPS, json=web_app(redirect_uris=[uri]))

    assert answer.status_code == 400
    assert "redirect_uris" in causes(answer)


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/cb?a=b",
        "http://127.0.0.1:3000/cb",
        "http://localhost/cb",
        "http://[::1]:8000/cb",
        "com.example.app:/callback",
        "com.example.app://host/callback",
    ],
)
def test_an_address_that_is_safe_is_kept_letter_by_letter(admin: httpx.Client, uri: str) -> None:
    made = admin.post(APPS, json=web_app(redirect_uris=[uri])).json()

    assert made["settings"]["oauthClient"]["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    ("oauth", "field"),
    [
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": []}, "grant_types"),
        ({"grant_types": ["magic"]}, "grant_types"),
        ({"application_type": "browser", "grant_types": ["client_credentials"]}, "grant_types"),
        ({"application_type": "desktop"}, "application_type"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"response_types": ["token"]}, "response_types"),
        ({"response_types": ["code", "id_token"]}, "response_types"),
        ({"grant_types": ["client_credentials"], "response_types": ["code"]}, "response_types"),
        ({"logo_uri": "javascript:x"}, "logo_uri"),
        ({"post_logout_redirect_uris": ["data:x"]}, "post_logout_redirect_uris"),
        ({"jwks_uri": "https://shop.example/keys"}, "jwks_uri"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"consent_method": "MAYBE"}, "consent_method"),
        ({"refresh_token": {"rotation_type": "ROTATE", "leeway": 61}}, "leeway"),
        ({"dpop_bound_access_tokens": True}, "dpop_bound_access_tokens"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_field(
    admin: httpx.Client, oauth: dict[str, Any], field: str
) -> None:
    answer = admin.post(APPS, json=web_app(**oauth))

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert field in causes(answer)


@pytest.mark.parametrize(
    ("credential", "field"),
    [
        ({"client_secret": "short"}, "client_secret"),
        ({"client_secret": "x" * 101}, "client_secret"),
        ({"client_id": "short"}, "client_id"),
        ({"token_endpoint_auth_method": "magic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none", "pkce_required": False}, "pkce_required"),
    ],
)
def test_credentials_that_do_not_fit_are_refused_by_field(
    admin: httpx.Client, credential: dict[str, Any], field: str
) -> None:
    answer = admin.post(APPS, json=with_credential(web_app(), **credential))

    assert answer.status_code == 400
    assert field in causes(answer)


def test_a_public_client_must_use_pkce_and_gets_no_tokens_of_its_own(admin: httpx.Client) -> None:
    public = with_credential(web_app(), token_endpoint_auth_method="none")
    alone = with_credential(
        web_app(
            label="Job", application_type="service", grant_types=["client_credentials"],
            response_types=["token"], redirect_uris=[],
        ),
        token_endpoint_auth_method="none",
    )  # fmt: skip

    made = admin.post(APPS, json=public).json()

    assert made["credentials"]["oauthClient"]["pkce_required"] is True
    assert "client_secret" not in made["credentials"]["oauthClient"]
    assert "token_endpoint_auth_method" in causes(admin.post(APPS, json=alone))


def test_two_apps_cannot_share_a_label(admin: httpx.Client, shop: dict[str, Any]) -> None:
    answer = admin.post(APPS, json=web_app())

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000040"


def test_an_app_can_be_put_back_changed_and_keeps_id_secret_and_dates(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    body = {**shop, "label": "Shop 2", "status": "INACTIVE", "id": "0oaOther"}
    body["settings"]["oauthClient"]["redirect_uris"] = ["https://shop.example/new"]

    answer = admin.put(f"{APPS}/{shop['id']}", json=body)

    changed = answer.json()
    assert answer.status_code == 200
    assert (changed["label"], changed["id"]) == ("Shop 2", shop["id"])
    assert changed["status"] == "ACTIVE"
    assert changed["created"] == shop["created"]
    assert changed["credentials"] == shop["credentials"]
    assert changed["settings"]["oauthClient"]["redirect_uris"] == ["https://shop.example/new"]


def test_application_type_and_client_id_cannot_change(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    other_type = admin.put(f"{APPS}/{shop['id']}", json=web_app(application_type="native"))
    other_id = admin.put(
        f"{APPS}/{shop['id']}", json=with_credential(web_app(), client_id="another-one")
    )

    assert "application_type" in causes(other_type)
    assert "client_id" in causes(other_id)


def test_an_active_app_cannot_be_deleted(admin: httpx.Client, shop: dict[str, Any]) -> None:
    path = f"{APPS}/{shop['id']}"

    refused = admin.delete(path)
    off = admin.post(f"{path}/lifecycle/deactivate")
    deleted = admin.delete(path)

    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000056")
    assert (off.status_code, off.json()) == (200, {})
    assert deleted.status_code == 204
    assert admin.get(path).status_code == 404


def test_apps_are_found_by_q_or_filter_but_not_both(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    admin.post(f"{APPS}/{shop['id']}/lifecycle/deactivate")

    by_q = admin.get(APPS, params={"q": "sho"}).json()
    by_filter = admin.get(APPS, params={"filter": 'status eq "INACTIVE"'}).json()
    both = admin.get(APPS, params={"q": "a", "filter": 'status eq "ACTIVE"'})

    assert [app["label"] for app in by_q] == ["Shop"]
    assert [app["label"] for app in by_filter] == ["Shop"]
    assert (both.status_code, both.json()["errorCode"]) == (400, "E0000033")


def test_secrets_rotate_without_a_moment_without_one(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{APPS}/{shop['id']}/credentials/secrets"
    old = admin.get(path).json()[0]

    only_one = admin.post(f"{path}/{old['id']}/lifecycle/deactivate")
    new = admin.post(path)
    third = admin.post(path)
    active = admin.delete(f"{path}/{old['id']}")
    off = admin.post(f"{path}/{old['id']}/lifecycle/deactivate")
    deleted = admin.delete(f"{path}/{old['id']}")

    assert only_one.status_code == 403
    assert new.status_code == 201
    assert third.status_code == 400
    assert active.status_code == 403
    assert (off.status_code, off.json()["status"]) == (200, "INACTIVE")
    assert deleted.status_code == 204
    assert [secret["id"] for secret in admin.get(path).json()] == [new.json()["id"]]
    shown = admin.get(f"{APPS}/{shop['id']}").json()["credentials"]["oauthClient"]["client_secret"]
    assert shown == new.json()["client_secret"]


def test_public_keys_are_registered_one_by_one_or_as_a_set(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{APPS}/{shop['id']}"
    made = admin.post(f"{path}/credentials/jwks", json=public_jwk("one"))
    twice = admin.post(f"{path}/credentials/jwks", json=public_jwk("one"))
    jwks = {"keys": [public_jwk("two"), public_jwk(None)]}

    changed = admin.put(path, json=web_app(jwks=jwks)).json()

    assert made.status_code == 201
    assert made.json()["id"].startswith("pks")
    assert twice.status_code == 400
    kids = [key["kid"] for key in changed["settings"]["oauthClient"]["jwks"]["keys"]]
    assert kids[0] == "two"
    assert len(kids[1]) == 43
    assert [key["kid"] for key in admin.get(f"{path}/credentials/jwks").json()] == kids


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        dict(OctKey.generate_key(256).as_dict(private=True)),
        dict(ECKey.generate_key("P-256", private=True).as_dict(private=True)),
        {"kty": "RSA", "n": "3" * 171, "e": "AQAB"},
        {**public_jwk(), "use": "enc"},
        {**public_jwk(), "alg": "HS256"},
        {},
    ],
)
def test_what_is_no_strong_public_key_is_refused(
    admin: httpx.Client, shop: dict[str, Any], jwk: dict[str, Any]
) -> None:
    answer = admin.post(f"{APPS}/{shop['id']}/credentials/jwks", json=jwk)

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"


def test_a_user_is_assigned_once_renamed_and_removed(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    cora = admin.get("/api/v1/users/cora@bank.example").json()
    path = f"{APPS}/{shop['id']}/users"
    body = {"id": cora["id"], "scope": "USER", "credentials": {"userName": "c.lind"}}

    made = admin.post(path, json=body)
    twice = admin.post(path, json=body)
    renamed = admin.post(f"{path}/{cora['id']}", json={"credentials": {"userName": "cora"}})
    listed = admin.get(path).json()
    removed = admin.delete(f"{path}/{cora['id']}")

    assert made.status_code == 200
    assert made.json()["credentials"] == {"userName": "c.lind"}
    assert (twice.status_code, twice.json()["errorCode"]) == (409, "E0000062")
    assert renamed.json()["credentials"] == {"userName": "cora"}
    assert [user["id"] for user in listed] == [cora["id"]]
    assert removed.status_code == 204
    assert admin.get(f"{path}/{cora['id']}").status_code == 404


def test_a_group_is_assigned_and_removed(admin: httpx.Client, shop: dict[str, Any]) -> None:
    group = admin.get("/api/v1/groups", params={"q": "Cust"}).json()[0]
    path = f"{APPS}/{shop['id']}/groups"

    made = admin.put(f"{path}/{group['id']}")
    again = admin.put(f"{path}/{group['id']}", json={"priority": 3})
    listed = admin.get(path).json()
    removed = admin.delete(f"{path}/{group['id']}")

    assert (made.status_code, again.status_code) == (200, 200)
    assert [(each["id"], each["priority"]) for each in listed] == [(group["id"], 3)]
    assert removed.status_code == 204
    assert admin.get(path).json() == []


def test_an_api_scope_is_granted_for_this_orgs_issuer_only(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{APPS}/{shop['id']}/grants"
    org_url = str(admin.base_url).rstrip("/")
    body = {"scopeId": "okta.users.read", "issuer": org_url}

    made = admin.post(path, json=body)
    twice = admin.post(path, json=body)
    unknown = admin.post(path, json={**body, "scopeId": "okta.magic.read"})
    elsewhere = admin.post(path, json={**body, "issuer": "https://elsewhere.example"})
    deleted = admin.delete(f"{path}/{made.json()['id']}")

    assert made.status_code == 201
    assert made.json()["issuer"] == org_url
    assert made.json()["source"] == "ADMIN"
    assert [answer.status_code for answer in (twice, unknown, elsewhere)] == [400, 400, 400]
    assert deleted.status_code == 204
    assert admin.get(path).json() == []


def person_of(admin: httpx.Client, name: str) -> dict[str, Any]:
    """Somebody of the bundled world."""
    found: dict[str, Any] = admin.get(f"/api/v1/users/{name}@bank.example").json()
    return found


def test_expand_shows_a_person_in_the_apps_that_are_theirs_and_a_filter_finds_those(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    cora = person_of(admin, "cora")
    body = {"id": cora["id"], "scope": "USER", "credentials": {"userName": "c.lind"}}
    admin.post(f"{APPS}/{shop['id']}/users", json=body)
    expand = {"expand": f"user/{cora['id']}"}

    one = admin.get(f"{APPS}/{shop['id']}", params=expand)
    found = admin.get(APPS, params=expand | {"filter": f'user.id eq "{cora["id"]}"'}).json()
    everything = admin.get(APPS, params=expand).json()

    assert one.json()["_embedded"]["user"]["credentials"] == {"userName": "c.lind"}
    assert one.headers["ETag"] == admin.get(f"{APPS}/{shop['id']}").headers["ETag"]
    assert "Shop" in [app["label"] for app in found]
    assert all(app["_embedded"]["user"]["id"] == cora["id"] for app in found)
    assert {app["id"] for app in everything if "_embedded" in app} == {app["id"] for app in found}
    assert len(everything) > len(found)


def test_a_person_is_in_an_app_by_a_group_too(admin: httpx.Client, shop: dict[str, Any]) -> None:
    cora, tom = person_of(admin, "cora"), person_of(admin, "tom")
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Shoppers"}}).json()["id"]
    admin.put(f"/api/v1/groups/{group}/users/{cora['id']}")
    admin.put(f"{APPS}/{shop['id']}/groups/{group}")

    inside = admin.get(f"{APPS}/{shop['id']}", params={"expand": f"user/{cora['id']}"}).json()
    outside = admin.get(f"{APPS}/{shop['id']}", params={"expand": f"user/{tom['id']}"}).json()

    assert inside["_embedded"]["user"]["scope"] == "GROUP"
    assert "_embedded" not in outside


@pytest.mark.parametrize(
    ("expand", "status"), [("user", 400), ("user/", 400), ("magic/x", 400), ("user/00uNobody", 404)]
)
def test_what_cannot_be_expanded_is_refused(admin: httpx.Client, expand: str, status: int) -> None:
    assert admin.get(APPS, params={"expand": expand}).status_code == status


def test_an_assignment_of_a_group_shows_priority_and_time(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    group = admin.get("/api/v1/groups", params={"q": "Cust"}).json()[0]["id"]
    path = f"{APPS}/{shop['id']}/groups/{group}"

    made = admin.put(path, json={"id": group, "priority": 2, "lastUpdated": "ignored"}).json()

    assert (made["id"], made["priority"]) == (group, 2)
    assert made["lastUpdated"].endswith("Z")
    refused = [admin.put(path, json={"priority": wrong}) for wrong in (-1, "2", 1.5)]
    assert [answer.status_code for answer in refused] == [400, 400, 400]
    assert admin.get(path).json() == made


def test_a_group_lists_its_apps(admin: httpx.Client, shop: dict[str, Any]) -> None:
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Shoppers"}}).json()
    before = admin.get(group["_links"]["apps"]["href"]).json()

    admin.put(f"{APPS}/{shop['id']}/groups/{group['id']}")

    assert before == []
    after = admin.get(group["_links"]["apps"]["href"]).json()
    assert [app["id"] for app in after] == [shop["id"]]
    assert admin.get("/api/v1/groups/00gNobody/apps").status_code == 404


def test_a_group_has_owners_people_and_groups(admin: httpx.Client) -> None:
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Shoppers"}}).json()["id"]
    staff = admin.get("/api/v1/groups", params={"q": "Staff"}).json()[0]["id"]
    tom = person_of(admin, "tom")
    path = f"/api/v1/groups/{group}/owners"

    made = admin.post(path, json={"id": tom["id"], "type": "USER"})
    other = admin.post(path, json={"id": staff, "type": "GROUP"})
    twice = admin.post(path, json={"id": tom["id"], "type": "USER"})
    unknown = admin.post(path, json={"id": "00uNobody", "type": "USER"})
    itself = admin.post(path, json={"id": group, "type": "GROUP"})
    strange = admin.post(path, json={"id": tom["id"], "type": "ROBOT"})
    listed = admin.get(path).json()
    removed = admin.delete(f"{path}/{tom['id']}")

    assert (made.status_code, other.status_code) == (201, 201)
    assert made.json()["id"] == tom["id"]
    assert made.json()["type"] == "USER"
    refused = [twice, unknown, itself, strange]
    assert [answer.status_code for answer in refused] == [400, 404, 400, 400]
    assert [owner["id"] for owner in listed] == [tom["id"], staff]
    assert removed.status_code == 204
    assert [owner["id"] for owner in admin.get(path).json()] == [staff]
    assert admin.delete(f"{path}/{tom['id']}").status_code == 404


def test_an_owner_of_a_group_has_no_rights_by_that(admin: httpx.Client) -> None:
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Shoppers"}}).json()["id"]
    cora = person_of(admin, "cora")
    admin.post(f"/api/v1/groups/{group}/owners", json={"id": cora["id"], "type": "USER"})
    token = admin.post("/api/v1/api-tokens", json={"name": "x", "userId": cora["id"]}).json()

    headers = {"Authorization": f"SSWS {token['token']}"}
    answer = admin.put(f"/api/v1/groups/{group}/users/{cora['id']}", headers=headers)

    assert answer.status_code == 403


def test_groups_are_counted_when_asked_for(admin: httpx.Client, shop: dict[str, Any]) -> None:
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Shoppers"}}).json()["id"]
    admin.put(f"/api/v1/groups/{group}/users/{person_of(admin, 'cora')['id']}")
    admin.put(f"{APPS}/{shop['id']}/groups/{group}")

    one = admin.get(f"/api/v1/groups/{group}", params={"expand": "stats"})
    listed = admin.get("/api/v1/groups", params={"expand": "stats"}).json()

    stats = {
        "usersCount": 1,
        "appsCount": 1,
        "groupPushMappingsCount": 0,
        "hasAdminPrivilege": False,
    }
    assert one.json()["_embedded"]["stats"] == stats
    assert one.headers["ETag"] == admin.get(f"/api/v1/groups/{group}").headers["ETag"]
    counted = {each["profile"]["name"]: each["_embedded"]["stats"] for each in listed}
    assert counted["Shoppers"] == stats
    assert counted["Everyone"]["usersCount"] == len(admin.get("/api/v1/users").json())
    assert admin.get("/api/v1/groups", params={"expand": "magic"}).status_code == 400


def test_everyone_cannot_be_changed_deleted_or_have_its_members_edited(
    admin: httpx.Client,
) -> None:
    everyone = admin.get("/api/v1/groups", params={"q": "Everyone"}).json()[0]
    path = f"/api/v1/groups/{everyone['id']}"
    cora = person_of(admin, "cora")["id"]

    answers = [
        admin.put(path, json={"profile": {"name": "Nobody"}}),
        admin.delete(path),
        admin.put(f"{path}/users/{cora}"),
        admin.delete(f"{path}/users/{cora}"),
        admin.post(f"{path}/owners", json={"id": cora, "type": "USER"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert {answer.json()["errorCode"] for answer in answers} == {"E0000111"}
    assert admin.get(path).json() == everyone
    assert cora in [user["id"] for user in admin.get(f"{path}/users").json()]
