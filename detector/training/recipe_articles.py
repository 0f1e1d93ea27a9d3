"""The recipe of the shipped encoder's second stage: which articles, in how many versions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from detector.training.article_tuning import ArticleTuningConfig, ArticleVersion
from detector.training.pairs import (
    label_pair,
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.recipe import SEED, SPIN_RATES, sentences_of, training_sources
from detector.training.spinning import ApertiumRoundTrip, Spinner
from detector.verdict import SPUN, TRANSLATED

#: Sentences that a version must have to be drawn from.
_FEWEST_SENTENCES = 3
#: Spun versions of each article: of outlets' articles, and of those that have other versions too.
_SPINS = {"people": 3, "parallel": 1}
#: One of so many of people's articles goes through Apertium: rules make other mistakes than networks.
_APERTIUM_PIVOT, _APERTIUM_SHARE = "spa", 4
#: Spinners of the same sources and rate, whose habits are drawn.
_HABITS = 6

#: How often runs are drawn: about evenly over sentences, but oftener from the little native news
#: that there are round trips of, and seldom from FLORES, of which there are 75 runs in all.
ARTICLE_CONFIG = ArticleTuningConfig(
    corpora={
        "roundtrip_news": 2.2,
        "roundtrip_flores": 0.4,
        "translated_news": 2.8,
        "error_spans_zh_en": 0.5,
        "spun people": 2.6,
        "spun parallel": 0.9,
        "apertium": 0.6,
    },
    people_corpora={"spun people": 3.0, "roundtrip_news": 1.5, "translated_news": 0.5},
    steps=1300,
    learning_rate=1.2e-4,
    people=5,
    seed=SEED,
)


def assemble_article_versions(
    folder: Path, common_words: frozenset[str], seed: int = SEED
) -> list[ArticleVersion]:
    """Articles of the training split beside machines' versions of them.

    Args:
        folder: where the training corpora lie.
        common_words: see `detector.training.recipe.assemble_tuning_pairs`.
        seed: draws spinners.
    """
    versions: list[ArticleVersion] = []
    originals: dict[str, tuple[list[str], bool]] = {}
    for frame in (
        load_roundtrip_news(folder), load_roundtrip_flores(folder), load_translated_news(folder),
    ):  # fmt: skip
        versions += _list_parallel(frame, originals, common_words)
    versions += _list_experts(load_error_spans(folder), common_words)
    human = load_human_news(folder)
    human = human[human["split"] == "train"]
    people = {
        str(row.article_id): (sentences_of([str(row.text)]), False) for row in human.itertuples()
    }
    people = {k: v for k, v in people.items() if len(v[0]) >= _FEWEST_SENTENCES}
    for name, articles in (("people", people), ("parallel", originals)):
        versions += _spin_articles(articles, f"spun {name}", _SPINS[name], common_words, seed)
    some = dict(list(people.items())[::_APERTIUM_SHARE])
    versions += _translate_articles(some, ApertiumRoundTrip(_APERTIUM_PIVOT), common_words)
    return versions


def _list_parallel(
    frame: pd.DataFrame, originals: dict[str, tuple[list[str], bool]], common_words: frozenset[str]
) -> Iterator[ArticleVersion]:
    """Machines' versions of the articles of one corpus; their originals are put by."""
    frame = frame[(frame["split"] == "train") & ~frame["held_out"]].sort_values("position")
    corpus = str(frame["corpus"].iloc[0])
    is_translation = corpus == "translated_news"
    for article_id, article in frame.groupby("article_id", sort=True):
        sentences = article.drop_duplicates("position")["original"].astype(str).tolist()
        if len(sentences) >= _FEWEST_SENTENCES:
            originals[f"{corpus} {article_id}"] = sentences, is_translation
    for (article_id, _, _), version in frame.groupby(["article_id", "pivot", "system"], sort=True):
        rows = version.drop_duplicates("position")
        if len(rows) >= _FEWEST_SENTENCES:
            yield ArticleVersion(
                corpus,
                str(article_id),
                [
                    label_pair(o, t, TRANSLATED, common_words, is_translation=is_translation)
                    for o, t in zip(rows["original"], rows["text"], strict=True)
                ],
            )


def _list_experts(frame: pd.DataFrame, common_words: frozenset[str]) -> Iterator[ArticleVersion]:
    """Translations from Chinese, with what experts marked in them."""
    for (article_id, _), version in frame.groupby(["article_id", "system"], sort=True):
        if len(version) >= _FEWEST_SENTENCES:
            yield ArticleVersion(
                "error_spans_zh_en",
                str(article_id),
                [
                    label_pair(
                        str(row.original), str(row.text), TRANSLATED, common_words,
                        marks=row.marks, is_translation=True,
                    )
                    for row in version.itertuples()
                ],
            )  # fmt: skip


def _spin_articles(
    articles: Mapping[str, tuple[Sequence[str], bool]],
    corpus: str,
    times: int,
    common_words: frozenset[str],
    seed: int,
) -> Iterator[ArticleVersion]:
    """Each article spun as a whole, by spinners drawn from sources, rates and habits."""
    rng = random.Random(f"{corpus} {seed}")
    spinners = [
        Spinner(list(sources), rate=rate, seed=seed + number)
        for sources in training_sources()
        for rate in SPIN_RATES
        for number in range(_HABITS)
    ]
    for article_id, (sentences, is_translation) in articles.items():
        for spinner in rng.sample(spinners, times):
            yield ArticleVersion(
                corpus,
                article_id,
                [
                    label_pair(
                        s, spinner.spin(s).text, SPUN, common_words, is_translation=is_translation
                    )
                    for s in sentences
                ],
            )


def _translate_articles(
    articles: Mapping[str, tuple[Sequence[str], bool]],
    engine: ApertiumRoundTrip,
    common_words: frozenset[str],
) -> Iterator[ArticleVersion]:
    """Rule-based round trips of people's articles."""
    every = [s for sentences, _ in articles.values() for s in sentences]
    translated = iter(engine.translate(every))
    for article_id, (sentences, _) in articles.items():
        pairs = [label_pair(s, next(translated), TRANSLATED, common_words) for s in sentences]
        yield ArticleVersion("apertium", article_id, pairs)
