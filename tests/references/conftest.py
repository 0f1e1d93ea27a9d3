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
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.references.segment_writing._SEGMENT_DOCUMENTS", 10)
