"""`flask db`: alembic with an engine of its own, safe on SQLite tables with rows and when two start at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import AppGroup

from affiliate.core.db import forget_session

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

commands = AppGroup("db", help="Migrate the database.")


def config(database_url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    made.attributes["database_url"] = database_url
    return made


def _config() -> Config:
    return config(current_app.config["SQLALCHEMY_DATABASE_URI"])


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database to a revision; a second caller waits for the first."""
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    command.downgrade(config(database_url), revision)


def is_current(session: Any) -> bool:
    """True when the database stands at the newest migration."""
    context = MigrationContext.configure(session.connection())
    return set(context.get_current_heads()) == set(ScriptDirectory(str(MIGRATIONS)).get_heads())


@commands.command("upgrade")
@click.argument("revision", default="head")
def upgrade_command(revision: str) -> None:
    """Migrate to REVISION (the newest by default)."""
    forget_session()
    command.upgrade(_config(), revision)


@commands.command("downgrade")
@click.argument("revision")
def downgrade_command(revision: str) -> None:
    """Go back to REVISION."""
    command.downgrade(_config(), revision)


@commands.command("revision")
@click.option("-m", "--message", required=True)
def revision_command(message: str) -> None:
    """Write a new migration from the difference between models and database."""
    command.revision(_config(), message, autogenerate=True)
