"""Train a model: from a user's labelled pairs, or the shipped one from the public corpora."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.bundle import Bundle, write_bundle
from detector.classifier import DocumentClassifier
from detector.errors import DetectorError
from detector.evidence import EVIDENCE_COLUMNS, EvidenceGatherer, SentenceScorer
from detector.training.fit import (
    FittedClassifier,
    GatheredDocuments,
    concatenate,
    fit_classifier,
    gather_documents,
)
from detector.training.pairs import checksum_file
from detector.verdict import ORIGINAL, SPUN, TRANSLATED

KINDS = {"translated": TRANSLATED, "roundtrip": TRANSLATED, "spun": SPUN}
FEWEST_ARTICLES = 8
_WEIGHTS_LICENCE = "Apache-2.0"


class PairsError(DetectorError):
    """Labelled pairs that cannot be trained on; the message names file and rows."""


def read_pairs(paths: Sequence[Path]) -> pd.DataFrame:
    """Labelled pairs from CSV or Parquet files.

    Columns ``original`` and ``text`` are needed; ``kind`` (translated, spun; translated unless
    told), ``pivot``, ``system`` and ``article_id`` are used where they are there.

    Raises:
        PairsError: a file cannot be read, a column is missing, a kind is unknown or a text empty;
            the message names file and rows.
    """
    frames = [_check_pairs(_read_table(path), path) for path in paths]
    if not frames:
        raise PairsError("no file of pairs was given")
    return pd.concat(frames, ignore_index=True)


def _read_table(path: Path) -> pd.DataFrame:
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise PairsError(f"{path}: give pairs as .csv or .parquet")
    try:
        return read(path)
    except (OSError, ValueError) as error:
        raise PairsError(f"{path}: cannot be read: {error}") from error


def _check_pairs(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    if missing := [c for c in ("original", "text") if c not in frame.columns]:
        raise PairsError(
            f"{path}: has no column {' and no column '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, frame.columns))}"
        )
    if frame.empty:
        raise PairsError(f"{path}: has no rows")
    frame = frame.copy()
    frame["kind"] = frame["kind"].fillna(TRANSLATED) if "kind" in frame.columns else TRANSLATED
    _refuse_rows(path, ~frame["kind"].isin(KINDS), f"kind is none of {', '.join(KINDS)}")
    for column in ("original", "text"):
        empty = frame[column].isna() | (frame[column].astype(str).str.strip() == "")
        _refuse_rows(path, empty, f"{column} is empty")
    _refuse_rows(path, frame["original"] == frame["text"], "original and text are the same")
    for column in ("pivot", "system"):
        frame[column] = frame[column].fillna("") if column in frame.columns else ""
    # Where an id is missing each original is its own article.
    own = "original " + pd.Series(pd.factorize(frame["original"])[0], index=frame.index).astype(str)
    if "article_id" in frame.columns:
        given = frame["article_id"].convert_dtypes().astype("string")
        own = given.where(given.notna(), own)
    frame["article_id"] = f"{path.with_suffix('')}/" + own.astype(str)
    return frame[["original", "text", "kind", "pivot", "system", "article_id"]]


def _refuse_rows(path: Path, bad: pd.Series, problem: str) -> None:
    rows = np.flatnonzero(bad.to_numpy())
    if len(rows):
        # Row 1 is the header of a CSV.
        named = ", ".join(str(r + 2) for r in rows[:5]) + (" …" if len(rows) > 5 else "")
        raise PairsError(f"{path}: row {named}: {problem}; mend or remove")


def make_documents(pairs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Whole documents of pairs: each article once as its original, once per version.

    Rows of one article, kind, pivot and system are its sentences or paragraphs, in order.
    """
    # The same original again, with nothing else to tell them apart, is another version of it.
    keys = ["article_id", "kind", "pivot", "system"]
    version = pairs.groupby([*keys, "original"], sort=False).cumcount()
    pairs = pairs.assign(version=version)
    keys.append("version")
    machine = pairs.groupby(keys, sort=False)["text"].agg("\n".join).reset_index()
    machine["label"] = machine["kind"].map(KINDS)
    first = pairs.drop_duplicates(["article_id", "original"])
    human = first.groupby("article_id", sort=False)["original"].agg("\n".join)
    originals = human.rename("text").reset_index().assign(label=ORIGINAL, pivot="", system="")
    documents = pd.concat([originals, machine.drop(columns=["kind", "version"])], ignore_index=True)
    return documents.assign(group=group, rate=0.0, split="dev", held_out=False, by_translator=False)


def train_on_pairs(paths: Sequence[Path], base: Path | None, output: Path, seed: int) -> Bundle:
    """Fit a new document classifier on labelled pairs and write it with the base's encoder.

    The evidence that the base model was trained on is kept in it and takes part, so new pairs
    add to what it knows.

    Args:
        paths: files of pairs, see `read_pairs`.
        base: the model folder to start from; the shipped one unless told.
        output: where the new model goes.
        seed: recorded; fitting itself draws nothing.

    Raises:
        PairsError: the pairs cannot be read or are too few.
        BundleError: the base cannot be used, or `output` holds something other than a model.
    """
    pairs = read_pairs(paths)
    articles = pairs["article_id"].nunique()
    if articles < FEWEST_ARTICLES:
        raise PairsError(
            f"{articles} articles are too few to learn from and hold some back; "
            f"give at least {FEWEST_ARTICLES}"
        )
    bundle = Bundle.open(base)
    gatherer = EvidenceGatherer.from_bundle(bundle)
    new = gather_documents(make_documents(pairs, "user pairs"), gatherer)
    old = unpack_evidence(bundle.read_arrays("training_evidence.safetensors"), bundle)
    documents = concatenate([old, new])
    fitted = fit_classifier(documents)
    scorer = SentenceScorer.from_arrays(bundle.read_arrays("classifier.safetensors"))
    kept = ("encoder", "evidence.safetensors", "common_words.json", "idiom.safetensors")
    corpora = dict(bundle.manifest.corpora) | {
        path.name: {"sha256": checksum_file(path), "rows": len(_read_table(path))} for path in paths
    }
    return write_bundle(
        output,
        {name: bundle.path(name) for name in kept}
        | classifier_parts(fitted.classifier, scorer, documents),
        name=output.name,
        seed=seed,
        corpora=corpora,
        thresholds={str(row["false_positive_rate"]): row for row in fitted.threshold_table},
        figures={
            "note": "figures of the base model do not hold for this one; measure it",
            "out of fold": summarize_fit(fitted, documents),
        },
        licence=_WEIGHTS_LICENCE,
        provenance=f"classifier refitted on {', '.join(p.name for p in paths)}, on top of "
        f"{bundle.identifier}. {bundle.manifest.provenance}",
    )


def summarize_fit(fitted: FittedClassifier, documents: GatheredDocuments) -> dict[str, Any]:
    """Out-of-fold AUROC of each group of machine documents against all human ones."""
    from sklearn.metrics import roc_auc_score

    frame, scores = documents.frame, fitted.out_of_fold
    human = (frame["label"] == ORIGINAL).to_numpy()
    result: dict[str, Any] = {}
    for (group, label), rows in frame[~human].groupby(["group", "label"]):
        chosen = np.concatenate([scores[human], scores[rows.index.to_numpy()]])
        positive = np.concatenate([np.zeros(human.sum()), np.ones(len(rows))])
        result[f"{group}, {label}"] = {
            "documents": len(rows),
            "auroc": round(float(roc_auc_score(positive, chosen)), 4),
        }
    return result


def classifier_parts(
    classifier: DocumentClassifier, scorer: SentenceScorer, documents: GatheredDocuments
) -> dict[str, Any]:
    """The parts of a model folder that a refit replaces."""
    arrays, frame = pack_evidence(documents)
    return {
        "classifier.safetensors": classifier.to_arrays() | scorer.to_arrays(),
        "training_evidence.safetensors": arrays,
        "training_documents.json": frame,
    }


def pack_evidence(documents: GatheredDocuments) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Training evidence as compact arrays (no text), and what each document was."""
    arrays = {
        "matrix": np.concatenate(documents.matrices).astype(np.float16),
        "counts": np.concatenate(documents.counts).astype(np.uint16),
        "sizes": np.array([len(m) for m in documents.matrices], dtype=np.int32),
    }
    return arrays, json.loads(documents.frame.to_json(orient="records"))


def unpack_evidence(arrays: dict[str, Any], bundle: Bundle) -> GatheredDocuments:
    """What `pack_evidence` kept."""
    if arrays["matrix"].shape[1] != len(EVIDENCE_COLUMNS):
        raise PairsError(f"{bundle.folder}: its evidence is of another version; use a newer base")
    bounds = np.cumsum(arrays["sizes"])[:-1]
    return GatheredDocuments(
        pd.DataFrame(bundle.read_json("training_documents.json")),
        np.split(arrays["matrix"].astype(np.float32), bounds),
        np.split(arrays["counts"].astype(np.int32), bounds),
    )
