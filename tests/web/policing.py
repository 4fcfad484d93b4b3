"""How tests read and change the org's own policies."""

from __future__ import annotations

from typing import Any

import httpx

from tests.speaking import done

POLICIES = "/api/v1/policies"


def policy_of(admin: httpx.Client, type: str) -> dict[str, Any]:
    """The one policy of this type."""
    (found,) = done(admin.get(POLICIES, params={"type": type}))
    assert isinstance(found, dict)
    return found


def rule_of(admin: httpx.Client, type: str) -> tuple[str, dict[str, Any]]:
    """The path and the document of the policy's one rule."""
    path = f"{POLICIES}/{policy_of(admin, type)['id']}/rules"
    (found,) = done(admin.get(path))
    return f"{path}/{found['id']}", found


def set_password_policy(admin: httpx.Client, part: str, **members: Any) -> None:
    """One part of the password settings has these members."""
    policy = policy_of(admin, "PASSWORD")
    policy["settings"]["password"][part] |= members
    done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))


def require_factor(admin: httpx.Client) -> None:
    """The password alone is not enough any more."""
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    rule["actions"]["signon"] |= {"requireFactor": True, "factorPromptMode": "ALWAYS"}
    done(admin.put(path, json=rule))


def let_enroll(admin: httpx.Client, factor: str, word: str = "REQUIRED") -> None:
    """A sign-in says this to the factor, by its name in the policy."""
    policy = policy_of(admin, "MFA_ENROLL")
    policy["settings"]["factors"][factor]["enroll"]["self"] = word
    done(admin.put(f"{POLICIES}/{policy['id']}", json=policy))
