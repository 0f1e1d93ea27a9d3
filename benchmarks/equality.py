"""Do verdicts, artifacts and comparisons stay what they were? For changes that must not show.

Judges texts and pairs of the training corpora in every setting and keeps what was said of each: all
figures to the last digit, offsets and kinds, but no names of columns, no signature and no text.

    python benchmarks/equality.py record --corpora FOLDER --output before.json.gz
    python benchmarks/equality.py check --corpora FOLDER --against before.json.gz
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from detector import Detector

SEED = 20260101
ARTIFACT_SETTINGS = ("few", "many", "all", "none")
RATES = (0.05, 0.01, 0.001)
COMPARISON_RATES = (0.05, 0.01, 0.005)
#: File, columns that hold whole texts, texts drawn.
TEXTS = (
    ("human_articles.parquet", ("text",), 120),
    ("human_news.parquet", ("text",), 40),
    ("edited_articles.parquet", ("text",), 30),
    ("roundtrip_documents.parquet", ("text",), 80),
    ("translated_documents.parquet", ("human", "text"), 40),
    ("paraphrased_documents.parquet", ("text",), 30),
)
#: File, copy, original, pairs drawn.
PAIRS = (
    ("roundtrip_documents.parquet", "text", "original", 50),
    ("translated_documents.parquet", "text", "human", 20),
    ("paraphrased_documents.parquet", "text", "original", 20),
    ("language_model_articles.parquet", "text", "original", 20),
)


def main() -> None:
    arguments = _parse_arguments()
    said = dict(judge(arguments.corpora))
    if arguments.action == "record":
        with gzip.open(arguments.output, "wt") as stream:
            json.dump(said, stream)
        print(f"{len(said):,} answers recorded in {arguments.output}")
        return
    with gzip.open(arguments.against, "rt") as stream:
        before = json.load(stream)
    different = [key for key in sorted(before | said) if before.get(key) != said.get(key)]
    for key in different[:20]:
        print(f"{key}: {_find_difference(before.get(key), said.get(key))}")
    print(f"{len(said):,} answers, {len(different):,} differ")
    sys.exit(bool(different))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("record", "check"))
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    needed = "output" if arguments.action == "record" else "against"
    if getattr(arguments, needed) is None:
        parser.error(f"{arguments.action} needs --{needed}")
    return arguments


def judge(folder: Path) -> Iterator[tuple[str, Any]]:
    """What the detector says of every text and pair, in every setting, under a key each."""
    detector = Detector.load()
    for name, text in _draw_texts(folder):
        for setting in ARTIFACT_SETTINGS:
            verdict = detector.score(text, artifacts=setting)
            yield f"{name} artifacts={setting}", _flatten_verdict(verdict)
        for rate in RATES:
            verdict = detector.score(text, false_positive_rate=rate, artifacts="none")
            yield f"{name} rate={rate}", [verdict.flagged, verdict.threshold, verdict.reason]
    for name, copy, original in _draw_pairs(folder):
        for rate in COMPARISON_RATES:
            comparison = detector.compare(copy, original, false_positive_rate=rate)
            yield f"{name} rate={rate}", _flatten_comparison(comparison)


def _draw_texts(folder: Path) -> Iterator[tuple[str, str]]:
    for file, columns, count in TEXTS:
        frame = pd.read_parquet(folder / file).sample(count, random_state=SEED)
        for column in columns:
            for row, text in zip(frame.index, frame[column], strict=True):
                yield f"{file} {column} {row}", text


def _draw_pairs(folder: Path) -> Iterator[tuple[str, str, str]]:
    for file, copy, original, count in PAIRS:
        frame = pd.read_parquet(folder / file).sample(count, random_state=SEED)
        for row, left, right in zip(frame.index, frame[copy], frame[original], strict=True):
            yield f"pair {file} {row}", left, right


def _flatten_verdict(verdict: Any) -> list[Any]:
    return [
        verdict.probability,
        verdict.label,
        list(verdict.class_probabilities.values()),
        verdict.flagged,
        verdict.threshold,
        verdict.reason,
        verdict.words,
        verdict.language,
        [[s.start, s.end, s.kind, list(s.contributions.values())] for s in verdict.sentences],
        [[a.start, a.end, a.kind, a.score, a.suggestion] for a in verdict.artifacts],
    ]


def _flatten_comparison(comparison: Any) -> list[Any]:
    return [
        comparison.relation,
        list(comparison.class_probabilities.values()),
        comparison.probability,
        comparison.flagged,
        comparison.threshold,
        comparison.reason,
        comparison.coverage,
        comparison.original_coverage,
        [
            [a.kind, list(a.sentences), list(a.original_sentences), a.similarity, a.moved]
            for a in comparison.alignment
        ],
        [
            [s.start, s.end, s.original_start, s.original_end, s.kind, s.score]
            for s in comparison.substitutions
        ],
        list(comparison.features.values()),
        _flatten_verdict(comparison.verdict)[:-1],
        _flatten_verdict(comparison.original_verdict)[:-1],
    ]


def _find_difference(before: Any, now: Any, place: str = "") -> str:
    """Where two answers differ first."""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return next(_find_difference(b, n, f"{place}[{i}]") for i, (b, n) in pairs if b != n)
    return f"{place} {str(before)[:200]} is now {str(now)[:200]}"


if __name__ == "__main__":
    main()
