"""An index of a few articles in a crowd of made-up ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from articles import ARTICLES, make_crowd

from detector.references.index import ReferenceIndex


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> ReferenceIndex:
    index = ReferenceIndex.create(folder)
    index.add([*make_crowd(30), *ARTICLES])
    return index


@pytest.fixture
def often_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Posting lists are written every few documents."""
    monkeypatch.setattr("detector.references.writing._HELD_POSTINGS", 300)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block holds sixteen documents, in indexes that are made and searched from now on."""
    monkeypatch.setattr("detector.references.postings._PLACE_BITS", 4)
    for module in ("postings", "writing"):
        monkeypatch.setattr(f"detector.references.{module}.BLOCK_DOCUMENTS", 16)
