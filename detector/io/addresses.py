"""Addresses of pages, which others wrote."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def split_address(address: str | None) -> SplitResult | None:
    """The parts of an address; None where that is none, such as ``http://[x/``."""
    try:
        return urlsplit(address or "")
    except ValueError:
        return None
