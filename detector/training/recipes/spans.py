"""Steps to what points at a machine's words without the original."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from detector.comparison.pair_features import PlacedWords
from detector.cores import count_cores
from detector.detector import Detector
from detector.features.document_features import DocumentFeatures
from detector.results import EDITED, TRANSLATED
from detector.spans.co_occurrence import CooccurrenceCounts
from detector.spans.finder import ArtifactFinder
from detector.spans.word_memory import WordMemory
from detector.text.masking import MaskedSentence, mask_sentence
from detector.text.sentences import split_sentences
from detector.training.corpora.labelled_pairs import LabelledPair
from detector.training.corpora.loading import load_error_spans, load_human_news
from detector.training.corpora.splits import hash_fraction
from detector.training.fitting.spans import (
    BALANCED,
    JudgedWords,
    choose_balance,
    choose_levels,
    count_cooccurrences,
    count_machine_words,
    fit_word_model,
    judge_words,
    mark_spans,
    measure_spans,
    summarize_spans,
)
from detector.training.generation.spinner import TUNING_SPIN_RATES, Spinner
from detector.training.recipes import work_files
from detector.training.recipes.comparison import MARKED_COPIES, PAIRS
from detector.training.recipes.documents import DOCUMENTS
from detector.training.recipes.fold_models import FoldModels
from detector.training.recipes.shipped_settings import WORD_SPINNERS, ShippedSettings
from detector.training.recipes.work_files import MarkedText

#: Texts whose words are marked beside the copies: spun by many spinners, or marked by experts.
MARKED_TEXTS = "marked_texts.jsonl"

WORD_COUNTS, FINDER = "word_counts", "spans"

FIGURES = "spans.json"

#: Spinners of the same lists and rate, whose habits are drawn.
_HABITS = 3

#: How many texts a thread measures at a time.
_TEXTS_AT_ONCE = 64

#: Share of the development articles that the model of words is fitted on.
_FITTED_SHARE = 0.6

_FITTED_TEST_SET, _MEASURED_TEST_SET = "newstest2020", "newstest2021"

#: A text's features, the document classifier's log-odds, and a mark for each of its words.
Measured = tuple[DocumentFeatures, float, Sequence[float]]

#: Gives the features and the score of a text.
Reader = Callable[[MarkedText], tuple[DocumentFeatures, float]]


def write_marked_texts(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """Development articles spun by many spinners, and texts that experts marked."""
    pairs = pd.read_parquet(work / PAIRS)
    whole = pairs[~pairs["is_excerpt"]]
    spun = spin_articles(whole, make_word_spinners(settings), settings)
    marked = [
        *spun,
        *read_experts_texts(settings.corpora, _FITTED_TEST_SET, settings.amounts.experts_share),
        *read_experts_texts(settings.corpora, _MEASURED_TEST_SET, 1.0, split="test"),
    ]
    work_files.write_marked_texts(fresh / MARKED_TEXTS, marked)


def make_word_spinners(settings: ShippedSettings) -> list[Spinner]:
    """Spinners of eight lists of synonyms, alone and together, of many rates and habits."""
    return [
        settings.lists.make_spinner(names, rate, settings.seed + habits)
        for names in WORD_SPINNERS
        for rate in TUNING_SPIN_RATES
        for habits in range(_HABITS)
    ]


def spin_articles(
    pairs: pd.DataFrame, spinners: Sequence[Spinner], settings: ShippedSettings
) -> Iterator[MarkedText]:
    """Human development articles spun by many spinners, with what was swapped.

    A model of words that has met few lists of synonyms knows them by heart, and trusts what it
    knows too much beside a list that it has not met. Copies are cheap here: nothing is aligned.

    Args:
        pairs: pairs of copy and original; the originals of human edits are spun.
        spinners: of which each article gets `Amounts.spun_for_words`, drawn by its id.
        settings: of the recipe.
    """
    human = pairs[(pairs["relation"] == EDITED) & (pairs["split"] == "dev")]
    human = human[human["group"] != "retranslation"].drop_duplicates("original")
    for row in human.itertuples():
        seed = int(hash_fraction(f"spinners {row.article_id}") * 2**32)
        chosen = np.random.default_rng(seed).choice(
            len(spinners), settings.amounts.spun_for_words, replace=False
        )
        for spinner in (spinners[i] for i in chosen):
            spun = spinner.spin(str(row.original))
            gold = [(swap.start, swap.end) for swap in spun.substitutions]
            yield MarkedText(spun.text, gold, "spun", "dev", str(row.article_id))


def read_experts_texts(
    folder: Path, test_set: str, share: float, split: str = "dev"
) -> Iterator[MarkedText]:
    """Machine translations in which experts marked what is wrong, a share of them."""
    frame = load_error_spans(folder, test_set)
    versions = frame["system"] + " " + frame["article_id"]
    frame = frame[versions.map(lambda v: hash_fraction(f"experts {v}") < share)]
    for (_, article_id), group in frame.groupby(["system", "article_id"]):
        text, gold = "", []
        for row in group.itertuples():
            gold += [(len(text) + int(start), len(text) + int(end)) for start, end in row.marks]
            text += f"{row.text}\n"
        yield MarkedText(text, gold, "experts", split, str(article_id))


def write_word_counts(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """How often machines put a word, and how often humans write it beside which."""
    pairs = list(work_files.iterate_labelled_pairs(work, work_files.MEMORY_PAIRS))
    common_words = work_files.read_common_words(work)
    used = set(pd.read_parquet(work / PAIRS, columns=["article_id"])["article_id"])
    memory = count_machine_words(pairs, kinds=(TRANSLATED,))
    human = list_human_sentences(settings.corpora, pairs, common_words, used)
    counts = count_cooccurrences(human)
    folder = fresh / WORD_COUNTS
    folder.mkdir()
    arrays: dict[str, npt.NDArray[Any]] = {
        "words": memory.words,
        "pairs": memory.pairs,
        "table": counts.table,
        "counted": np.array([counts.words]),
    }
    work_files.write_arrays(folder / "counts.safetensors", arrays)
    work_files.write_json(folder / "suggestions.json", memory.suggestions)


def list_human_sentences(
    folder: Path, pairs: Sequence[LabelledPair], common_words: frozenset[str], used: set[str]
) -> Iterator[MaskedSentence]:
    """Human sentences whose words are counted: of the labelled pairs, and of articles beside.

    Args:
        folder: where the training corpora lie.
        pairs: labelled pairs of the training split.
        common_words: what their sentences were masked with.
        used: articles that are fitted or measured on; these are left out, and so are all of the
            test split.
    """
    yield from (pair.original for pair in pairs)
    human = load_human_news(folder)
    for row in human[human["split"] != "train"].itertuples():
        is_test = hash_fraction(f"pair {row.article_id}") < 0.5
        if not is_test and row.article_id not in used:
            for sentence in split_sentences(str(row.text)):
                if sentence.kind == "sentence":
                    yield mask_sentence(sentence.text, common_words)


def _read_word_counts(folder: Path) -> tuple[WordMemory, CooccurrenceCounts]:
    arrays = work_files.read_arrays(folder / "counts.safetensors")
    suggestions = work_files.read_json(folder / "suggestions.json")
    memory = WordMemory(arrays["words"], arrays["pairs"], suggestions)
    return memory, CooccurrenceCounts(arrays["table"], float(arrays["counted"][0]))


def write_spans(settings: ShippedSettings, work: Path, fresh: Path) -> None:
    """What finds a machine's words, and its figures on the test split."""
    detector = work_files.load_detector(work)
    models = FoldModels.read(work / work_files.FOLD_MODELS, work / DOCUMENTS)
    read = partial(_read_text, detector, models)
    copies = work_files.read_marked_texts(work / MARKED_COPIES)
    texts = work_files.read_marked_texts(work / MARKED_TEXTS)
    finder = fit_finder(read, *_read_word_counts(work / WORD_COUNTS), copies, texts, settings)
    (fresh / FINDER).mkdir()
    for name, part in finder.to_parts().items():
        if name.endswith(".json"):
            work_files.write_json(fresh / FINDER / name, part)
        else:
            work_files.write_arrays(fresh / FINDER / name, part)
    figures = measure_artifacts(read, finder, [t for t in copies if t.split == "test"])
    experts = [t for t in texts if t.split == "test"]
    figures["experts"] = measure_experts_marks(read, finder, experts)
    work_files.write_json(fresh / FIGURES, figures)


def _read_text(
    detector: Detector, models: FoldModels, text: MarkedText
) -> tuple[DocumentFeatures, float]:
    """A text's features and score, by models that were fitted on other articles than its own."""
    features = detector.extractor.extract(detector.extractor.read(text.text))
    article = models.articles.get(text.text, text.article_id)
    return models.judge(features, article, detector.measure_log_odds)


def fit_finder(
    read: Reader,
    memory: WordMemory,
    counts: CooccurrenceCounts,
    copies: Sequence[MarkedText],
    texts: Sequence[MarkedText],
    settings: ShippedSettings,
) -> ArtifactFinder:
    """Fit the model of words, and choose from which log-odds a word is shown.

    The model is fitted on one part of the development articles, how much is shown is chosen on
    those of the other.

    Args:
        read: measures the texts.
        memory: see `count_machine_words`.
        counts: see `count_cooccurrences`.
        copies: copies and human originals of both splits.
        texts: further texts to fit on.
        settings: of the recipe.
    """
    development = [t for t in copies if t.split == "dev" and not t.held_out]
    rest = [t for t in development if not _is_fitted(t)]
    fitted = [t for t in [*development, *texts] if t.split == "dev" and _is_fitted(t)]

    def judge(chosen: Iterable[MarkedText], *groups: str) -> JudgedWords:
        of_groups = [t for t in chosen if t.group in groups]
        # Most of the time goes into the encoder, which runs outside of Python: threads do.
        parts = Parallel(n_jobs=count_cores(), prefer="threads")(
            delayed(judge_words)(memory, measure_texts(read, part), counts)
            for part in _cut(of_groups)
        )
        return reduce(JudgedWords.join, parts)

    human, translated = judge(fitted, "human"), judge(fitted, "translated", "experts")
    model = fit_word_model(human, translated, judge(fitted, "spun"), settings.seed)
    shown = measure_texts(read, (t for t in rest if t.group == "human"))
    levels = choose_levels(
        ArtifactFinder(memory, model, counts),
        ((features, log_odds) for features, log_odds, _ in shown),
    ).levels
    balance = choose_balance(model, judge(rest, "translated"))
    model = replace(model, levels=dict(levels) | {BALANCED: balance})
    return ArtifactFinder(memory, model, counts)


def _cut(texts: Sequence[MarkedText]) -> list[Sequence[MarkedText]]:
    return [texts[at : at + _TEXTS_AT_ONCE] for at in range(0, len(texts), _TEXTS_AT_ONCE)]


def _is_fitted(text: MarkedText) -> bool:
    """Whether the model of words is fitted on the text's article, rather than its levels."""
    return hash_fraction(f"words {text.article_id}") < _FITTED_SHARE


def measure_texts(read: Reader, texts: Iterable[MarkedText]) -> Iterator[Measured]:
    """Each text with its features and marks; a text of which nothing is judged is left out."""
    for text in texts:
        features, log_odds = read(text)
        if features.judged:
            if text.marks is None:
                marks = mark_spans(PlacedWords.locate(features), text.gold)
            else:
                marks = [np.nan if mark is None else mark for mark in text.marks]
            yield features, log_odds, marks


def measure_artifacts(
    read: Reader, finder: ArtifactFinder, texts: Sequence[MarkedText]
) -> dict[str, Any]:
    """Precision, recall and F1 of shown spans by group, and how many human texts show."""
    pairs = list(zip(texts, _show_all(read, finder, texts), strict=True))
    figures: dict[str, Any] = {}
    for level in finder.model.levels:
        for group in ("translated", "spun"):
            counts = [spans[level] for t, (_, spans) in pairs if t.group == group]
            figures[f"{group}, {level}"] = {"documents": len(counts), **summarize_spans(counts)}
        human = [of_text for text, of_text in pairs if text.group == "human"]
        spans, words = sum(s[level]["spans"] for _, s in human), sum(w for w, _ in human)
        figures[f"people, {level}"] = {
            "documents": len(human),
            "spans per 500 words": 500 * spans / max(1, words),
        }
    return figures


def measure_experts_marks(
    read: Reader, finder: ArtifactFinder, texts: Sequence[MarkedText]
) -> dict[str, Any]:
    """Shown spans against what experts marked in machine translations from Chinese."""
    shown = [spans for words, spans in _show_all(read, finder, texts) if words]
    return {
        level: {"documents": len(shown), **summarize_spans(spans[level] for spans in shown)}
        for level in finder.model.levels
    }


def _show_all(
    read: Reader, finder: ArtifactFinder, texts: Sequence[MarkedText]
) -> list[tuple[int, dict[str, dict[str, float]]]]:
    """`_show` of each text."""
    shown: list[tuple[int, dict[str, dict[str, float]]]] = Parallel(
        n_jobs=count_cores(), prefer="threads"
    )(delayed(_show)(read, finder, text) for text in texts)
    return shown


def _show(
    read: Reader, finder: ArtifactFinder, text: MarkedText
) -> tuple[int, dict[str, dict[str, float]]]:
    """The judged words of a text, and by level what `measure_spans` counts of shown spans."""
    features, log_odds = read(text)
    counts = {}
    for level in finder.model.levels:
        spans = [(a.start, a.end) for a in finder.find(features, log_odds, level)]
        counts[level] = measure_spans(spans, text.gold) | {"spans": len(spans)}
    return features.words, counts
