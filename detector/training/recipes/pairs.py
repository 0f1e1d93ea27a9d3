"""Pairs of sentences that a memory of machines' words is counted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from detector.text.sentences import split_sentences
from detector.training.corpora.broad.sentence_pairs import FEWEST_WORDS
from detector.training.corpora.labelled_pairs import choose_pairs
from detector.training.corpora.loading import (
    load_error_spans,
    load_human_news,
    load_roundtrip_flores,
    load_roundtrip_news,
    load_translated_news,
)
from detector.training.generation.apertium import ApertiumRoundTrip
from detector.training.generation.spinner import TUNING_SPIN_RATES
from detector.training.generation.synonym_lists import SynonymLists
from detector.training.recipes import work_files
from detector.training.recipes.shipped_settings import TUNING_SPINNERS, ShippedSettings

#: Every so many human sentences are sent round through Apertium, by language.
_APERTIUM_STRIDES = {"spa": 5, "cat": 8}


class SourcePair(NamedTuple):
    """A human sentence beside a machine's version of it, before its words are labelled.

    Attributes:
        original: the human sentence, normalised.
        text: the machine's, normalised.
        kind: ``"translated"`` or ``"spun"``.
        is_translation: whether `original` is itself a translation.
        marks: spans of `text` that experts found wrong; None where none looked.
    """

    original: str
    text: str
    kind: str
    is_translation: bool = False
    marks: list[tuple[int, int]] | None = None


def write_memory_pairs(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """Pairs of sentences of the training split, with many versions of each original."""
    pairs = assemble_pairs(settings, settings.amounts.memory_versions)
    frame = pd.DataFrame(pairs, columns=list(SourcePair._fields))
    frame.to_parquet(fresh / work_files.MEMORY_PAIRS)


def load_parallel(folder: Path) -> pd.DataFrame:
    """Originals beside machine translations: the training split, less what is held out."""
    loaded = [load(folder) for load in (load_roundtrip_news, load_roundtrip_flores)]
    parallel = pd.concat([*loaded, load_translated_news(folder)], ignore_index=True)
    parallel = parallel[(parallel["split"] == "train") & ~parallel["held_out"]]
    return parallel[parallel["original"] != parallel["text"]]


def _list_originals(parallel: pd.DataFrame) -> list[str]:
    return [str(original) for original in parallel["original"].unique()]


def _list_human_sentences(folder: Path) -> list[str]:
    human = load_human_news(folder)
    return list_sentences(human.loc[human["split"] == "train", "text"])


def list_sentences(texts: Iterable[str]) -> list[str]:
    """The sentences (no headlines, no boilerplate) of whole articles, normalised."""
    return [
        s.text
        for text in texts
        for s in split_sentences(text)
        if s.kind == "sentence" and s.text.count(" ") + 1 >= FEWEST_WORDS
    ]


def assemble_pairs(settings: ShippedSettings, versions: Mapping[str, int]) -> list[SourcePair]:
    """Translations, experts' pairs, spun sentences and rule-based round trips, in that order."""
    parallel = load_parallel(settings.corpora)
    human_sentences = _list_human_sentences(settings.corpora)
    return [
        *_pair_translations(parallel, versions, settings.seed),
        *_pair_experts(settings.corpora, versions["error_spans_zh_en"], settings.seed),
        *_pair_spun(parallel, human_sentences, settings.lists, settings.seed),
        *_pair_apertium(human_sentences, settings),
    ]


def _pair_translations(
    parallel: pd.DataFrame, versions: Mapping[str, int], seed: int
) -> Iterator[SourcePair]:
    for corpus, frame in parallel.groupby("corpus", sort=True):
        for row in choose_pairs(frame, versions[str(corpus)], seed).itertuples():
            yield SourcePair(
                str(row.original), str(row.text), "translated", corpus == "translated_news"
            )


def _pair_experts(folder: Path, versions: int, seed: int) -> Iterator[SourcePair]:
    for row in choose_pairs(load_error_spans(folder), versions, seed).itertuples():
        yield SourcePair(str(row.original), str(row.text), "translated", True, list(row.marks))


def _pair_spun(
    parallel: pd.DataFrame, human_sentences: Sequence[str], lists: SynonymLists, seed: int
) -> Iterator[SourcePair]:
    corpus = parallel["corpus"]
    translations = set(_list_originals(parallel[corpus == "translated_news"]))
    # Sentences of English news are spun twice.
    news = _list_originals(parallel[corpus == "roundtrip_news"])
    to_spin = [*_list_originals(parallel), *news, *human_sentences]
    for original, spun in zip(to_spin, spin_sentences(to_spin, lists, seed), strict=True):
        if spun != original:
            yield SourcePair(original, spun, "spun", original in translations)


def spin_sentences(sentences: Sequence[str], lists: SynonymLists, seed: int) -> list[str]:
    """Each sentence spun by a spinner whose lists, rate and habits are drawn."""
    rng = np.random.default_rng(seed)
    spinners = [
        lists.make_spinner(names, rate, seed, sense=sense, fix_articles=bool(rng.integers(2)))
        for names in TUNING_SPINNERS
        for rate in TUNING_SPIN_RATES
        for sense in ("first", "any")
    ]
    choices = rng.integers(len(spinners), size=len(sentences))
    return [spinners[c].spin(s).text for s, c in zip(sentences, choices, strict=True)]


def _pair_apertium(
    human_sentences: Sequence[str], settings: ShippedSettings
) -> Iterator[SourcePair]:
    for pivot in settings.apertium_pivots:
        part = list(human_sentences[:: _APERTIUM_STRIDES[pivot]])
        engine = ApertiumRoundTrip(pivot, settings.lists.apertium)
        for original, text in zip(part, engine.translate(part), strict=True):
            if text != original:
                yield SourcePair(original, text, "translated")
