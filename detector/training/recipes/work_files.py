"""How the steps of a recipe keep what they make: arrays, tables and pairs, without loss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.detector import Detector
from detector.features.encoder import SentenceEncoder
from detector.features.extractor import FeatureExtractor
from detector.features.ngram_language_model import NgramLanguageModel
from detector.model.bundle_writing import pack_arrays
from detector.model.document_classifier import DocumentClassifier
from detector.model.linear import LinearScorer
from detector.model.sentence_scorer import SentenceScorer
from detector.training.corpora.labelled_pairs import LabelledPair, label_pair
from detector.training.fitting.comparison import PairFeatureTable
from detector.training.fitting.feature_table import FeatureTable
from detector.training.fitting.fingerprints import DocumentFingerprints

Arrays = dict[str, npt.NDArray[Any]]

# Names of what the steps write, where several steps read it.
MEMORY_PAIRS = "memory_pairs.parquet"
COMMON_WORDS = "common_words.json"
ENCODER, HEADS, TUNING_LOG = "encoder", "heads.safetensors", "encoder_tuning"
#: The tuned encoder and its heads, where `joint_encoder` has yet to join another to it.
TUNED_ENCODER, TUNED_HEADS = "tuned_encoder", "tuned_heads.safetensors"
SENTENCE_MODELS, LANGUAGE_MODEL = "sentence_models.safetensors", "ngram_language_model.safetensors"
DIRECTIONS, CLASSIFIER = "directions.safetensors", "classifier.safetensors"
#: The same of all articles but a fold's, see `recipes.fold_models`.
FOLD_MODELS = "fold_models"

#: What a detector without comparison and spans is loaded from.
SCORING_FILES = (
    ENCODER, HEADS, COMMON_WORDS, SENTENCE_MODELS, LANGUAGE_MODEL, DIRECTIONS, CLASSIFIER,
)  # fmt: skip


def write_json(path: Path, value: Any) -> None:
    """A JSON file."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """What `write_json` wrote."""
    return json.loads(path.read_bytes())


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """A safetensors file."""
    path.write_bytes(pack_arrays(arrays))


def read_arrays(path: Path) -> Arrays:
    """What `write_arrays` wrote."""
    from safetensors.numpy import load_file

    return load_file(path)


def iterate_labelled_pairs(work: Path, name: str) -> Iterator[LabelledPair]:
    """The pairs that a step wrote, one by one, with the columns of `recipes.pairs.SourcePair`."""
    common_words = read_common_words(work)
    for row in pd.read_parquet(work / name).itertuples():
        marks = None if row.marks is None else [(int(start), int(end)) for start, end in row.marks]
        yield label_pair(row.original, row.text, row.kind, common_words, marks, row.is_translation)


def read_common_words(work: Path) -> frozenset[str]:
    """The words that are usually written small."""
    return frozenset(read_json(work / COMMON_WORDS))


def write_feature_table(folder: Path, table: FeatureTable) -> None:
    """Documents with their features, and with their embeddings where these were kept."""
    folder.mkdir()
    table.frame.to_parquet(folder / "documents.parquet")
    arrays = {
        "matrix": np.concatenate(table.matrices),
        "counts": np.concatenate(table.counts),
        "sizes": np.array([len(matrix) for matrix in table.matrices]),
    }
    if table.embeddings is not None:
        arrays["embeddings"] = np.concatenate(table.embeddings)
    write_arrays(folder / "features.safetensors", arrays)
    if table.fingerprints is not None:
        write_arrays(folder / "fingerprints.safetensors", table.fingerprints.to_arrays())


def read_feature_table(folder: Path) -> FeatureTable:
    """What `write_feature_table` wrote; fingerprints as they come back out of a model."""
    arrays = read_arrays(folder / "features.safetensors")
    bounds = np.cumsum(arrays["sizes"])[:-1]
    prints = folder / "fingerprints.safetensors"
    return FeatureTable(
        pd.read_parquet(folder / "documents.parquet"),
        np.split(arrays["matrix"], bounds),
        np.split(arrays["counts"], bounds),
        DocumentFingerprints.from_arrays(read_arrays(prints)) if prints.exists() else None,
        embeddings=np.split(arrays["embeddings"], bounds) if "embeddings" in arrays else None,
    )


def write_pair_features(folder: Path, table: PairFeatureTable) -> None:
    """Pairs with what is measured of each and of its substitutions."""
    folder.mkdir()
    table.frame.to_parquet(folder / "pairs.parquet")
    write_arrays(
        folder / "features.safetensors",
        {
            "columns": table.columns,
            "substitutions": np.concatenate(table.substitutions),
            "sizes": np.array([len(rows) for rows in table.substitutions]),
        },
    )


def read_pair_features(folder: Path) -> PairFeatureTable:
    """What `write_pair_features` wrote."""
    arrays = read_arrays(folder / "features.safetensors")
    substitutions = np.split(arrays["substitutions"], np.cumsum(arrays["sizes"])[:-1])
    return PairFeatureTable(
        pd.read_parquet(folder / "pairs.parquet"), arrays["columns"], substitutions
    )


@dataclass(frozen=True)
class MarkedText:
    """A text with what is known of its words.

    Attributes:
        text: as it is read.
        gold: spans of `text` that are a machine's choice, ``(start, end)``.
        group: "translated", "spun", "experts" or "human".
        split: "dev" or "test".
        article_id: which article it is of.
        held_out: its pivot, system or synonyms were never trained on.
        marks: for each word of its judged sentences 1 where it is a machine's choice, 0, or None
            for neither; where `marks` is None, the words in `gold` are the machine's.
    """

    text: str
    gold: list[tuple[int, int]]
    group: str
    split: str
    article_id: str
    held_out: bool = False
    marks: list[float | None] | None = None


def write_marked_texts(path: Path, texts: Iterable[MarkedText]) -> None:
    """A JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(text), ensure_ascii=False) + "\n" for text in texts)


def read_marked_texts(path: Path) -> list[MarkedText]:
    """What `write_marked_texts` wrote."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [MarkedText(**row | {"gold": [(a, b) for a, b in row["gold"]]}) for row in rows]


def load_extractor(work: Path, threads: int | None = None, memory: int = 0) -> FeatureExtractor:
    """The extractor of the work folder's encoder and sentence models, without directions.

    Args:
        work: the work folder.
        threads: of the encoder; all cores unless told.
        memory: see `SentenceEncoder`.
    """
    models = read_arrays(work / SENTENCE_MODELS)
    return FeatureExtractor(
        SentenceEncoder(work / ENCODER, threads, memory),
        read_arrays(work / HEADS),
        read_common_words(work),
        LinearScorer.from_arrays(models, "lexical"),
        LinearScorer.from_arrays(models, "style"),
        NgramLanguageModel.from_arrays(read_arrays(work / LANGUAGE_MODEL)),
    )


def pack_sentence_features(work: Path) -> Arrays:
    """Heads and linear models as a model folder holds them: the large one in half precision."""
    models = read_arrays(work / SENTENCE_MODELS)
    halved = {k: v.astype(np.float16) for k, v in models.items() if k.startswith("lexical")}
    return read_arrays(work / HEADS) | models | halved | read_arrays(work / DIRECTIONS)


def load_detector(work: Path, threads: int | None = None, memory: int = 0) -> Detector:
    """A detector of what the work folder holds, as it will score, and without the rest.

    Args:
        work: the work folder.
        threads: of the encoder; all cores unless told.
        memory: see `SentenceEncoder`.
    """
    extractor, packed = load_extractor(work, threads, memory), pack_sentence_features(work)
    extractor.lexical = LinearScorer.from_arrays(packed, "lexical")
    extractor.directions = LinearScorer.from_arrays(packed, "directions")
    fitted = read_arrays(work / CLASSIFIER)
    return Detector(
        extractor,
        DocumentClassifier.from_arrays(fitted),
        SentenceScorer.from_arrays(fitted),
        "work",
    )
