"""Browser files under addresses that change with their content: our own, packages' files and the font made from one.

A page says `asset('css/base.css')` and gets /assets/<mark>/css/base.css, which a browser may keep for ever. The font is
cut down from its package when it is first asked for; where that fails, pages show the system's own fonts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import subprocess
import sys
import threading
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, url_for
from werkzeug.security import safe_join

from affiliate.core.errors import NotFound

FOR_EVER = "public, max-age=31536000, immutable"
FONT = "inter.woff2"
FONT_FACES = "css/fonts.css"
FONT_SECONDS = 120
_FACE = (
    '@font-face{{font-family:"Inter";font-weight:400 700;font-style:normal;font-display:swap;'
    'src:url("{url}") format("woff2")}}\n'
)
_TYPES = {
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
}  # fmt: skip
# name: (package, path inside it)
_OF_PACKAGES = {
    "js/htmx.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "js/swagger-ui.js": ("flask_swagger_ui", "dist/swagger-ui-bundle.js"),
    "css/swagger-ui.css": ("flask_swagger_ui", "dist/swagger-ui.css"),
}
_FONT_SOURCE = ("fontpkg_inter", "files/Inter[opsz,wght].ttf")

_RECIPE = Path(__file__).with_name("fonts.py")
_ROOT = Path(__file__).parents[2]

log = logging.getLogger("etalase.assets")
bp = Blueprint("assets", __name__, url_prefix="/assets")
_font_lock = threading.Lock()


@bp.get("/<mark>/<path:name>")
def file(mark: str, name: str) -> Response:
    """One browser file; under a mark of the past it is the present file, which nobody may keep."""
    if name == FONT_FACES:
        answer = Response(font_faces(), mimetype="text/css")
    elif (path := font_file() if name == FONT else _path(name)) is not None:
        answer = Response(path.read_bytes(), mimetype=_TYPES.get(path.suffix, "application/octet-stream"))
    else:
        raise NotFound
    answer.headers["Cache-Control"] = FOR_EVER if mark == _mark(name) else "no-cache"
    return answer


def asset(name: str) -> str:
    """The address of a browser file, with a mark of its content."""
    return url_for("assets.file", mark=_mark(name) or "-", name=name)


def font_faces() -> str:
    """The style sheet that names the font; empty where its package is missing."""
    return _FACE.format(url=asset(FONT)) if _in_package(*_FONT_SOURCE) else ""


def font_file() -> Path | None:
    """Inter as WOFF2 with our letters, made once and kept in the data folder; None where it cannot be made."""
    kept: Path = current_app.config["ETALASE"].data_dir / "assets" / f"inter-{_font_mark()}.woff2"
    source = _in_package(*_FONT_SOURCE)
    if kept.is_file() or source is None:
        return kept if kept.is_file() else None
    with _font_lock:
        try:
            return kept if kept.is_file() else _make_font(source, kept)
        except (OSError, subprocess.SubprocessError):
            log.exception("font_not_made")
            return None


def _make_font(source: Path, kept: Path) -> Path:
    command = (sys.executable, "-m", "affiliate.core.fonts", str(source), str(kept))
    subprocess.run(command, cwd=_ROOT, check=True, timeout=FONT_SECONDS)  # noqa: S603  every word of it is our own
    return kept


def _path(name: str) -> Path | None:
    if name in _OF_PACKAGES:
        return _in_package(*_OF_PACKAGES[name])
    path = safe_join(str(current_app.static_folder), name)
    return Path(path) if path is not None and "\0" not in path and os.path.isfile(path) else None


@cache
def _in_package(package: str, inside: str) -> Path | None:
    """A file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    path = Path(found.origin).parent / inside if found and found.origin else None
    return path if path is not None and path.is_file() else None


def _mark(name: str) -> str:
    """Twelve characters that change with the file; empty where there is none."""
    if name == FONT:
        return _font_mark()
    if name == FONT_FACES:
        return _digest(font_faces().encode())
    path = _path(name)
    if path is None:
        return ""
    state = path.stat()
    return _mark_of_file(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _mark_of_file(path: Path, _changed: int, _size: int) -> str:
    return _digest(path.read_bytes())


@cache
def _font_mark() -> str:
    """Of the recipe and its source, so that the address is known before the font is made."""
    source = _in_package(*_FONT_SOURCE)
    return _digest(_RECIPE.read_bytes() + str(source.stat().st_size if source else 0).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["asset"] = asset
