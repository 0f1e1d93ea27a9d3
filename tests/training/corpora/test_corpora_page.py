"""docs/corpora.md: whoever follows it makes files that every loader reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detector.training.corpora import comparison_pairs, loading
from detector.training.corpora.broad import documents
from detector.training.corpora.broad.licences import LICENCES_OF_FILES
from detector.training.recipes.shipped_settings import PROVENANCE, TRAINING_CORPORA

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")

#: What stands in a column where any word would not do.
VALUES: dict[str, Any] = {
    "position": 3,
    "unknown_words": 0.0,
    "test_set": "newstest2020",
    "marked_text": "The mayor <v>gave a call</v>.",
    "severity": "Major",
    "kind": "roundtrip",
    "level": "Adv-Txt",
    "article_id": "asap-p1-7",
    "pivot": "de",
}


def read_table() -> dict[str, tuple[list[str], str]]:
    """Columns and licence of each file, as the page lists them."""
    rows = re.findall(
        r"^\| `(\w+)\.parquet` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE
    )
    return {
        name: (re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", columns)), licence)
        for name, columns, licence in rows
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of two rows that have the page's columns and no other."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, (columns, _) in read_table().items():
        row = {column: VALUES.get(column, f"{column} of {name}") for column in columns}
        rows = [row, dict(row)]
        if name == "error_spans_zh_en":
            rows = [row | {"system": s} for s in ("Human-A.0", "Human-B.0", "an engine")]
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize(
    "load",
    [
        loading.load_roundtrip_news,
        loading.load_roundtrip_flores,
        loading.load_translated_news,
        loading.load_human_news,
        loading.load_error_spans,
        documents.load_machine_documents,
        documents.load_human_articles,
        documents.load_edited_articles,
        comparison_pairs.load_retranslations,
    ],
    ids=lambda load: load.__name__,
)
def test_the_columns_that_are_listed_are_enough(folder: Path, load: Callable[[Path], Any]) -> None:
    loaded = load(folder)
    frames = loaded.values() if isinstance(loaded, dict) else [loaded]
    for frame in frames:
        assert len(frame) > 0
        assert "split" in frame or load is documents.load_edited_articles


def test_every_file_that_is_read_is_listed_with_its_licence() -> None:
    listed = read_table()
    assert set(listed) == set(TRAINING_CORPORA)
    assert {name: licence for name, (_, licence) in listed.items()} == LICENCES_OF_FILES
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "detector" / "training" / "corpora").rglob("*.py")
    )
    assert set(re.findall(r'folder / "(\w+)\.parquet"', code)) <= set(listed)


def test_every_source_of_the_model_card_is_listed() -> None:
    named = set(re.findall(r"[\w.-]+/[\w.-]*[A-Za-z][\w.-]*", PROVENANCE))
    sources = {name for name in named if not name.startswith("sentence-transformers/")}
    assert len(sources) > 20
    assert [name for name in sorted(sources) if f"{name}" not in PAGE] == []
