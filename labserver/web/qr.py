"""The picture that an authenticator app reads: where it is, and who may see it."""

from __future__ import annotations

import hmac
from hashlib import sha256
from io import BytesIO

import pyotp
import segno
from flask import Blueprint, Response
from sqlalchemy import select

from labserver.store.directory import User
from labserver.store.factors import Factor
from labserver.web.context import current_context, installation
from labserver.web.errors import not_found
from labserver.web.management.resources import Json, url

qr = Blueprint("qr", __name__)


def qr_link(factor: Factor, user_id: str) -> Json:
    """The link to the picture of a factor that waits to be activated.

    A browser shows it without any credential, so the address itself cannot be guessed.
    """
    path = f"/api/v1/users/{user_id}/factors/{factor.id}/qr/{_token(factor)}"
    return {"href": url(path), "type": "image/png"}


@qr.get("/api/v1/users/<user_id>/factors/<factor_id>/qr/<token>")
def picture(user_id: str, factor_id: str, token: str) -> Response:
    """The factor's seed as a QR code, until the factor is active."""
    context = current_context()
    row = context.session.execute(
        select(Factor, User.login)
        .join(User, User.pk == Factor.user_pk)
        .where(
            Factor.id == factor_id,
            User.id == user_id,
            Factor.status == "PENDING_ACTIVATION",
            Factor.secret.is_not(None),
        )
    ).first()
    if row is None or not hmac.compare_digest(_token(row[0]).encode(), token.encode()):
        raise not_found(factor_id, "UserFactor")
    app = pyotp.TOTP(row[0].secret or "")
    image = BytesIO()
    address = app.provisioning_uri(name=row[1], issuer_name=context.org.name)
    segno.make(address, micro=False).save(image, kind="png", scale=5)
    return Response(image.getvalue(), mimetype="image/png", headers={"Cache-Control": "no-store"})


def _token(factor: Factor) -> str:
    _, database = installation()
    said = f"qr {factor.org_id} {factor.id} {factor.secret}"
    return hmac.new(bytes.fromhex(database.secret), said.encode(), sha256).hexdigest()
