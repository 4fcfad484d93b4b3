"""The documents of factors: what a caller may say, and what the API shows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from labserver.signin.factors import CHANNELS, PROVIDERS, TIME_STEP
from labserver.store.directory import User
from labserver.store.factors import Factor
from labserver.web.management.documents import Document
from labserver.web.management.resources import Json, link, timestamp
from labserver.web.qr import qr_link

Short = Annotated[str, Field(max_length=100)]


class NewFactor(Document):
    """A factor to enrol."""

    factor_type: Short
    provider: Short = "OKTA"
    profile: dict[str, Any] = {}


class PassCode(Document):
    """The first code of a factor."""

    pass_code: Annotated[str, Field(min_length=1, max_length=20)]


class Proof(Document):
    """An answer, or a code; neither asks for a code."""

    answer: Annotated[str, Field(max_length=200)] | None = None
    pass_code: Annotated[str, Field(max_length=20)] | None = None


def path_of(row: Factor, user: User) -> str:
    """The factor's path below the org."""
    return f"/api/v1/users/{user.id}/factors/{row.id}"


def document(row: Factor, user: User, *, enrolling: bool = False) -> Json:
    """The factor as the API shows it; the seed of a code app only while it is `enrolling`."""
    path = path_of(row, user)
    shown: Json = {
        "id": row.id,
        "factorType": row.factor_type,
        "provider": row.provider,
        "vendorName": row.provider,
        "status": row.status,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "profile": row.profile,
        "_links": {"self": link(path, "GET", "DELETE"), "user": link(f"/api/v1/users/{user.id}")},
    }
    links = shown["_links"]
    if row.status == "ACTIVE":
        links["verify"] = link(f"{path}/verify", "POST")
    else:
        links["activate"] = link(f"{path}/lifecycle/activate", "POST")
    if row.factor_type in CHANNELS:
        links["resend"] = link(f"{path}/resend", "POST")
    if row.factor_type == "question":
        links["question"] = link(f"/api/v1/users/{user.id}/factors/questions")
    if enrolling and row.status != "ACTIVE" and row.secret:
        shown["_embedded"] = {"activation": activation(row, user)}
    return shown


def activation(row: Factor, user: User) -> Json:
    """What an authenticator app must know to show the factor's codes."""
    return {
        "timeStep": TIME_STEP,
        "sharedSecret": row.secret,
        "encoding": "base32",
        "keyLength": 6,
        "_links": {"qrcode": qr_link(row, user.id)},
    }


def catalog(rows: list[Factor], user: User, required: frozenset[str]) -> list[Json]:
    """Every factor that there is, and whether the user has it; `required` by the org's policy."""
    held = {(row.factor_type, row.provider): row.status for row in rows}
    path = f"/api/v1/users/{user.id}/factors"
    shown = []
    for factor_type, providers in PROVIDERS.items():
        links = {"enroll": link(path, "POST")}
        if factor_type == "question":
            links["question"] = link(f"{path}/questions")
        shown += [
            {
                "factorType": factor_type,
                "provider": provider,
                "vendorName": provider,
                "status": held.get((factor_type, provider), "NOT_SETUP"),
                "enrollment": "REQUIRED" if factor_type in required else "OPTIONAL",
                "_links": links,
            }
            for provider in providers
        ]
    return shown
