"""Slots: a page leaves a named place, a room above fills it, neither imports the other. `app.py` hangs them in.

The same way a page tells what it did, and another room listens: `tell` and `listen`.

A panel is `panel(actor, subject) -> Markup | None`, made by `rendered(…)`; a bare string is escaped.
One that fails leaves its place empty and a line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, render_template
from markupsafe import Markup, escape

Panel = Callable[[Any, Any], Any]
Listener = Callable[..., None]
_KEY = "etalase_slots"
_LISTENERS = "etalase_listeners"
log = logging.getLogger("etalase.slots")


def fill(app: Flask, slot: str, panel: Panel) -> None:
    """Hang a panel into a slot; several panels stand in the order they were hung."""
    app.extensions.setdefault(_KEY, {}).setdefault(slot, []).append(panel)


def rendered(template: str, **context: Any) -> Markup:
    """A template as a panel's answer."""
    return Markup(render_template(template, **context))  # noqa: S704  templates escape what they are given


def render(slot: str, subject: Any = None) -> Markup:
    """All panels of a slot, for the person who looks."""
    parts = []
    for panel in current_app.extensions.get(_KEY, {}).get(slot, []):
        try:
            part = panel(g.get("actor"), subject)
        except Exception:
            log.exception("panel_failed", extra={"slot": slot})
            continue
        if part:
            parts.append(escape(part))
    return Markup("\n").join(parts)


def listen(app: Flask, happening: str, listener: Listener) -> None:
    """Have `listener(**facts)` called whenever a page tells of this happening."""
    app.extensions.setdefault(_LISTENERS, {}).setdefault(happening, []).append(listener)


def tell(happening: str, **facts: Any) -> None:
    """Tell whoever listens. A listener that fails leaves a line in the log; the page stands."""
    for listener in current_app.extensions.get(_LISTENERS, {}).get(happening, []):
        try:
            listener(**facts)
        except Exception:
            log.exception("listener_failed", extra={"happening": happening})


def init_app(app: Flask) -> None:
    app.jinja_env.globals["slot"] = render
