"""The recipe of the shipped model: which pairs, how many of each, from what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from detector.evidence import EvidenceGatherer, LinearScorer
from detector.idiom import IdiomTable
from detector.text import split_sentences
from detector.training.documents import load_documents, spin_documents, subsample_documents
from detector.training.fit import (
    GatheredDocuments,
    balance,
    fit_lexical,
    fit_linear,
    unpack_pairs,
)
from detector.training.pairs import (
    LabelledPair,
    choose_pairs,
    collect_common_words,
    label_pair,
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.spinning import (
    ApertiumRoundTrip,
    FreeDictPivotSource,
    Spinner,
    SynonymSource,
    WordNetSource,
)
from detector.verdict import ORIGINAL

#: How many machine versions of one original take part, by corpus.
VERSIONS_PER_ORIGINAL = {
    "roundtrip_news": 6,
    "roundtrip_flores": 8,
    "translated_news": 4,
    "error_spans_zh_en": 4,
}
SPIN_RATES = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)


def training_sources() -> list[list[SynonymSource]]:
    """Synonym sources that training may use; Moby's thesaurus and FreeDict's French are held out."""
    wordnet, german, spanish = (
        WordNetSource(),
        FreeDictPivotSource("deu"),
        FreeDictPivotSource("spa"),
    )
    return [[wordnet], [wordnet], [german], [spanish], [wordnet, german]]


def spin_sentences(
    sentences: Sequence[str], sources: Sequence[Sequence[SynonymSource]], seed: int
) -> list[str]:
    """Each sentence spun by a spinner drawn from `sources`, rates and habits."""
    rng = np.random.default_rng(seed)
    spinners = [
        Spinner(
            list(chosen), rate=rate, seed=seed, sense=sense, fix_articles=bool(rng.integers(2))
        )
        for chosen in sources
        for rate in SPIN_RATES
        for sense in ("first", "any")
    ]
    choices = rng.integers(len(spinners), size=len(sentences))
    return [spinners[c].spin(s).text for s, c in zip(sentences, choices, strict=True)]


def sentences_of(texts: Iterable[str], minimum_words: int = 5) -> list[str]:
    """The sentences (no headlines, no boilerplate) of whole articles, normalised."""
    return [
        s.text
        for text in texts
        for s in split_sentences(text)
        if s.kind == "sentence" and s.text.count(" ") + 1 >= minimum_words
    ]


def assemble_tuning_pairs(
    folder: Path, seed: int, with_apertium: bool = True
) -> tuple[list[LabelledPair], frozenset[str]]:
    """The pairs that the shipped encoder is tuned on, and the common words their views need.

    Args:
        folder: where the training corpora lie.
        seed: draws versions and spins.
        with_apertium: add rule-based round trips of human news (needs Debian's Apertium).
    """
    loaded = [
        load_roundtrip_news(folder),
        load_roundtrip_flores(folder),
        load_translated_news(folder),
    ]
    parallel = pd.concat(loaded, ignore_index=True)
    parallel = parallel[(parallel["split"] == "train") & ~parallel["held_out"]]
    parallel = parallel[parallel["original"] != parallel["text"]]
    human = load_human_news(folder)
    human = human[human["split"] == "train"]
    human_sentences = sentences_of(human["text"])
    originals = [str(o) for o in parallel["original"].unique()]
    # Both sides are counted: a word that only people write must not stand out by being known.
    common_words = collect_common_words(
        [*originals, *human_sentences, *map(str, parallel["text"].unique())]
    )
    pairs: list[LabelledPair] = []
    for corpus, frame in parallel.groupby("corpus", sort=True):
        for row in choose_pairs(frame, VERSIONS_PER_ORIGINAL[str(corpus)], seed).itertuples():
            pairs.append(
                label_pair(
                    str(row.original), str(row.text), "translated", common_words,
                    is_translation=corpus == "translated_news",
                )
            )  # fmt: skip
    experts = choose_pairs(
        load_error_spans(folder), VERSIONS_PER_ORIGINAL["error_spans_zh_en"], seed
    )
    for row in experts.itertuples():
        pairs.append(
            label_pair(
                str(row.original), str(row.text), "translated", common_words,
                marks=row.marks,  # type: ignore[arg-type]
                is_translation=True,
            )  # fmt: skip
        )
    translations = set(
        parallel.loc[parallel["corpus"] == "translated_news", "original"].astype(str)
    )
    news = [str(o) for o in parallel.loc[parallel["corpus"] == "roundtrip_news", "original"].unique()]
    to_spin = [*originals, *news, *human_sentences]
    for original, spun in zip(
        to_spin, spin_sentences(to_spin, training_sources(), seed), strict=True
    ):
        if spun != original:
            pairs.append(
                label_pair(
                    original, spun, "spun", common_words, is_translation=original in translations
                )
            )
    if with_apertium:
        for pivot in ("spa", "cat"):
            part = human_sentences[:: 5 if pivot == "spa" else 8]
            for original, text in zip(part, ApertiumRoundTrip(pivot).translate(part), strict=True):
                if text != original:
                    pairs.append(label_pair(original, text, "translated", common_words))
    return pairs, common_words


def assemble_development_documents(folder: Path, seed: int, most: int = 700) -> pd.DataFrame:
    """The documents that classifier, calibration and thresholds are fitted on.

    Everything of the development split but held-out pivots and systems, and human articles spun
    by the sources that training may use.
    """
    documents = load_documents(folder)
    documents = documents[(documents["split"] == "dev") & ~documents["held_out"].astype(bool)]
    documents = subsample_documents(documents, most, seed)
    originals = documents[documents["label"] == ORIGINAL]
    wordnet, german, spanish = (sources[0] for sources in training_sources()[1:4])
    sources: dict[str, Sequence[SynonymSource]] = {
        "wordnet": [wordnet],
        "freedict-deu": [german],
        "freedict-spa": [spanish],
    }
    some = subsample_documents(originals, 120, seed)
    spun = spin_documents(some, sources, SPIN_RATES, seed)
    return pd.concat([documents, spun], ignore_index=True)


def fit_sentence_models(
    pairs: Sequence[LabelledPair], gatherer: EvidenceGatherer
) -> EvidenceGatherer:
    """Fit the lexical model, the idiom table and the style model on the tuning pairs."""
    from detector.counting import measure_style
    from detector.stylometry import NgramIdiomaticity

    views, labels, people = unpack_pairs(pairs)
    lexical = fit_lexical(views, labels)
    words = [view.words for view in views]
    own = [view.words for view in people]
    idiom = NgramIdiomaticity()
    idiom.fit(list(dict.fromkeys(own)))
    # The table has counted each pair's own sentence; both sides are measured without it.
    features = np.hstack([measure_style(words), idiom.transform(words, counted=own)])
    style = fit_linear(features.astype(np.float64), labels)
    table = IdiomTable.from_arrays(idiom.to_arrays())
    return EvidenceGatherer(
        gatherer.encoder, gatherer.heads, gatherer.common_words, lexical, style, table
    )


def fit_sentence_scorer(documents: GatheredDocuments) -> LinearScorer:
    """Log-odds of "not original" of one sentence from its evidence, on development documents."""
    rows = np.concatenate(documents.matrices).astype(np.float64)
    sizes = [len(m) for m in documents.matrices]
    machine = (documents.frame["label"] != ORIGINAL).to_numpy()
    weights = np.repeat(balance(documents.frame), sizes)
    labels = np.repeat(machine.astype(np.int64), sizes)
    share = np.where(labels == 1, weights[labels == 1].sum(), weights[labels == 0].sum())
    return fit_linear(rows, labels, weights / share * len(labels))
