"""`flask --app app demo seed`."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from affiliate.core import clock
from payouts.demo.seed import seed

commands = AppGroup("demo", help="A believable month.")


@commands.command("seed")
def seed_command() -> None:
    """Fill the database with the demo; a second time changes nothing."""
    if current_app.config["ETALASE"].production:
        raise click.ClickException("The demo's passwords are known to everybody: it is not for production.")
    click.echo("The demo is ready." if seed(clock.now()) else "The demo was there already; nothing was changed.")
