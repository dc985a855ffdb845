"""What every reader takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from affiliate.catalogue.models import Format
from affiliate.core.streams import Encoding

UTF8 = Encoding("utf-8")


class Refused(Exception):
    """The whole file cannot be used; `code` says why, `detail` holds plain values for the sentence and the page."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read. `columns`: our field -> the headings that may hold it, the best first."""

    format: Format
    encoding: Encoding = UTF8
    delimiter: str = ","
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shop_url: str = ""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: cells by our fields, and under which heading of the file each stands."""

    line: int
    cells: Mapping[str, str]
    headings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not even be taken apart."""

    line: int
    value: str
    code: str


@dataclass(frozen=True, slots=True)
class UnlistedRow:
    """A product that its shop does not sell now: a draft, unpublished, a gift card."""

    line: int


Row = RawRow | BrokenRow | UnlistedRow
