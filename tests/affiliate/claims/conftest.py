"""A community and a store with claims between them."""

from __future__ import annotations

import pytest

from tests.affiliate.claims.filed import Claims


@pytest.fixture
def claims(make) -> Claims:
    return Claims(make)
