"""Languages: Indonesian first, English beside it; amounts, dates and numbers as people write them.

Texts in the code are English message ids. Their Indonesian stands in `affiliate/core/translations/id/<room>.po`, one
file a room, read straight into memory: there is no compiled catalogue that could be stale.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel import numbers as cldr
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, Domain, format_date, format_datetime, get_locale, gettext, lazy_gettext, ngettext
from markupsafe import Markup

from affiliate.core.money import to_decimal

LANGUAGES = ("id", "en")
DEFAULT_ZONE = "Asia/Jakarta"
MINUS = "\u2212"
NO_BREAK = "\u00a0"

_ = gettext
_n = ngettext
_l = lazy_gettext

__all__ = ["_", "_l", "_n", "day_text", "format_money", "format_number", "init_app", "language", "moment_text"]

_CATALOGUES = Path(__file__).parent / "translations"


def merged_catalogue(code: str) -> Catalog:
    """All rooms' texts of one language as one catalogue."""
    merged = Catalog(locale=code)
    for path in sorted((_CATALOGUES / code).glob("*.po")):
        with path.open("rb") as handle:
            one = read_po(handle, locale=code)
        merged.mime_headers = one.mime_headers  # its Plural-Forms: Babel itself takes Indonesian to have two
        for message in one:
            if message.id and not message.fuzzy:
                merged.add(message.id, message.string, context=message.context)
    return merged


@cache
def _translations(code: str) -> Translations:
    buffer = BytesIO()
    write_mo(buffer, merged_catalogue(code))
    buffer.seek(0)
    return Translations(buffer)


class _PoDomain(Domain):
    def get_translations(self) -> Any:
        locale = get_locale()
        return _translations(locale.language if locale else "en")


class _PoBabel(Babel):
    domain_instance = _PoDomain()


def language() -> str:
    """The language of this request: as chosen, else the account's, else the browser's, else Indonesian."""
    if not has_request_context():
        return LANGUAGES[0]
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    actor = g.get("actor")
    if actor is not None and actor.locale in LANGUAGES:
        return str(actor.locale)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def format_money(minor: int, currency: str, *, locale: str | None = None) -> str:
    """An amount for people: Rp1.500.000, Rp1.500.000,50, US$12.50; negative with a true minus."""
    code = locale or str(get_locale() or LANGUAGES[0])
    value = to_decimal(abs(minor), currency)
    sign = MINUS if minor < 0 else ""
    if currency == "IDR":
        whole, _dot, part = value.partition(".")
        grouped = cldr.format_decimal(int(whole), locale="id")
        return f"{sign}Rp{grouped}" + (f",{part}" if part.strip("0") else "")
    return sign + cldr.format_currency(value, currency, locale=code)


def format_number(value: int | float, *, digits: int | None = None) -> str:
    """A count or measure with the language's separators."""
    code = str(get_locale() or LANGUAGES[0])
    text = cldr.format_decimal(value, format=None if digits is None else f"#,##0.{'0' * digits}", locale=code)
    return text.replace("-", MINUS)


def format_bps(bps: int) -> str:
    """Basis points as a percentage: 1250 -> 12,5 %."""
    code = str(get_locale() or LANGUAGES[0])
    return cldr.format_decimal(bps / 100, format="#,##0.##", locale=code) + NO_BREAK + "%"


def day_text(moment: datetime) -> str:
    """22 Nov 2026, in the reader's zone."""
    return format_date(moment, "d MMM y")


def moment_text(moment: datetime) -> str:
    """22 Nov 2026 14.30, in the reader's zone."""
    return format_datetime(moment, "d MMM y HH.mm" if language() == "id" else "d MMM y HH:mm")


def _money_html(minor: int, currency: str) -> Markup:
    css = "money money-negative" if minor < 0 else "money"
    return Markup('<span class="{}">{}</span>').format(css, format_money(minor, currency))


def _time_html(moment: datetime | None, *, day: bool = False) -> Markup:
    if moment is None:
        return Markup('<span class="muted">–</span>')
    text = day_text(moment) if day else moment_text(moment)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), text)


def _day_html(day: date) -> Markup:
    """A calendar day, which is the same in every zone."""
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), format_date(day, "d MMM y"))


def plain_text(html: str) -> str:
    """Text of a fragment, for places that take no markup."""
    return re.sub(r"<[^>]+>", "", html)


def init_app(app: Flask) -> None:
    """Choose the language per request and give templates their filters."""
    domain = _PoBabel.domain_instance
    _PoBabel(
        app,
        default_locale=LANGUAGES[0],
        default_timezone=DEFAULT_ZONE,
        locale_selector=language,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # Jinja fills in the placeholders itself, and escapes what goes into them; Flask-Babel's own would do it too early.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # set by the extension
        lambda text: domain.get_translations().ugettext(text),
        lambda one, many, number: domain.get_translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        money=_money_html,
        moment=_time_html,
        number=format_number,
        percent=format_bps,
        money_text=format_money,
        day=_day_html,
    )
    app.jinja_env.globals.update(language=language, languages=LANGUAGES, Locale=Locale)
