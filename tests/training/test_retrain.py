"""Retraining on a user's pairs, from the file to a model that loads and scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from detector import Detector
from detector.training.retrain import PairsError, make_documents, read_pairs, train_on_pairs

ROOT = Path(__file__).parent.parent.parent
PAIRS = ROOT / "data" / "pairs.csv"


def write(path: Path, **columns: list[str | None]) -> Path:
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"original": ["A."]}, "has no column 'text'"),
        ({"original": ["A.", "B."], "text": ["C.", None]}, "row 3: text is empty"),
        ({"original": ["A.", " "], "text": ["C.", "D."]}, "row 3: original is empty"),
        ({"original": ["A."], "text": ["A."]}, "row 2: original and text are the same"),
        ({"original": ["A."], "text": ["B."], "kind": ["edited"]}, "row 2: kind is none of"),
    ],
)
def test_bad_pairs_are_named(
    tmp_path: Path, columns: dict[str, list[str | None]], message: str
) -> None:
    with pytest.raises(PairsError, match=message):
        read_pairs([write(tmp_path / "pairs.csv", **columns)])


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"missing\.csv: cannot be read"):
        read_pairs([tmp_path / "missing.csv"])
    with pytest.raises(PairsError, match=r"give pairs as \.csv or \.parquet"):
        read_pairs([tmp_path / "pairs.xlsx"])


def test_parquet_and_csv_read_alike(tmp_path: Path) -> None:
    frame = pd.read_csv(PAIRS)
    frame.to_parquet(tmp_path / "pairs.parquet")
    frame.to_csv(tmp_path / "pairs.csv", index=False)
    one, other = (read_pairs([tmp_path / f"pairs.{form}"]) for form in ("csv", "parquet"))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_documents_are_each_original_once_and_each_version() -> None:
    documents = make_documents(read_pairs([PAIRS]), "mine")
    assert (documents["label"] == "original").sum() == 12
    assert len(documents) == 12 + 48


def test_versions_of_an_original_are_documents_of_their_own(tmp_path: Path) -> None:
    path = write(
        tmp_path / "v.csv", original=["A one.", "A one.", "B two."], text=["V1.", "V2.", "W1."]
    )
    documents = make_documents(read_pairs([path]), "mine")
    machine = documents[documents["label"] == "translated"]
    assert sorted(machine["text"]) == ["V1.", "V2.", "W1."]


def test_rows_without_an_article_id_are_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "original": ["A one.", "B two.", "C three."],
            "text": ["V.", "W.", "X."],
            "article_id": [None, 1, 1],
        }
    )
    frame.to_csv(tmp_path / "ids.csv", index=False)
    pairs = read_pairs([tmp_path / "ids.csv"])
    assert pairs["article_id"].notna().all()
    assert pairs["article_id"].str.endswith("/1").tolist() == [False, True, True]
    assert len(make_documents(pairs, "mine")) == 2 + 2


def test_too_few_articles_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "few.csv", original=["A b c."], text=["D e f."])
    with pytest.raises(PairsError, match="1 articles are too few"):
        train_on_pairs([path], ROOT / "models" / "default", tmp_path / "model", 1)
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_retrained_model_loads_and_scores(tmp_path: Path) -> None:
    bundle = train_on_pairs([PAIRS], ROOT / "models" / "default", tmp_path / "mine", 1)
    assert bundle.manifest.corpora["pairs.csv"]["rows"] == 48
    verdict = Detector.load(tmp_path / "mine").score(pd.read_csv(PAIRS)["text"][0])
    assert verdict.probability is not None
    assert "mine@" in verdict.signature
