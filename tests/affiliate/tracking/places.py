"""A folder with a migrated SQLite database and one link in it, for servers that run as processes of their own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import migrate
from affiliate.core.settings import KNOWN, from_env
from tests import factories
from tests.browser.server import free_port


@dataclass(slots=True)
class Place:
    """Where the server of one test lives, and the code of the link it knows."""

    folder: Path
    port: int = field(default_factory=free_port)
    code: str = ""
    link_id: int = 0

    @property
    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in KNOWN}
        return clean | {"DATA_DIR": str(self.folder), "PORT": str(self.port), "WEB_THREADS": "8"}


def prepared(folder: Path) -> Place:
    """A place with one link to a product of the store on toko.test."""
    made = Place(folder)
    settings = from_env(made.env)
    migrate.upgrade(settings.database_url)
    engine = sa.create_engine(settings.database_url)
    with Session(engine) as session, session.begin():
        make = factories.Make(session)
        link = make.link(make.community(), make.product(make.merchant(slug="toko")))
        made.code, made.link_id = link.code, link.id
    engine.dispose()
    return made
