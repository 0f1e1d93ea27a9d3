"""Two models on the same documents, paired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from detector.training.evaluation.metrics import (
    FIGURES,
    count_rows,
    find_too_few,
    iterate_groups,
    iterate_rows,
    prepare_documents,
    resample_figures,
    summarize_figure,
)
from detector.training.evaluation.statistics import RESAMPLES, Floats, summarize_resamples

BETTER, WORSE, UNDECIDED = "better", "worse beyond noise", "no difference to be told"


def compare_models(
    frame: pd.DataFrame,
    scores_a: pd.DataFrame,
    scores_b: pd.DataFrame,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """What model B does otherwise than model A on the same documents, by paired bootstrap.

    Both are measured on the same draws of articles, so what makes an article hard for either is
    not taken for noise. A document that one of them did not judge is left out for both.

    Args:
        frame: documents with ``label``, ``article_id`` and groupings; lengths are those of
            ``words`` in `scores_a`, unless the frame has them.
        scores_a: ``probability``, ``threshold``, ``flagged`` (as `Detector.score_frame` returns
            them) and perhaps ``score``, a row per document of `frame`, in its order.
        scores_b: the same from the other model.
        resamples: of the bootstrap by article.

    Returns:
        ``overall`` and ``by``, as `measure_documents` does; each figure holds ``a``, ``b``,
        ``difference`` (b - a, with interval) and ``verdict``, or is None. Besides ``better`` and
        ``worse``, which name the figures with these verdicts, and ``compared``, the number of
        figures: a fortieth of them comes out better, and one worse, by chance alone.

    Raises:
        ValueError: a column is missing, a label unknown, or the rows are not as many.
    """
    if not len(frame) == len(scores_a) == len(scores_b):
        raise ValueError(
            f"{len(frame)} documents, {len(scores_a)} and {len(scores_b)} scores: "
            "give one row per document"
        )
    a, b = (
        prepare_documents(_judged_by_both(frame, of, scores_a, scores_b))
        for of in (scores_a, scores_b)
    )
    result: dict[str, Any] = {
        "not_judged": len(frame) - len(a),
        "overall": _compare_row(a, b, False, resamples),
        "by": {},
    }
    for grouping, name, of_group, borrowed in iterate_groups(a):
        row = _compare_row(of_group, b.loc[of_group.index], borrowed, resamples)
        result["by"].setdefault(grouping, {})[name] = row
    return result | _list_verdicts(result)


def _judged_by_both(
    frame: pd.DataFrame, scores: pd.DataFrame, scores_a: pd.DataFrame, scores_b: pd.DataFrame
) -> pd.DataFrame:
    both = (scores_a["probability"].notna().to_numpy()) & scores_b["probability"].notna().to_numpy()
    # Of both models the lengths must be the same ones, or the groups would differ.
    words = frame if "words" in frame.columns else scores_a
    columns = [c for c in ("probability", "threshold", "flagged", "score") if c in scores.columns]
    values = {name: scores[name].to_numpy() for name in columns}
    if "words" in words.columns:
        values["words"] = words["words"].to_numpy()
    rest = frame.drop(columns=["probability", "threshold", "flagged", "score"], errors="ignore")
    return rest.assign(**values)[both]


def _compare_row(
    a: pd.DataFrame, b: pd.DataFrame, borrowed: bool, resamples: int
) -> dict[str, Any]:
    counts = count_rows(a)
    too_few = find_too_few(counts)
    if borrowed:
        too_few["false_positive_rate"] = "no human documents of its own"
    row: dict[str, Any] = dict(counts)
    if len(too_few) < len(FIGURES):
        first, second = resample_figures(a, resamples), resample_figures(b, resamples)
    for name in FIGURES:
        row[name] = (
            None if name in too_few else _compare_figure(name, first[name], second[name], counts)
        )
    return row | {"too_few": too_few}


def _compare_figure(
    name: str, a: Floats, b: Floats, counts: Mapping[str, int]
) -> dict[str, Any] | None:
    old, new = summarize_figure(name, a, counts), summarize_figure(name, b, counts)
    difference = summarize_resamples(b - a)
    if old is None or new is None or difference is None:
        return None
    verdict = UNDECIDED
    if difference.low > 0 or difference.high < 0:
        more_is_better, _ = FIGURES[name]
        verdict = BETTER if (difference.low > 0) == more_is_better else WORSE
    return {
        "a": old.to_dict(),
        "b": new.to_dict(),
        "difference": difference.to_dict(),
        "verdict": verdict,
    }


def _list_verdicts(result: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that are better or worse, as "pivot de: auroc", and how many were compared."""
    named: dict[str, list[str]] = {BETTER: [], WORSE: [], UNDECIDED: []}
    for where, row in iterate_rows(result):
        for name in FIGURES:
            if row[name] is not None:
                named[row[name]["verdict"]].append(f"{where}: {name}")
    return {
        "better": named[BETTER],
        "worse": named[WORSE],
        "compared": sum(map(len, named.values())),
    }
