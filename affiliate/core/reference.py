"""The API's readable reference at /api/v1/docs: Swagger UI from its package over our own openapi.json."""

from __future__ import annotations

from flask import Blueprint, render_template

from affiliate.core.api import PREFIX

bp = Blueprint("reference", __name__)


@bp.get(f"{PREFIX}/docs")
def page() -> str:
    """The reference as a page; it draws itself from the description."""
    return render_template("core/reference.html")
