"""Google Merchant feeds in XML: RSS items and Atom entries, with or without the g: prefix.

Read in blocks; what was read is thrown away, so memory stays flat. No entity is resolved, nothing is fetched, and a
document type declaration is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from lxml import etree

from affiliate.catalogue.readers.google import FIELD_NAMES, name_of
from affiliate.catalogue.readers.rows import Layout, RawRow, Refused, Row
from affiliate.core.streams import BLOCK_BYTES

ITEM_MAX_BYTES = 4_000_000
_GOOGLE = "{http://base.google.com/ns/1.0}"
_ITEMS = ("{*}item", "{*}entry")
_BLANKS = b" \t\r\n"


def rows(handle: BinaryIO, layout: Layout) -> Iterator[Row]:
    """Raises Refused: broken_xml, doctype_refused, item_too_large."""
    parser = etree.XMLPullParser(
        events=("end",), tag=_ITEMS, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    silent = 0
    for block in _blocks(handle):
        _feed(parser, block)
        silent += len(block)
        for _event, item in parser.read_events():
            if item.getroottree().docinfo.doctype:
                raise Refused("doctype_refused")
            silent = 0
            yield _raw_row(item)
            _forget(item)
        if silent > ITEM_MAX_BYTES:
            raise Refused("item_too_large")
    _close(parser)


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    """The file in blocks, without the blank lines that some shops' programs write before the declaration."""
    block = handle.read(BLOCK_BYTES)
    if not block.startswith((b"\xff\xfe", b"\xfe\xff")):
        block = block.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANKS)
    while block:
        yield block
        block = handle.read(BLOCK_BYTES)


def _feed(parser: etree.XMLPullParser, block: bytes) -> None:
    try:
        parser.feed(block)
    except etree.XMLSyntaxError as error:
        raise _broken(error) from None


def _close(parser: etree.XMLPullParser) -> None:
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        undeclared_prefix_only = all(entry.domain == etree.ErrorDomains.NAMESPACE for entry in parser.feed_error_log)
        if not undeclared_prefix_only:
            raise _broken(error) from None


def _broken(error: etree.XMLSyntaxError) -> Refused:
    return Refused("broken_xml", line=error.lineno or 1)


def _raw_row(item: etree._Element) -> RawRow:
    texts: dict[str, tuple[str, str]] = {}  # name -> (text, heading)
    for child in item:
        if not isinstance(child.tag, str):
            continue  # a comment
        name, heading, google = _named(child.tag)
        text = child.text if not len(child) else "".join(str(part) for part in child.itertext())
        text = text or child.get("href") or ""
        if (google or name not in texts) and text and not text.isspace():
            texts[name] = (text, heading)
    cells: dict[str, str] = {}
    headings: dict[str, str] = {}
    for field, names in FIELD_NAMES.items():
        for name in names:
            if name in texts:
                cells[field], headings[field] = texts[name]
                break
        else:
            cells[field], headings[field] = "", names[0]
    return RawRow(item.sourceline or 0, cells, headings)


@lru_cache(maxsize=512)
def _named(tag: str) -> tuple[str, str, bool]:
    """(the specification's name, the heading for a person, whether the tag is Google's own) of an element's tag."""
    local = tag.rpartition("}")[2]  # still "g:id" where the feed forgot to declare the prefix
    name = name_of(local)
    google = tag.startswith(_GOOGLE) or local.startswith("g:")
    return name, f"g:{name}" if google else name, google


def _forget(item: etree._Element) -> None:
    """Free an item and whatever stood before it, on every level."""
    item.clear()
    for element in (item, *item.iterancestors()):
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
