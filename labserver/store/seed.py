"""What an installation holds at its first start: the root org, its world, the admin's token."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from sqlalchemy import delete, select

from labserver.settings import Settings
from labserver.store.database import Database
from labserver.store.directory import ApiToken, User
from labserver.store.ledger import digest, save_api_token
from labserver.store.orgs import SubdomainTaken, create_org
from labserver.store.planting import ADMIN_LOGIN
from labserver.store.sweep import sweep_if_free
from labserver.store.world import load_world

TOKEN_NAME = "The lab's own"


def prepare(database: Database, settings: Settings) -> None:
    """The root org is there, the admin token of the settings opens it, and sweeping is planned.

    Raises `WorldError` when the world file is bad, also if no org is made now.
    """
    if settings.world is not None:
        load_world(settings.world)
    now = int(settings.clock())
    if database.find_org("", settings.base_url) is None:
        # Another process may make it at this very moment.
        with suppress(SubdomainTaken):
            create_org(
                database,
                settings,
                subdomain="",
                name="Grantlab",
                now=now,
                token=settings.admin_token,
            )
    _let_in(database, settings, now)
    database.log.every_hour(partial(sweep_if_free, database))


def _let_in(database: Database, settings: Settings, now: int) -> None:
    """The settings' token, and no earlier one, is the installation's own in the root org."""
    org = database.find_org("", settings.base_url)
    assert org is not None
    now += org.clock_offset
    with database.session(org) as session:
        admin = session.scalars(select(User).where(User.key == ADMIN_LOGIN)).one_or_none()
        if admin is None:
            return
        own = session.scalars(select(ApiToken).where(ApiToken.name == TOKEN_NAME)).all()
        if [token.hash for token in own] == [digest(settings.admin_token)]:
            # A start counts as a use: an installation at rest doesn't lock its owner out.
            own[0].last_used = now
        else:
            session.execute(delete(ApiToken).where(ApiToken.name == TOKEN_NAME))
            save_api_token(session, admin.id, TOKEN_NAME, now, settings.admin_token)
        session.commit()
