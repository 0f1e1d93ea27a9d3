"""A worse model is told from one that differs by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from detector.model.thresholds import Thresholds
from detector.training.evaluation.model_comparison import WORSE
from detector.training.evaluation.regression_check import (
    ScoredSet,
    bound_below,
    compare_sets,
    describe_scores,
    find_broken_guarantees,
    find_faults,
    format_side_by_side,
    score_directly,
)
from detector.training.evaluation.scored_documents import score_documents
from detector.training.fitting.thresholds import bound_above

if TYPE_CHECKING:
    from conftest import DrawDocuments

    from detector.model.document_classifier import DocumentClassifier


def draw_set(
    classifier: DocumentClassifier, new_shift: float, seed: int = 1, of_user: bool = False
) -> ScoredSet:
    """300 human documents and 200 machine ones; the new model gives machines `new_shift` more."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "label": ["original"] * 300 + ["spun"] * 200,
            "article_id": [str(n) for n in range(500)],
            "system": [""] * 300 + ["spinner", "other"] * 100,
            "pivot": "",
            "group": "gazette",
            "by_translator": False,
        }
    )
    words = rng.integers(100, 900, 500)
    standard = rng.normal(0.0, 1.0, 500) + 2.5 * (frame["label"] == "spun")
    moved = standard + rng.normal(0.0, 0.05, 500) + new_shift * (frame["label"] == "spun")
    shift = classifier.thresholds[0.01] - 2.4
    free = np.zeros(500, dtype=bool)
    old, new = (describe_scores(classifier, z + shift, words, free) for z in (standard, moved))
    return ScoredSet.of("a set", frame, old, new, of_user)


def test_chance_is_no_fault(synthetic_classifier: DocumentClassifier) -> None:
    comparison = compare_sets(
        [draw_set(synthetic_classifier, 0.0)], synthetic_classifier, synthetic_classifier
    )
    assert comparison.faults == []
    assert "spinner" in str(comparison)


def test_a_loss_is_a_fault_and_named(synthetic_classifier: DocumentClassifier) -> None:
    comparison = compare_sets(
        [draw_set(synthetic_classifier, -0.7)], synthetic_classifier, synthetic_classifier
    )
    assert any("a set, system spinner: TPR at the threshold" in f for f in comparison.faults)
    assert any("a set, overall: AUROC" in f for f in comparison.faults)


def test_a_gain_is_no_fault(synthetic_classifier: DocumentClassifier) -> None:
    gained = draw_set(synthetic_classifier, 0.7)
    assert compare_sets([gained], synthetic_classifier, synthetic_classifier).faults == []


def test_more_false_positives_within_the_guarantee_are_no_fault() -> None:
    def row(before: float, after: float) -> dict[str, Any]:
        cell = {
            "a": {"value": before},
            "b": {"value": after},
            "difference": {"value": after - before, "low": 0.004, "high": 0.04},
            "verdict": WORSE,
        }
        return {"false_positive_rate": cell}

    outlets = {"gazette": row(0.0, 0.02), "courier": row(0.0, 0.009)}
    figures = {"overall": row(0.0, 0.012), "by": {"outlet": outlets}}
    judged = ("false_positive_rate",)
    faults = find_faults("a set", figures, judged)
    assert [f.split(":")[0] for f in faults] == ["a set, overall", "a set, outlet gazette"]


@pytest.mark.parametrize(
    ("machine", "auroc", "faults"), [(10, -0.02, 0), (10, -0.04, 1), (200, -0.02, 1)]
)
def test_a_group_of_few_may_lose_a_little(machine: int, auroc: float, faults: int) -> None:
    change = {"value": auroc, "low": auroc - 0.005, "high": auroc + 0.005}
    cell = {"a": {"value": 0.9}, "b": {"value": 0.9 + auroc}, "difference": change}
    row = {"machine": machine, "auroc": cell | {"verdict": WORSE}}
    alike = {"machine": 900, "auroc": None}
    figures = {"overall": alike, "by": {"system": {"spinner": row}}}
    assert len(find_faults("a set", figures, ("auroc",))) == faults


def test_a_guarantee_that_is_lost_is_a_fault(synthetic_classifier: DocumentClassifier) -> None:
    fewer = {r: s for r, s in synthetic_classifier.thresholds.items() if r != 0.01}
    new = replace(synthetic_classifier, thresholds=Thresholds(fewer))
    scored = describe_scores(new, [0.5, 3.0], [200, 300], [False, False])
    assert scored["threshold"].isna().all()
    assert not scored["flagged"].any()
    comparison = compare_sets([], synthetic_classifier, new)
    assert comparison.faults == [
        "the new model guarantees no false-positive rate of 0.01, and the old one did"
    ]


@pytest.mark.parametrize(
    ("flagged", "before", "of_user", "faults"),
    [(2, 0, True, 0), (9, 0, True, 1), (9, 9, True, 1), (9, 9, False, 0), (9, 8, False, 1)],
)
def test_broken_guarantees_are_sure_ones(
    flagged: int, before: int, of_user: bool, faults: int
) -> None:
    def flags(count: int) -> Any:
        return pd.DataFrame({"flagged": [True] * count + [False] * (300 - count)})

    ids = [str(n) for n in range(300)]
    documents = pd.DataFrame({"label": "original", "outlet": "gazette", "article_id": ids})
    scored = ScoredSet("a set", documents, flags(before), flags(flagged), of_user)
    found = find_broken_guarantees(scored)
    assert len(found) == faults
    assert all(f"{flagged} of 300" in fault for fault in found)


def test_versions_of_an_article_are_no_more_evidence_than_one() -> None:
    flags = pd.DataFrame({"flagged": [True] * 9 + [False] * 291})
    ids = [str(n // 30) for n in range(300)]
    documents = pd.DataFrame({"label": "original", "outlet": "gazette", "article_id": ids})
    assert find_broken_guarantees(ScoredSet("a set", documents, flags, flags, True)) == []


def test_what_is_stopped_is_flagged_by_nobody(
    synthetic_classifier: DocumentClassifier, draw_documents: DrawDocuments
) -> None:
    everything = replace(synthetic_classifier, thresholds=Thresholds({0.01: -1000.0}))
    drawn = draw_documents(20, 5, seed=2)
    stopped = np.arange(30) % 3 == 0
    documents = replace(drawn, frame=drawn.frame.assign(stopped=stopped))
    checked = score_directly(everything, documents)["flagged"].to_numpy()
    np.testing.assert_array_equal(checked, ~stopped)
    np.testing.assert_array_equal(checked, score_documents(documents, everything).flagged[0.01])


@pytest.mark.parametrize(("flagged", "articles"), [(1, 50), (5, 300), (30, 1000)])
def test_lower_bound_mirrors_the_upper(flagged: int, articles: int) -> None:
    # what is not flagged, seen from the other side
    mirrored = 1.0 - bound_above(articles - flagged, articles)
    assert bound_below(flagged, articles) == pytest.approx(mirrored)
    assert bound_below(0, articles) == 0.0


def test_too_little_is_a_dash(synthetic_classifier: DocumentClassifier) -> None:
    small = draw_set(synthetic_classifier, 0.0)
    few = [0, 1, 2, 300, 301]
    cut = ScoredSet(
        "few",
        small.documents.iloc[few].reset_index(drop=True),
        small.old.iloc[few].reset_index(drop=True),
        small.new.iloc[few].reset_index(drop=True),
    )
    comparison = compare_sets([cut], synthetic_classifier, synthetic_classifier)
    assert "| overall | 3 | 2 | – | – | – |" in format_side_by_side(comparison.figures["few"])
