"""Puts the server together: database, middleware, blueprints, errors."""

from __future__ import annotations

import logging
import os

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from labserver.patience import Larger
from labserver.settings import Settings
from labserver.store.database import Database, open_database
from labserver.store.seed import prepare
from labserver.store.snapshot_documents import LARGEST as LARGEST_SNAPSHOT
from labserver.web import context, cors, errors, negotiation, rates
from labserver.web.authn import authn
from labserver.web.discovery import discovery
from labserver.web.lab import lab
from labserver.web.lab_integrations import makers
from labserver.web.lab_preview import previewing
from labserver.web.lab_snapshots import snapshots
from labserver.web.management import management
from labserver.web.management.clients import clients
from labserver.web.management.routes import management_beside
from labserver.web.oauth import oauth
from labserver.web.org_prefix import OrgPrefix
from labserver.web.outbox import outbox
from labserver.web.pages import error_page, pages
from labserver.web.published import Published
from labserver.web.qr import qr
from labserver.web.sessions import sessions

LARGEST_BODY = 1 << 20
"""Bytes that a request's body may have."""


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """The server as a Flask application, its database opened and seeded.

    Raises `DatabaseUnusable` or `WorldError`.
    """
    if database is None:
        database = open_database(
            settings.database, make_key=settings.make_key, clock=settings.clock
        )
    prepare(database, settings)
    # The lab serves plain http on loopback by design; https is an option of its own.
    os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "true")
    # Authlib writes whole token responses to its debug log.
    logging.getLogger("authlib").setLevel(logging.INFO)
    app = Flask("labserver", static_folder=None)
    # Merging them would answer with a redirect, to whatever host the request names.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # our provider is Flask's default one
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        LARGER=(Larger("PUT", "/lab/snapshot", LARGEST_SNAPSHOT),),
        PROPAGATE_EXCEPTIONS=False,
    )
    errors.install(app, error_page)
    cors.install(app)
    negotiation.install(app)
    rates.install(app, settings)
    context.install(app, settings, database)
    for blueprint in (
        pages,
        authn,
        sessions,
        discovery,
        lab,
        makers,
        snapshots,
        previewing,
        outbox,
        qr,
        management,
        management_beside,
        clients,
    ):
        app.register_blueprint(blueprint)
    app.register_blueprint(oauth, url_prefix="/oauth2", name="org_oauth")
    app.register_blueprint(oauth, url_prefix="/oauth2/<server_id>")
    published = Published(app.wsgi_app, settings, database)
    app.wsgi_app = OrgPrefix(published, settings.url_prefix)  # type: ignore[method-assign]
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app
