"""Draw the broad mix: pairs of all corpora, unpaired human sentences, and validation sets."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from detector.training.corpora.broad import holdouts
from detector.training.corpora.broad.holdouts import DEV, HELD_OUT, TRAIN, find_held_out_systems
from detector.training.corpora.broad.sentence_pairs import SentencePair, iterate_document_pairs
from detector.training.corpora.splits import hash_fraction
from detector.training.generation.synonym_lists import SynonymLists
from detector.training.recipes.broad.settings import BroadMix
from detector.training.recipes.broad.sources import (
    Sources,
    iterate_sentence_pairs,
    select_trainable,
)
from detector.training.recipes.broad.unpaired import (
    UnpairedSentence,
    draw_unpaired,
    spin_pairs,
)

#: Validation sets that are a corpus's held-out documents.
_VALIDATED_CORPORA = {
    "essays": "asap_essays",
    "african": "lafand_news",
    "talks": "ted_talks",
    "model2026": "language_model_articles",
}

#: Of texts that went four times through a language model, the share that is kept.
_FOUR_LOOPS_SHARE = 0.3


@dataclass(frozen=True)
class DrawnMix:
    """What an encoder is tuned and validated on.

    Attributes:
        pairs: to train on, in random order.
        unpaired: to train on, in random order.
        validation: pairs of articles that are not trained on, by name of the set.
        record: what was held out, which articles were trained on, and counts.
    """

    pairs: list[SentencePair]
    unpaired: list[UnpairedSentence]
    validation: dict[str, list[SentencePair]]
    record: dict[str, Any]


def draw_mix(
    sources: Sources,
    mix: BroadMix,
    lists: SynonymLists,
    seed: int,
    report: Callable[[str], None] = print,
) -> DrawnMix:
    """Draw what an encoder is tuned and validated on.

    Args:
        sources: the corpora, see `Sources.load`; they are left as they are.
        mix: how much of what.
        lists: what spinners take words from.
        seed: draws versions, sentences and spins; the splits do not depend on it.
        report: receives a line of progress for each corpus.
    """
    rng = random.Random(seed)
    unpaired = draw_unpaired(sources, mix, rng)
    report(f"unpaired human sentences: {len(unpaired):,}")
    pairs: list[SentencePair] = []
    for corpus, found in _draw_pairs(sources, mix, seed, rng):
        pairs += found
        report(f"{corpus}: {len(found):,} pairs of {mix.count_pairs(corpus):,}")
    spun = spin_pairs(sources, lists, mix.count_pairs("spinners"), seed)
    report(f"spinners: {len(spun):,} pairs of {mix.count_pairs('spinners'):,}")
    pairs += spun
    rng.shuffle(pairs)
    rng.shuffle(unpaired)
    validation = draw_validation(sources, mix, random.Random(seed))
    return DrawnMix(pairs, unpaired, validation, _record(sources, pairs, unpaired, validation))


def _draw_pairs(
    sources: Sources, mix: BroadMix, seed: int, rng: random.Random
) -> Iterable[tuple[str, list[SentencePair]]]:
    known, banned = sources.known_words, sources.banned
    for corpus, frame in sources.documents.items():
        rows = select_documents(corpus, frame)
        found = iterate_document_pairs(rows, mix.sentences_per_text[corpus], known, banned, rng)
        yield corpus, list(islice(found, mix.count_pairs(corpus)))
    for corpus, frame in sources.sentences.items():
        rows = select_trainable(frame, banned)
        found = iterate_sentence_pairs(corpus, rows, mix.versions[corpus], seed)
        yield corpus, list(islice(found, mix.count_pairs(corpus)))


def select_documents(corpus: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a corpus of documents that may be trained on."""
    frame = frame[(frame["split"] == TRAIN) & ~find_held_out_systems(frame)]
    return _prefer_two_loops(frame) if corpus == "broken_telephone" else frame


def _prefer_two_loops(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts after two loops through a language model, and some after four.

    Eight loops are far from what a launderer does.
    """
    two, four = (frame["system"].str.contains(f"{n} round", regex=False) for n in (2, 4))
    keys = frame["article_id"] + frame["pivot"]
    is_drawn = keys.map(lambda key: hash_fraction(f"four {key}") < _FOUR_LOOPS_SHARE)
    return frame[two | (four & is_drawn.astype(bool))]


def draw_validation(
    sources: Sources, mix: BroadMix, rng: random.Random
) -> dict[str, list[SentencePair]]:
    """Pairs of held-out documents, and of the development split of the corpora of sentences."""
    none: frozenset[str] = frozenset()
    sets = {}
    for name, (corpus, rows) in _list_held_out_rows(sources).items():
        most = mix.sentences_per_text[corpus]
        found = iterate_document_pairs(rows, most, sources.known_words, none, rng)
        sets[name] = list(islice(found, mix.validation_pairs))
    for name, corpus in (
        ("wmt", "roundtrip_news"), ("flores", "roundtrip_flores"),
        ("professionals", "translated_news"),
    ):  # fmt: skip
        frame = sources.sentences[corpus]
        frame = frame[(frame["split"] == DEV) & (frame["original"] != frame["text"])]
        found = iterate_sentence_pairs(corpus, frame, mix.versions[corpus], rng.randrange(2**31))
        sets[name] = list(islice(found, mix.validation_pairs))
    return sets


def _list_held_out_rows(sources: Sources) -> dict[str, tuple[str, pd.DataFrame]]:
    """Corpus and rows of each validation set of documents."""
    held_out = {
        corpus: frame[frame["split"] == HELD_OUT] for corpus, frame in sources.documents.items()
    }
    sets = {
        name: (corpus, held_out[corpus])
        for name, corpus in _VALIDATED_CORPORA.items()
        if corpus in held_out
    }
    if "broken_telephone" in held_out:
        rows = _prefer_two_loops(held_out["broken_telephone"])
        sets["telephone"] = ("broken_telephone", rows)
    translated = held_out["translated_documents"]
    for name, systems in (
        ("engines", holdouts.HELD_OUT_ENGINES), ("gpt4", holdouts.HELD_OUT_LANGUAGE_MODELS),
    ):  # fmt: skip
        rows = translated[translated["system"].isin(systems)]
        sets[name] = ("translated_documents", rows)
    if "paraphrased_documents" in sources.documents:
        rows = sources.documents["paraphrased_documents"]
        polished = rows["system"].isin(holdouts.HELD_OUT_LANGUAGE_MODELS)
        sets["claude"] = ("paraphrased_documents", rows[polished & (rows["split"] != TRAIN)])
    return sets


def _record(
    sources: Sources,
    pairs: Iterable[SentencePair],
    unpaired: Iterable[UnpairedSentence],
    validation: dict[str, list[SentencePair]],
) -> dict[str, Any]:
    trained_on: defaultdict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    sources_of = [(p.corpus, p.article_id) for p in pairs]
    for source, article_id in (*sources_of, *((s.register, s.article_id) for s in unpaired)):
        trained_on[source].add(article_id)
        counts[source] += 1
    articles = sources.articles
    return {
        "held_out": {
            "essay_prompts": sorted(holdouts.HELD_OUT_PROMPTS),
            "african_languages": sorted(holdouts.HELD_OUT_AFRICAN_LANGUAGES),
            "engines": sorted(holdouts.HELD_OUT_ENGINES),
            "language_models": sorted(holdouts.HELD_OUT_LANGUAGE_MODELS),
            "registers": sorted(holdouts.HELD_OUT_REGISTERS),
            "doubtful_outlets": sorted(holdouts.DOUBTFUL_OUTLETS),
            "outlets": sorted(holdouts.find_held_out_outlets(articles)),
        },
        "human_articles": {
            str(split): sorted(group["key"]) for split, group in articles.groupby("split")
        },
        "trained_on": {source: sorted(ids) for source, ids in sorted(trained_on.items())},
        "counts": dict(sorted(counts.items())),
        "validation": {name: len(found) for name, found in validation.items()},
    }
