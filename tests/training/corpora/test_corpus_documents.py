"""Documents are put together from pairs, spun whole, cropped and thinned out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tiny_lists import write_wordnet

from detector.training.corpora.documents import (
    DOCUMENT_COLUMNS,
    join_sentences,
    load_news_documents,
    make_parallel_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.corpora.splits import hash_fraction
from detector.training.generation.synonym_lists import SynonymLists

SENTENCES = [
    "The harbour opened again on Monday.",
    "Fishermen had waited for days in the cafe.",
    "The council will pay for repairs.",
    "By noon the first boats were back.",
    "Nobody can remember a spring as cold.",
    "Few expect the summer to be better.",
]


SYNSETS = {"noun": [["harbour", "haven"], ["council", "board"], ["boat", "vessel"]]}
COUNTS = dict.fromkeys(["harbour%1", "council%1", "boat%1"], 3)


def pair_frame() -> pd.DataFrame:
    rows = [
        {
            "article_id": article,
            "position": position,
            "original": f"{article} person {position}.",
            "text": f"{article} {pivot} {position}.",
            "pivot": pivot,
            "system": "opus",
            "split": "dev",
            "held_out": pivot == "es",
        }
        for article, size in (("long", 5), ("short", 2))
        for position in range(size)
        for pivot in ("de", "es")
    ]
    return pd.DataFrame(rows).sample(frac=1.0, random_state=3)


# --------------------------------------------------------------------------------------
# From pairs
# --------------------------------------------------------------------------------------


def test_sentences_are_joined_in_order_each_once() -> None:
    documents = join_sentences(pair_frame(), "original", ["article_id"], minimum=1)
    texts = documents.set_index("article_id")["text"]
    assert texts["long"] == "\n".join(f"long person {i}." for i in range(5))
    assert texts["short"] == "short person 0.\nshort person 1."


def test_articles_of_too_few_sentences_are_left_out() -> None:
    documents = join_sentences(pair_frame(), "text", ["article_id", "pivot"])
    assert documents[["article_id", "pivot"]].to_numpy().tolist() == [
        ["long", "de"],
        ["long", "es"],
    ]
    assert documents["text"].iloc[1] == "\n".join(f"long es {i}." for i in range(5))
    assert documents.index.tolist() == [0, 1]


def test_parallel_documents_have_one_original_and_each_version() -> None:
    documents = make_parallel_documents(pair_frame(), "news")
    rows = documents[["label", "pivot", "system", "held_out"]].to_numpy().tolist()
    assert rows == [
        ["original", "", "", False],
        ["translated", "de", "opus", False],
        ["translated", "es", "opus", True],
    ]
    assert set(documents["group"]) == {"news"}
    assert set(DOCUMENT_COLUMNS) == set(documents.columns)


def test_loaded_documents_leave_training_articles_out(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    engine: dict[str, Any] = {"pivot": "de", "system": "opus"}
    news = [
        engine
        | {"article_id": f"n{a}", "position": p, "original": f"P {a} {p}.", "text": f"M {p}."}
        for a in range(40)
        for p in range(4)
    ]
    flores = [
        engine | {"position": p, "original": f"F {p}.", "text": f"G {p}."} for p in range(997)
    ]
    translated = [
        {"test_set": t, "position": p, "human": f"H {t} {p}.", "text": f"T {t} {p}."}
        | {"language": "cs", "system": "online"}
        for t in ("wmt09", "wmt10", "wmt15")
        for p in range(40)
    ]
    human = [
        {"corpus": c, "article_id": f"{i}", "text": f"Boats {i} sail."}
        for c in ("bbc-2004", "gazette")
        for i in range(50)
    ]
    for name, rows in (
        ("roundtrip_news", news),
        ("roundtrip_flores_dev", flores),
        ("translated_news", translated),
        ("human_news", human),
    ):
        pd.DataFrame(rows).to_parquet(tmp_path / f"{name}.parquet")
    documents = load_news_documents(tmp_path)
    assert tuple(documents.columns) == DOCUMENT_COLUMNS
    assert set(documents["split"]) == {"dev", "test"}
    assert not documents.isna().to_numpy().any()
    assert not documents["text"].str.contains("wmt09").any()
    outlets = documents["group"].value_counts()
    assert outlets["gazette"] == 50
    assert 20 < outlets["bbc-2004"] < 40
    news_sides = documents[documents["group"] == "roundtrip_news"]
    assert (news_sides.groupby("article_id")["split"].nunique() == 1).all()
    assert (news_sides.groupby("article_id")["label"].nunique() == 2).all()


# --------------------------------------------------------------------------------------
# Spun
# --------------------------------------------------------------------------------------


def originals(count: int = 12) -> pd.DataFrame:
    rows = [
        {
            "text": f"The harbour opened again, and the council counted {i} boats.",
            "label": "original",
            "group": f"outlet {i % 2}",
            "article_id": f"article-{i}",
            "pivot": "",
            "system": "",
            "rate": 0.0,
            "split": "dev",
            "held_out": False,
        }
        for i in range(count)
    ]
    return pd.DataFrame(rows, index=range(100, 100 + count))


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> SynonymLists:
    """A list of three words, enough to see what was swapped and what was not."""
    return SynonymLists(write_wordnet(tmp_path_factory.mktemp("wordnet"), SYNSETS, COUNTS, {}))


def test_spinning_keeps_what_is_known_of_the_original(lists: SynonymLists) -> None:
    frame = originals()
    spun_by = {"one": ["wordnet"], "two": ["wordnet"]}
    spun = spin_documents(frame, spun_by, [0.3, 1.0], 5, lists)
    assert set(spun.columns) == set(DOCUMENT_COLUMNS)
    assert len(spun) == 2 * len(frame)
    assert set(spun["label"]) == {"spun"}
    assert spun["system"].value_counts().to_dict() == {"one": 12, "two": 12}
    groups = frame.set_index("article_id")["group"]
    assert (spun["group"].to_numpy() == groups[spun["article_id"]].to_numpy()).all()
    for row in spun.itertuples():
        number = str(row.article_id).removeprefix("article-")
        assert f"counted {number} " in str(row.text)


def test_rates_are_drawn_by_article_and_applied(lists: SynonymLists) -> None:
    frame = originals()
    spun = spin_documents(frame, {"one": ["wordnet"]}, [0.0, 1.0], 5, lists)
    for row in spun.itertuples():
        drawn = hash_fraction(f"{row.article_id}one5")
        assert row.rate == (0.0 if drawn < 0.5 else 1.0)
        assert ("haven" in str(row.text)) == (row.rate == 1.0)
    assert set(spun["rate"]) == {0.0, 1.0}


def test_seed_decides_the_spinning(lists: SynonymLists) -> None:
    frame, spun_by = originals(), {"one": ["wordnet"]}
    again = [spin_documents(frame, spun_by, [0.4], s, lists)["text"].tolist() for s in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


# --------------------------------------------------------------------------------------
# Thinned out
# --------------------------------------------------------------------------------------


def test_subsample_takes_at_most_so_many_of_each_kind() -> None:
    frame = pd.concat([originals(30), originals(7).assign(label="spun", held_out=True)])
    frame = frame.reset_index(drop=True)
    thinned = subsample_documents(frame, 5, seed=3)
    sizes = thinned.groupby(["group", "label"]).size().to_dict()
    assert sizes == {
        ("outlet 0", "original"): 5,
        ("outlet 0", "spun"): 4,
        ("outlet 1", "original"): 5,
        ("outlet 1", "spun"): 3,
    }
    assert thinned.index.is_monotonic_increasing
    assert thinned.equals(subsample_documents(frame, 5, seed=3))
    assert not thinned.equals(subsample_documents(frame, 5, seed=4))
    assert subsample_documents(frame, 100, seed=3).equals(frame)
