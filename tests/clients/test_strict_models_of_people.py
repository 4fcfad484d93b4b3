"""Okta's strict models read people in each status, their factors, and who may administer what."""

from __future__ import annotations

import httpx
import pytest

from tests.clients.strictly import Json, Shown, listed, lost
from tests.speaking import PASSWORD, add_user, done, find_person, register_app

PHONE = {"phoneNumber": "+1 555 415 1337"}
FACTORS: tuple[Json, ...] = (
    {"factorType": "question", "profile": {"question": "disliked_food", "answer": "mayonnaise"}},
    {"factorType": "sms", "profile": PHONE},
    {"factorType": "email", "profile": {"email": "fay@bank.example"}},
    {"factorType": "token:software:totp"},
)


def statuses(admin: httpx.Client) -> list[Json]:
    """Users in the statuses that a password or a link ends."""
    profile = {"firstName": "P", "lastName": "R", "email": "pro@bank.example"}
    body = {"profile": profile | {"login": "pro@bank.example"}}
    done(admin.post("/api/v1/users", json=body))
    lost_password, expired = add_user(admin, "rec"), add_user(admin, "exp")
    at = f"/api/v1/users/{lost_password.id}/lifecycle"
    done(admin.post(f"{at}/reset_password?sendEmail=false"))
    done(admin.post(f"/api/v1/users/{expired.id}/lifecycle/expire_password"))
    shown = []
    for status in ("PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED"):
        found = listed(admin, f'/users?filter=status eq "{status}"')
        assert found, status
        shown += found
    return shown


def activation(admin: httpx.Client) -> list[Json]:
    """The link by which somebody gets started."""
    login = "new@bank.example"
    profile = {"firstName": "N", "lastName": "W", "email": login, "login": login}
    user = done(admin.post("/api/v1/users?activate=false", json={"profile": profile}))["id"]
    return [done(admin.post(f"/api/v1/users/{user}/lifecycle/activate?sendEmail=false"))]


def reset_link(admin: httpx.Client) -> list[Json]:
    """The link to choose a new password by."""
    path = f"/api/v1/users/{add_user(admin, 'res').id}"
    return [done(admin.post(f"{path}/lifecycle/reset_password?sendEmail=false"))]


def forgotten(admin: httpx.Client) -> list[Json]:
    """The link for somebody who forgot the password."""
    path = f"/api/v1/users/{add_user(admin, 'forg').id}"
    question = {"recovery_question": {"question": "Whose?", "answer": "Mine alone"}}
    done(admin.post(path, json={"credentials": question}))
    return [done(admin.post(f"{path}/credentials/forgot_password?sendEmail=false"))]


def credentials(admin: httpx.Client) -> list[Json]:
    """What a changed password and a changed question answer."""
    path = f"/api/v1/users/{add_user(admin, 'cred').id}/credentials"
    passwords = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "Other-Sesame-2026"}}
    question = {
        "password": {"value": "Other-Sesame-2026"},
        "recovery_question": {"question": "Whose?", "answer": "Mine alone"},
    }
    return [
        done(admin.post(f"{path}/change_password", json=passwords)),
        done(admin.post(f"{path}/change_recovery_question", json=question)),
    ]


def factors(admin: httpx.Client) -> list[Json]:
    """A factor of each type, as enrolled and as listed; one waits for its first code."""
    path = f"/api/v1/users/{add_user(admin, 'fay').id}/factors"
    enrolled = []
    for factor in FACTORS:
        body = {"provider": "OKTA"} | factor
        enrolled.append(done(admin.post(path, json=body)))
    return enrolled + list(done(admin.get(path)))


def catalog(admin: httpx.Client) -> list[Json]:
    """The factors that somebody could enroll."""
    return listed(admin, f"/users/{find_person(admin).id}/factors/catalog")


def questions(admin: httpx.Client) -> list[Json]:
    """The questions to choose from."""
    return listed(admin, f"/users/{find_person(admin).id}/factors/questions")


def custom_roles(admin: httpx.Client) -> list[Json]:
    """The custom roles."""
    made = make_role(admin, "Care")
    return [made, done(admin.get(f"/api/v1/iam/roles/{made['id']}"))]


def permissions(admin: httpx.Client) -> list[Json]:
    """What a custom role permits."""
    path = f"/api/v1/iam/roles/{make_role(admin, 'Permitted')['id']}/permissions"
    return list(done(admin.get(path))["permissions"])


def make_role(admin: httpx.Client, label: str) -> Json:
    body = {"label": label, "description": label, "permissions": ["okta.users.read"]}
    made: Json = done(admin.post("/api/v1/iam/roles", json=body))
    return made


def resource_sets(admin: httpx.Client) -> list[Json]:
    """The places of custom roles."""
    made = make_set(admin, "Shown")
    return [made, done(admin.get(f"/api/v1/iam/resource-sets/{made['id']}"))]


def resources(admin: httpx.Client) -> list[Json]:
    """What is in a set."""
    path = f"/api/v1/iam/resource-sets/{make_set(admin, 'Listed')['id']}/resources"
    return list(done(admin.get(path))["resources"])


def make_set(admin: httpx.Client, label: str) -> Json:
    url = str(admin.base_url).rstrip("/")
    body = {"label": label, "description": label, "resources": [f"{url}/api/v1/users"]}
    made: Json = done(admin.post("/api/v1/iam/resource-sets", json=body))
    return made


def custom_assignments(admin: httpx.Client) -> list[Json]:
    """A custom role of somebody's."""
    role, places = make_role(admin, "Assigned"), make_set(admin, "Assigned")
    path = f"/api/v1/users/{add_user(admin, 'cus').id}/roles"
    body = {"type": "CUSTOM", "role": role["id"], "resource-set": places["id"]}
    return [done(admin.post(path, json=body)), *done(admin.get(path))]


def targets(admin: httpx.Client) -> list[Json]:
    """The groups that a role is limited to."""
    roles = f"/api/v1/users/{add_user(admin, 'tar').id}/roles"
    role = done(admin.post(roles, json={"type": "USER_ADMIN"}))["id"]
    group = listed(admin, "/groups?q=Staff")[0]["id"]
    done(admin.put(f"{roles}/{role}/targets/groups/{group}"))
    return list(done(admin.get(f"{roles}/{role}/targets/groups")))


def app_targets(admin: httpx.Client) -> list[Json]:
    """The apps that a role is limited to: all of a name, and one."""
    roles = f"/api/v1/users/{add_user(admin, 'app').id}/roles"
    shown: list[Json] = []
    for target in ("oidc_client", f"oidc_client/{register_app(admin).id}"):
        role = done(admin.post(roles, json={"type": "APP_ADMIN"}))["id"]
        path = f"{roles}/{role}/targets/catalog/apps"
        done(admin.put(f"{path}/{target}"))
        shown += done(admin.get(path))
        done(admin.delete(f"{roles}/{role}"))
    return shown


SERVICES = "/integrations/api/v1/api-services"


def install(admin: httpx.Client, kind: str) -> Json:
    """An integration of this type, declared and installed."""
    scopes = ["okta.logs.read"]
    declared = {"type": kind, "name": "Reader", "scopes": scopes, "published": False}
    done(admin.post("/lab/integrations", json=declared))
    made: Json = done(admin.post(SERVICES, json={"type": kind, "grantedScopes": scopes}))
    return made


def installing(admin: httpx.Client) -> list[Json]:
    """What an installation answers, with the secret."""
    return [install(admin, "strict_reader")]


def installed(admin: httpx.Client) -> list[Json]:
    """What is installed."""
    install(admin, "strict_writer")
    return list(done(admin.get(SERVICES)))


def service_secrets(admin: httpx.Client) -> list[Json]:
    """The secrets of what is installed, one of them out of use."""
    path = f"{SERVICES}/{install(admin, 'strict_keeper')['id']}/credentials/secrets"
    first = done(admin.get(path))[0]["id"]
    done(admin.post(path))
    done(admin.post(f"{path}/{first}/lifecycle/deactivate"))
    return list(done(admin.get(path)))


SHOWN: tuple[tuple[str, Shown], ...] = (
    ("User", statuses),
    ("UserActivationToken", activation),
    ("ResetPasswordToken", reset_link),
    ("ForgotPasswordResponse", forgotten),
    ("UserCredentials", credentials),
    ("UserFactor", factors),
    ("UserFactorSupported", catalog),
    ("UserFactorSecurityQuestionProfile", questions),
    ("IamRole", custom_roles),
    ("Permission", permissions),
    ("ResourceSet", resource_sets),
    ("ResourceSetResource", resources),
    ("ListGroupAssignedRoles200ResponseInner", custom_assignments),
    ("Group", targets),
    ("CatalogApplication", app_targets),
    ("PostAPIServiceIntegrationInstance", installing),
    ("APIServiceIntegrationInstance", installed),
    ("APIServiceIntegrationInstanceSecret", service_secrets),
)
"""The SDK's model, and the documents that it must read."""


@pytest.mark.parametrize(("kind", "shown"), SHOWN)
def test_the_sdks_model_reads_all_of_it(
    strict_admin: httpx.Client, kind: str, shown: Shown
) -> None:
    documents = shown(strict_admin)

    assert documents
    assert lost(kind, documents) == set()
