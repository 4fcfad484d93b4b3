"""The JSON documents of a sign-in on its way (Okta: authentication transaction object)."""

from __future__ import annotations

from typing import Any

from labserver.domain import authn
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import factors
from labserver.signin.factor_facts import TOTP
from labserver.signin.transactions import DAY, Transaction, progress_of, row_of
from labserver.store import ledger, loaders
from labserver.store.factors import Factor
from labserver.web.management.resources import Json, link, timestamp

_RECOVERY_TYPES = {"password": "PASSWORD", "unlock": "ACCOUNT_UNLOCK"}
_CHALLENGED = ("MFA_CHALLENGE", "MFA_ENROLL_ACTIVATE")
_WITH_POLICY = ("PASSWORD_WARN", "PASSWORD_EXPIRED", "PASSWORD_RESET")


def document(context: Context, transaction: Transaction) -> Json:
    """The transaction as it stands; at SUCCESS with a session token that was made for it."""
    found: Json = {}
    if transaction.token:
        found["stateToken"] = transaction.token
    if transaction.status != "UNAUTHENTICATED":
        found["expiresAt"] = timestamp(transaction.expires)
    found["status"] = transaction.status
    found |= _recovery(transaction)
    if transaction.memory.relay_state is not None:
        found["relayState"] = transaction.memory.relay_state
    if transaction.status == "SUCCESS":
        found |= _success(context, transaction)
    # Whoever only has a code to show is told nothing of the person.
    if transaction.status not in ("RECOVERY_CHALLENGE", "UNAUTHENTICATED"):
        found["_embedded"] = _embedded(context, transaction)
    if links := _links(context, transaction):
        found["_links"] = links
    return found


def mail_is_on_its_way(transaction: Transaction) -> Json:
    """What everybody hears who asks for a mail, whether one was sent or not."""
    found: Json = {"status": "RECOVERY_CHALLENGE", "factorResult": "WAITING"}
    if transaction.memory.relay_state is not None:
        found["relayState"] = transaction.memory.relay_state
    return found | _recovery(transaction)


def locked_out() -> Json:
    """That the account is locked, where the org lets people know."""
    return {
        "status": "LOCKED_OUT",
        "_embedded": {},
        "_links": _rendered(authn.links("LOCKED_OUT")),
    }


def _success(context: Context, transaction: Transaction) -> Json:
    if transaction.memory.purpose == "unlock":
        # An unlocked account is not a sign-in: the password comes next.
        return {}
    user, lifetime = transaction.user, context.settings.lifetime_session_token
    assert user is not None
    value = ledger.save_session_token(
        context.session, user.id, amr=transaction.amr, now=context.now, lifetime=lifetime
    )
    return {"expiresAt": timestamp(context.now + lifetime), "sessionToken": value}


def _recovery(transaction: Transaction) -> Json:
    memory, found = transaction.memory, {}
    if transaction.recovery_token is not None:
        found["recoveryToken"] = transaction.recovery_token
    if memory.channel is not None:
        found["factorType"] = memory.channel.upper()
    if memory.purpose in _RECOVERY_TYPES:
        found["recoveryType"] = _RECOVERY_TYPES[memory.purpose]
    return found


def _embedded(context: Context, transaction: Transaction) -> Json:
    user, status = transaction.user, transaction.status
    assert user is not None
    found: Json = {"user": _user(context, user, with_question=status == "RECOVERY")}
    if status == "MFA_REQUIRED":
        held = factors.enrolled(context.session, user.id)
        found["factors"] = [_verifiable(row) for row in held if row.status == "ACTIVE"]
        found["policy"] = _remembering(context, user)
    if status == "MFA_ENROLL":
        progress = progress_of(context.session, transaction, context.now)
        found["factors"] = [
            _enrollable(user, kind, provider, mode)
            for kind, mode in authn.enrollable(progress)
            for provider in factors.PROVIDERS[kind]
        ]
    if status in _CHALLENGED:
        found["factor"] = _at_work(_factor_of(context, transaction))
    if status in _WITH_POLICY:
        found["policy"] = _password_policy(context, transaction, user)
    return found


def _user(context: Context, user: User, *, with_question: bool) -> Json:
    row = row_of(context.session, user)
    found: Json = {
        "id": user.id,
        "passwordChanged": timestamp(row.password_changed),
        "profile": {
            "login": user.login,
            "firstName": user.profile.get("firstName"),
            "lastName": user.profile.get("lastName"),
            "locale": user.profile.get("locale") or "en_US",
            "timeZone": user.profile.get("timezone") or "America/Los_Angeles",
        },
    }
    if with_question and row.recovery_question:
        found["recovery_question"] = {"question": row.recovery_question}
    return found


def _factor(row: Factor) -> Json:
    return {
        "id": row.id,
        "factorType": row.factor_type,
        "provider": row.provider,
        "vendorName": row.provider,
        "profile": dict(row.profile),
    }


def _verifiable(row: Factor) -> Json:
    """A factor that may be shown. Where a code goes is hinted at: nobody has proven it yet."""
    path = authn.PATHS["verify"].format(factor_id=row.id)
    return _hinted(_factor(row)) | {"_links": {"verify": link(path, "POST")}}


def _at_work(row: Factor) -> Json:
    found = _factor(row)
    if row.status == "ACTIVE":
        return _hinted(found)
    if row.factor_type == TOTP:
        activation = {
            "timeStep": factors.TIME_STEP,
            "sharedSecret": row.secret,
            "encoding": "base32",
            "keyLength": 6,
        }
        found["_embedded"] = {"activation": activation}
    return found


def _hinted(found: Json) -> Json:
    profile = found["profile"]
    if "phoneNumber" in profile:
        digits = profile["phoneNumber"]
        profile["phoneNumber"] = f"{digits[:2]} XXXX-{digits[-4:]}"
    if "email" in profile:
        name, _, domain = profile["email"].partition("@")
        profile["email"] = f"{name[:1]}...{name[-1:]}@{domain}"
    return found


def _enrollable(user: User, kind: str, provider: str, mode: str) -> Json:
    links = {"enroll": link(authn.PATHS["enroll"], "POST")}
    if kind == "question":
        links["questions"] = link(f"/api/v1/users/{user.id}/factors/questions")
    return {
        "factorType": kind,
        "provider": provider,
        "vendorName": provider,
        "status": "NOT_SETUP",
        "enrollment": mode,
        "_links": links,
    }


def _remembering(context: Context, user: User) -> Json:
    rules = loaders.load_sign_in_rules(context.session, user)
    allowed = rules.factor_prompt_mode != "ALWAYS"
    return {
        "allowRememberDevice": allowed,
        "rememberDeviceLifetimeInMinutes": rules.factor_lifetime_minutes if allowed else 0,
        "rememberDeviceByDefault": allowed and rules.remember_device_by_default,
    }


def _password_policy(context: Context, transaction: Transaction, user: User) -> Json:
    rules = loaders.load_sign_in_rules(context.session, user)
    found: Json = {
        "complexity": {
            "minLength": rules.min_length,
            "minLowerCase": rules.min_lower_case,
            "minUpperCase": rules.min_upper_case,
            "minNumber": rules.min_number,
            "minSymbol": rules.min_symbol,
            "excludeUsername": rules.exclude_username,
        }
    }
    ends = transaction.memory.password_ends
    if ends is not None:
        found["expiration"] = {"passwordExpireDays": max(0, (ends - context.now) // DAY)}
    return found


def _links(context: Context, transaction: Transaction) -> Json:
    memory, factor = transaction.memory, None
    if transaction.status in _CHALLENGED:
        row = _factor_of(context, transaction)
        factor = authn.Factor(row.id, row.factor_type)
    elif memory.channel is not None:
        factor = authn.Factor("", memory.channel)
    if transaction.recovery_token is not None:
        path = authn.PATHS["accept recovery token"]
        return {"next": {"name": "recovery"} | link(path, "POST")}
    skippable = transaction.status == "MFA_ENROLL" and authn.is_skippable(
        progress_of(context.session, transaction, context.now)
    )
    return _rendered(authn.links(transaction.status, factor, skippable=skippable))


def _rendered(found: tuple[authn.Link, ...]) -> Json:
    links: dict[str, Any] = {}
    for each in found:
        shown = ({"name": each.name} if each.name else {}) | link(each.path, "POST")
        if each.relation == "resend":
            links.setdefault("resend", []).append(shown)
        else:
            links[each.relation] = shown
    return links


def _factor_of(context: Context, transaction: Transaction) -> Factor:
    """The factor that is activated or asked; it was found a moment ago."""
    user = transaction.user
    assert user is not None
    rows = factors.enrolled(context.session, user.id)
    return next(row for row in rows if row.id == transaction.memory.factor)
