"""Documents with their features, ready to be fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from detector.features.document_features import DocumentFeatures, summarize
from detector.features.extractor import FeatureExtractor
from detector.features.ngrams import hash_words
from detector.model.adapter import MachineFingerprint
from detector.model.classes import SENTENCE_CLASSES
from detector.reasons import explain_form, explain_spelling
from detector.results import ORIGINAL
from detector.training.corpora.splits import hash_fraction
from detector.training.fitting.fingerprints import DocumentFingerprints, join_fingerprints

Floats = npt.NDArray[np.float64]

#: How many documents a process measures before it answers.
_DOCUMENTS_AT_ONCE = 256

#: Parts of the cross-fitting, split by article.
FOLDS = 5

#: Documents are also learnt from in runs of so many sentences: short texts must be judged too.
CROPS = (4, 8, 16)

_MINIMUM_CROP_WORDS = 50

#: A group weighs as much as any other from so many articles on, and less with fewer. Where groups
#: of eleven articles counted like those of hundreds, machine documents were ranked above their
#: originals less often (AUROC .820 instead of .841, development); and a user's fifty articles at
#: full weight cost round trips .16 of what is found at 1 % false positives.
ARTICLES_OF_A_FULL_GROUP = 200


@dataclass(frozen=True)
class FeatureTable:
    """Documents reduced to what the classifier learns from.

    Attributes:
        frame: one row per document: label, group, article_id, pivot, system, rate, split, held_out,
            by_translator, whether a human wrote it as a translation, and `stopped`, whether its
            form or spelling keeps it from being flagged. Retraining adds: `added`,
            whether it came that way; `weight`; `fitted`, whether the scorer learns from it or
            only thresholds do; `guaranteed`, whether its outlet has a rate guaranteed by itself;
            `adapted`, whether it is of the machine that an adapter is fitted to.
        matrices: for each document the features of its judged sentences.
        counts: for each document the words of its judged sentences.
        fingerprints: of whole documents, where they are known.
        fingerprint_measures: (documents, 2), what the fingerprint of a user's machine measured of
            them; None where the model has none.
        embeddings: for each document those of its judged sentences, of which directions are
            fitted; None where they were not kept.
    """

    frame: pd.DataFrame
    matrices: list[npt.NDArray[np.float32]]
    counts: list[npt.NDArray[np.int32]]
    fingerprints: DocumentFingerprints | None = None
    fingerprint_measures: npt.NDArray[np.float32] | None = None
    embeddings: list[npt.NDArray[np.float16]] | None = None

    def select(self, mask: npt.NDArray[np.bool_]) -> FeatureTable:
        """The documents where `mask` holds."""
        rows = np.flatnonzero(mask)
        return FeatureTable(
            self.frame.iloc[rows].reset_index(drop=True),
            [self.matrices[i] for i in rows],
            [self.counts[i] for i in rows],
            None if self.fingerprints is None else self.fingerprints.select(rows),
            None if self.fingerprint_measures is None else self.fingerprint_measures[rows],
            None if self.embeddings is None else [self.embeddings[i] for i in rows],
        )

    def with_fingerprint(self, fingerprint: MachineFingerprint | None) -> FeatureTable:
        """The same documents as a model with this fingerprint measures them, or with none."""
        if fingerprint is None or self.fingerprints is None:
            return replace(self, fingerprint_measures=None)
        return replace(self, fingerprint_measures=self.fingerprints.measure(fingerprint))

    def drop_embeddings(self) -> FeatureTable:
        """The same documents without their sentences' embeddings."""
        return replace(self, embeddings=None)

    @property
    def summaries(self) -> npt.NDArray[np.float32]:
        """(documents, SUMMARY_COLUMNS), and `fingerprint_measures` after them if there are any."""
        summaries = np.stack([summarize(matrix) for matrix in self.matrices])
        if self.fingerprint_measures is None:
            return summaries
        return np.hstack([summaries, self.fingerprint_measures])

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """Judged words of each document."""
        return np.array([c.sum() for c in self.counts])

    def crop(self, sentences: int) -> FeatureTable:
        """A run of `sentences` sentences of each document that has more, its place fixed by id."""
        rows = [i for i, m in enumerate(self.matrices) if len(m) > sentences]
        keys = [f"{sentences}{self.frame['article_id'].iloc[i]}" for i in rows]
        starts = [
            int(hash_fraction(key) * (len(self.matrices[i]) - sentences + 1))
            for i, key in zip(rows, keys, strict=True)
        ]
        runs = [(i, slice(start, start + sentences)) for i, start in zip(rows, starts, strict=True)]
        cropped = FeatureTable(
            self.frame.iloc[rows].reset_index(drop=True),
            [self.matrices[i][run] for i, run in runs],
            [self.counts[i][run] for i, run in runs],
            embeddings=self.embeddings and [self.embeddings[i][run] for i, run in runs],
        )
        return cropped.select(cropped.words >= _MINIMUM_CROP_WORDS)

    def with_crops(self) -> FeatureTable:
        """The documents and their crops."""
        return concatenate([self.with_fingerprint(None), *(self.crop(n) for n in CROPS)])

    def average(self) -> DocumentAverages:
        """The documents and their crops, each averaged over its sentences."""
        parts = self.with_crops()
        means = None
        if parts.embeddings is not None:
            means = np.stack([e.astype(np.float64).mean(0) for e in parts.embeddings])
        return DocumentAverages(
            parts.frame, parts.summaries, parts.words, len(self.frame), embeddings=means
        )


@dataclass(frozen=True)
class DocumentAverages:
    """Documents and their crops, each averaged over its sentences; whole documents come first.

    Attributes:
        frame: a row of each, with the columns that `FeatureTable` names.
        summaries: (rows, SUMMARY_COLUMNS).
        words: (rows,) judged words of each.
        count: how many of the rows are whole documents.
        embeddings: (rows, width), means of the sentences' embeddings; None where these were not
            kept.
    """

    frame: pd.DataFrame
    summaries: npt.NDArray[np.float32]
    words: npt.NDArray[np.int64]
    count: int
    embeddings: Floats | None = None

    @property
    def whole(self) -> DocumentAverages:
        """The documents without their crops."""
        return self.select(np.arange(len(self.frame)) < self.count)

    def select(self, mask: npt.NDArray[np.bool_]) -> DocumentAverages:
        """The rows where `mask` holds."""
        return DocumentAverages(
            self.frame[mask].reset_index(drop=True),
            self.summaries[mask],
            self.words[mask],
            int(mask[: self.count].sum()),
            None if self.embeddings is None else self.embeddings[mask],
        )


def concatenate(parts: Sequence[FeatureTable]) -> FeatureTable:
    """Several collections as one."""
    embeddings = None
    if all(p.embeddings is not None for p in parts):
        embeddings = [e for p in parts for e in p.embeddings or []]
    return FeatureTable(
        pd.concat([p.frame for p in parts], ignore_index=True),
        [m for p in parts for m in p.matrices],
        [c for p in parts for c in p.counts],
        join_fingerprints([p.fingerprints for p in parts]),
        embeddings=embeddings,
    )


def extract_features(
    frame: pd.DataFrame, extractor: FeatureExtractor, keep_embeddings: bool = False
) -> FeatureTable:
    """The features of each document of `frame` (column ``text``).

    Documents in which no sentence is judged are left out.
    """
    matrices, counts, kept, stopped = [], [], [], []
    embeddings, means, words = [], [], []
    for row, text in enumerate(frame["text"]):
        document = extractor.extract(extractor.read(text))
        if document.judged:
            kept.append(row)
            stopped.append(bool(explain_form(document) or explain_spelling(document)))
            matrices.append(document.matrix)
            counts.append(_count_words(document))
            means.append(document.embedding)
            words.append(hash_words(document.judged_sentences))
            if keep_embeddings:
                embeddings.append(document.embeddings.astype(np.float16))
    rest = frame.drop(columns="text").iloc[kept].reset_index(drop=True).assign(stopped=stopped)
    fingerprints = DocumentFingerprints(np.stack(means), words) if kept else None
    table = FeatureTable(
        rest, matrices, counts, fingerprints, embeddings=embeddings if keep_embeddings else None
    )
    return table.with_fingerprint(extractor.fingerprint)


def extract_in_processes(
    frame: pd.DataFrame, extractor: FeatureExtractor, processes: int
) -> FeatureTable:
    """`extract_features` with embeddings, a part of the documents in each process.

    Args:
        frame: documents, with ``text``.
        extractor: with one thread.
        processes: how many at a time.
    """
    starts = range(0, len(frame), _DOCUMENTS_AT_ONCE)
    parts = [frame.iloc[start : start + _DOCUMENTS_AT_ONCE] for start in starts]
    tables = Parallel(n_jobs=processes)(
        delayed(extract_features)(part, extractor, True) for part in parts
    )
    return concatenate([table for table in tables if len(table.frame)])


def _count_words(document: DocumentFeatures) -> npt.NDArray[np.int32]:
    return np.array([masked.word_count for masked in document.judged_sentences], dtype=np.int32)


def balance(frame: pd.DataFrame) -> Floats:
    """Sample weights: classes count alike, within a class its groups, within a group its documents.

    So an outlet with thousands of articles does not speak for all outlets. A group counts by its
    articles until there are `ARTICLES_OF_A_FULL_GROUP`. Where the frame says so (see
    `FeatureTable`), documents weigh more or less within their group.
    """
    source = frame["group"].where(frame["label"] != "spun", frame["system"])
    keys = [frame["label"], source]
    own = pd.Series(read_column(frame, "weight", 1.0), index=frame.index)
    share = own / own.groupby(keys).transform("sum") * _weigh_groups(frame, keys)
    weights = share / share.groupby(frame["label"]).transform("sum")
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def _weigh_groups(frame: pd.DataFrame, keys: list[pd.Series]) -> Any:
    """How much the group of each document counts: 1, or less for a small one."""
    articles = frame.groupby(keys)["article_id"].transform("nunique")
    return np.minimum(1.0, articles / ARTICLES_OF_A_FULL_GROUP)


def read_column(frame: pd.DataFrame, name: str, default: Any) -> npt.NDArray[Any]:
    """A column that documents of the recipe do not have; they are answered with `default`."""
    if name not in frame.columns:
        return np.full(len(frame), default)
    column = frame[name]
    return column.where(column.notna(), default).astype(type(default)).to_numpy()


def label_classes(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The place of each document's class in `SENTENCE_CLASSES`."""
    classes = frame["label"].replace(ORIGINAL, "native").astype(object)
    classes[frame["by_translator"].astype(bool)] = "human_translation"
    return classes.map(SENTENCE_CLASSES.index).to_numpy(dtype=np.int64)


def assign_folds(article_ids: pd.Series, folds: int) -> npt.NDArray[np.int64]:
    """The fold of each row, which depends on its article alone.

    So a model that was fitted on more articles has the old ones in the same folds, and the two
    can be compared on them without the noise of other folds.
    """
    fold_of = {i: int(hash_fraction(f"fold {i}") * folds) for i in article_ids.unique()}
    return article_ids.map(fold_of).to_numpy(dtype=np.int64)
