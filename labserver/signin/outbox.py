"""The outbox: messages lie here for the lab's admin to read, and nothing is ever sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from labserver.store.factors import OutboxMessage

Channel = Literal["EMAIL", "SMS", "CALL"]

KEPT = 1000
"""Messages that an org keeps, the newest."""


def send(
    session: Session,
    *,
    user_id: str | None,
    channel: Channel,
    to: str,
    text: str,
    now: int,
    code: str | None = None,
    link: str | None = None,
) -> OutboxMessage:
    """The message lies in the org's outbox; the oldest ones beyond the bound are gone."""
    message = OutboxMessage(
        user_id=user_id, channel=channel, to=to, text=text, code=code, link=link, created=now
    )
    session.add(message)
    session.flush()
    pk = OutboxMessage.pk
    oldest = session.scalar(select(pk).order_by(pk.desc()).offset(KEPT - 1).limit(1))
    if oldest is not None:
        session.execute(delete(OutboxMessage).where(pk < oldest))
    return message


def messages(session: Session, user_id: str | None = None) -> Sequence[OutboxMessage]:
    """The messages, those to one user if asked, newest first."""
    statement = select(OutboxMessage).order_by(OutboxMessage.pk.desc())
    if user_id is not None:
        statement = statement.where(OutboxMessage.user_id == user_id)
    return session.scalars(statement).all()


def empty(session: Session, user_id: str | None = None) -> None:
    """No message is left; with a user, none to that user."""
    statement = delete(OutboxMessage)
    if user_id is not None:
        statement = statement.where(OutboxMessage.user_id == user_id)
    session.execute(statement)
