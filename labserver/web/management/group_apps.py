"""`/groups/{id}/apps`: the apps that a group's members may use."""

from __future__ import annotations

from flask import Response
from sqlalchemy import select

from labserver.store.apps import App, AppGroup
from labserver.web.management.app_documents import document
from labserver.web.management.groups import ONE, the_group
from labserver.web.management.resources import page
from labserver.web.management.routes import management


@management.get(f"{ONE}/apps")
def list_group_apps(group_id: str) -> Response:
    """The apps that are assigned to the group."""
    row = the_group(group_id)
    statement = select(App).join(AppGroup, AppGroup.app_pk == App.pk)
    return page(statement.where(AppGroup.group_pk == row.pk), App, document)
