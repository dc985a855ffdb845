"""What a delivered file is, by its content and never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from affiliate.catalogue.models import Format
from affiliate.catalogue.readers import google, mapping, shopify_csv
from affiliate.catalogue.readers.rows import Layout, Refused
from affiliate.catalogue.rules import one_line
from affiliate.core.records import headings_of, records
from affiliate.core.streams import Encoding, delimiter_of, encoding_of, head_text, text_lines

PREVIEW_ROWS = 3
SAMPLE_ROWS = 50
COLUMNS_MAX = 500
CELL_SHOWN = 80

_FEED_ROOTS = frozenset({"rss", "feed", "channel", "rdf"})
_HTML = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_NOT_ROOT = re.compile(r"<\?.*?\?>|<!--.*?-->", re.DOTALL)

Remembered = Callable[[Sequence[str]], Mapping[str, str] | None]  # headings -> the mapping a person once saved


@dataclass(frozen=True, slots=True)
class Recognised:
    """How to read a file, and for a table its headings, first rows and mapping as the page shows them."""

    layout: Layout
    headings: tuple[str, ...] = ()
    samples: tuple[tuple[str, ...], ...] = ()
    mapping: Mapping[str, str] | None = None


def recognise(
    path: Path, *, wanted: Format | None, given: Mapping[str, str], remembered: Remembered, shop_url: str
) -> Recognised:
    """Raises Refused with the reason why this is no catalogue, or with mapping_needed.

    `wanted` is the format the sender named, `given` the mapping sent along; a remembered mapping comes after it.
    """
    if path.stat().st_size == 0:
        raise Refused("empty_file")
    encoding = encoding_of(path)
    if encoding is None:
        raise Refused("not_text")
    head = head_text(path, encoding).lstrip()
    if not head:
        raise Refused("empty_file")
    if head.startswith("<"):
        return Recognised(_xml(head, wanted))
    return _table(path, encoding, head, wanted, given, remembered, shop_url)


def _xml(head: str, wanted: Format | None) -> Layout:
    bare = _NOT_ROOT.sub("", head)
    if _HTML.match(bare.lstrip()):
        raise Refused("html_page")
    if _DOCTYPE.match(bare.lstrip()):
        raise Refused("doctype_refused")
    root = _ROOT.search(bare)
    if root is None or root.group(2).lower() not in _FEED_ROOTS:
        raise Refused("unknown_xml", root=root.group(2)[:CELL_SHOWN] if root else "")
    if wanted not in (None, Format.GOOGLE_XML):
        raise Refused("other_format", found=Format.GOOGLE_XML)
    return Layout(Format.GOOGLE_XML)


def _table(
    path: Path,
    encoding: Encoding,
    head: str,
    wanted: Format | None,
    given: Mapping[str, str],
    remembered: Remembered,
    shop_url: str,
) -> Recognised:
    delimiter = delimiter_of(head)
    headings, sample = _first_rows(path, encoding, delimiter)
    shown = tuple(tuple(one_line(cell)[:CELL_SHOWN] for cell in row) for row in sample[:PREVIEW_ROWS])
    found = Recognised(Layout(Format.PLAIN_CSV, encoding, delimiter, {}, shop_url), tuple(headings), shown)
    kind = _kind(headings, delimiter, wanted)
    if kind is Format.PLAIN_CSV:
        return _plain(found, sample, given or remembered(headings) or {})
    columns = google.columns_of(headings) or {} if kind is not Format.SHOPIFY_CSV else {}
    return Recognised(Layout(kind, encoding, delimiter, columns, shop_url), found.headings, shown)


def _first_rows(path: Path, encoding: Encoding, delimiter: str) -> tuple[list[str], list[Sequence[str]]]:
    with path.open("rb") as handle:
        first = list(islice(records(text_lines(handle, encoding), delimiter), SAMPLE_ROWS + 1))
    if not first or first[0].broken or not 2 <= len(first[0].cells) <= COLUMNS_MAX:
        raise Refused("not_a_table")
    if len(first) == 1:
        raise Refused("no_rows")
    return headings_of(first[0]), [record.cells for record in first[1:]]


def _kind(headings: Sequence[str], delimiter: str, wanted: Format | None) -> Format:
    if wanted is Format.PLAIN_CSV:
        return wanted
    kind = Format.PLAIN_CSV
    if shopify_csv.columns_known(headings):
        kind = Format.SHOPIFY_CSV
    elif google.columns_of(headings):
        kind = Format.GOOGLE_TSV if delimiter == "\t" else Format.GOOGLE_CSV
    google_either = {kind, wanted} <= {Format.GOOGLE_TSV, Format.GOOGLE_CSV}
    if wanted not in (None, kind) and not google_either:
        raise Refused("other_format", found=kind)
    return kind


def _plain(found: Recognised, sample: Sequence[Sequence[str]], chosen: Mapping[str, str]) -> Recognised:
    """A plain table by its mapping: the one sent or saved, else the one we propose."""
    proposal = mapping.propose(found.headings, sample)
    if not chosen and not proposal.possible:
        raise Refused("unknown_columns", headings=", ".join(found.headings)[:500])
    used = {field: heading for field, heading in (chosen or proposal.mapping).items() if heading in found.headings}
    missing = mapping.missing(used)
    if missing or (not chosen and proposal.guessed):
        raise Refused(
            "mapping_needed",
            headings=list(found.headings),
            samples=[list(row) for row in found.samples],
            proposed=used,
            missing=missing,
        )
    columns = {field: (heading,) for field, heading in used.items()}
    layout = Layout(Format.PLAIN_CSV, found.layout.encoding, found.layout.delimiter, columns, found.layout.shop_url)
    return Recognised(layout, found.headings, found.samples, used)
