"""The pairs and articles that the project brings are what data/README.md says they are."""

import re
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from detector.text.normalization import normalize_text
from detector.text.sentences import split_sentences
from detector.text.words import tokenize

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = ("original", "spun", "translated")
COLUMNS = ["original", "text", "kind", "pivot", "system", "article_id"]
SYSTEMS = {
    ("written-by-hand", "translated"),
    ("apertium", "translated"),
    ("spinner-wordnet-0.3", "spun"),
    ("spinner-freedict-deu-0.3", "spun"),
}


CRAWL = ("cut", "edited", "original", "other_report", "repost", "spun", "translated")


def read_crawl() -> dict[str, str]:
    folder = DATA / "example_crawl"
    return {name: (folder / f"{name}.txt").read_text(encoding="utf-8") for name in CRAWL}


def test_the_crawl_is_a_family_of_six_and_another_report() -> None:
    texts = read_crawl()
    assert sorted(path.stem for path in (DATA / "example_crawl").iterdir()) == list(CRAWL)
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}.txt` |" in readme for name in CRAWL)
    original = texts["original"]
    assert shared_words(texts["repost"], original) > 0.95
    assert texts["cut"].removesuffix("Read more\n").split("\n\n")[1] in original
    assert 0.5 < shared_words(texts["translated"], original) < 0.9
    assert 0.8 < shared_words(texts["spun"], original) < 0.95
    assert shared_words(texts["edited"], original) > 0.9
    sentences = {sentence.text for sentence in split_sentences(original)}
    assert not any(s.text in sentences for s in split_sentences(texts["other_report"]))


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return pd.read_csv(DATA / "pairs.csv", keep_default_na=False)


def words_of(text: str) -> list[str]:
    return [token.lower() for token in tokenize(normalize_text(text)) if token[0].isalnum()]


def shared_words(text: str, other: str) -> float:
    """The share of the words of `text` that `other` has too."""
    words, others = words_of(text), set(words_of(other))
    return sum(word in others for word in words) / len(words)


def test_pairs_have_the_columns_that_training_reads(pairs: pd.DataFrame) -> None:
    assert list(pairs.columns) == COLUMNS
    assert len(pairs) == 48
    for column in ("original", "text", "kind", "system", "article_id"):
        assert (pairs[column].str.strip() == pairs[column]).all()
        assert (pairs[column] != "").all()


def test_each_article_has_two_versions_of_each_kind(pairs: pd.DataFrame) -> None:
    assert pairs["article_id"].nunique() == 12
    counts = pairs.groupby(["article_id", "kind"]).size().unstack()
    assert list(counts.columns) == ["spun", "translated"]
    assert (counts == 2).all(axis=None)


def test_an_article_has_one_original_and_an_original_one_article(pairs: pd.DataFrame) -> None:
    assert (pairs.groupby("article_id")["original"].nunique() == 1).all()
    assert (pairs.groupby("original")["article_id"].nunique() == 1).all()


def test_no_text_stands_twice_or_is_its_original(pairs: pd.DataFrame) -> None:
    texts = [*pairs["original"].unique(), *pairs["text"]]
    plain = [" ".join(words_of(text)) for text in texts]
    assert len(set(plain)) == len(plain) == 60


def test_versions_are_told_apart_by_kind_pivot_and_system(pairs: pd.DataFrame) -> None:
    assert not pairs.duplicated(["article_id", "kind", "pivot", "system"]).any()


def test_only_translations_have_a_pivot(pairs: pd.DataFrame) -> None:
    pivots = pairs[pairs["kind"] == "translated"]["pivot"]
    assert set(pivots) == {"de", "es", "fr", "ru", "zh"}
    assert set(pairs[pairs["kind"] == "spun"]["pivot"]) == {""}


def test_each_system_made_one_version_of_each_article_and_stands_in_the_readme(
    pairs: pd.DataFrame,
) -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert set(zip(pairs["system"], pairs["kind"], strict=True)) == SYSTEMS
    for system, kind in SYSTEMS:
        rows = pairs[pairs["system"] == system]
        assert len(rows) == rows["article_id"].nunique() == 12
        assert f"| `{system}`, {kind} | 12 |" in readme
    for column in COLUMNS:
        assert f"| `{column}` |" in readme


def test_originals_are_short_articles(pairs: pd.DataFrame) -> None:
    for original in pairs["original"].unique():
        sentences = split_sentences(original)
        assert {s.kind for s in sentences} == {"sentence"}
        assert 8 <= len(sentences) <= 9
        assert 140 <= len(original.split()) <= 190


def test_versions_tell_the_same_story(pairs: pd.DataFrame) -> None:
    for row in pairs.itertuples():
        length = len(row.text.split()) / len(row.original.split())
        assert 0.8 < length < 1.25, (row.article_id, row.system)
        # With another article a version shares function words, up to half of its words.
        assert shared_words(row.text, row.original) > 0.6, (row.article_id, row.system)


def test_a_text_resembles_its_own_original_most(pairs: pd.DataFrame) -> None:
    originals = pairs.groupby("article_id")["original"].first()
    for row in pairs.itertuples():
        shared = originals.map(lambda original, text=row.text: shared_words(text, original))
        assert shared.idxmax() == row.article_id


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_article_looks_scraped(name: str) -> None:
    text = (DATA / "example_articles" / f"{name}.txt").read_text(encoding="utf-8")
    kinds = [s.kind for s in split_sentences(text)]
    assert kinds[:2] == ["headline", "boilerplate"]  # the byline
    assert kinds[-1] == "boilerplate"
    assert set(kinds[2:-1]) == {"sentence"}
    assert 300 <= len(text.split()) <= 400
    assert text.endswith("\nLeave a Comment\n")


def test_example_articles_are_versions_of_one_another() -> None:
    texts = [
        (DATA / "example_articles" / f"{name}.txt").read_text(encoding="utf-8") for name in EXAMPLES
    ]
    for text, other in combinations(texts, 2):
        assert 0.5 < shared_words(text, other) < 0.95
        # The same paragraphs with the same figures, though not the same words for them.
        assert text.count("\n\n") == other.count("\n\n")
        names = re.compile(r"\b(?:Scarrow|Lusk|Fell|Orr|41|70|2019|18)")
        assert sorted(names.findall(text)) == sorted(names.findall(other))


def test_examples_are_no_article_of_the_pairs(pairs: pd.DataFrame) -> None:
    original = (DATA / "example_articles" / "original.txt").read_text(encoding="utf-8")
    assert all(shared_words(original, other) < 0.5 for other in pairs["original"].unique())
