"""What every page template may ask of the house: asset addresses, which rooms are open, where it stands itself."""

from __future__ import annotations

from flask import Flask, current_app, request

from affiliate.core import assets, charts
from affiliate.core.web import local_target


def has_endpoint(name: str) -> bool:
    """True when a page of this name is served here, so that the navigation leads nowhere else."""
    return name in current_app.view_functions


def here() -> str:
    """The address of this page for `next=`; the start page after anything but a plain GET."""
    if request.method != "GET":
        return "/"
    return local_target(request.full_path.rstrip("?"), "/")


def init_app(app: Flask) -> None:
    assets.init_app(app)
    app.jinja_env.globals.update(has_endpoint=has_endpoint, here=here, plot=charts.plot, shares=charts.shares)
