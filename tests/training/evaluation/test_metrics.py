"""Figures of scored documents, on frames small enough to know the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from detector.training.evaluation.calibration import measure_calibration, measure_reliability
from detector.training.evaluation.metric_tables import format_measurement, format_model_comparison
from detector.training.evaluation.metrics import FIGURES, measure_documents, name_length, rank_score
from detector.training.evaluation.model_comparison import BETTER, UNDECIDED, WORSE, compare_models
from detector.training.evaluation.statistics import (
    FEWEST_ARTICLES,
    bootstrap,
    measure_auroc,
    measure_share,
    measure_tpr,
    resample_articles,
    trace_roc,
    weigh_share,
)

RESAMPLES = 200


def draw_documents(articles: int, seed: int = 0, shift: float = 2.0) -> pd.DataFrame:
    """Each article as its original, one translation and one spun version, with scores."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["original", "translated", "spun"], articles)
    frame = pd.DataFrame(
        {
            "label": labels,
            "article_id": [f"a{i}" for i in range(articles)] * 3,
            "pivot": np.where(labels == "translated", "de", ""),
            "system": np.select([labels == "translated", labels == "spun"], ["engine", "spin"], ""),
            "outlet": ["gazette" if i % 2 else "courier" for i in range(articles)] * 3,
            "words": rng.integers(100, 700, 3 * articles),
        }
    )
    return frame.assign(**score(rng.normal(size=len(frame)) + shift * (labels != "original")))


def score(log_odds: np.ndarray[Any, Any]) -> pd.DataFrame:
    probability = 1 / (1 + np.exp(-log_odds))
    return pd.DataFrame(
        {"probability": probability, "threshold": 0.9, "flagged": probability >= 0.9}
    )


def test_versions_of_an_article_do_not_narrow_its_bound() -> None:
    once = draw_documents(10).query("label == 'original'").assign(flagged=False)
    often = pd.concat([once] * 30, ignore_index=True)
    bounds = [
        measure_documents(frame, RESAMPLES)["overall"]["false_positive_rate"]["upper_bound"]
        for frame in (once, often)
    ]
    assert bounds[0] == bounds[1] > 0.2


# --------------------------------------------------------------------------------------
# Figures of weighted rows
# --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), max_size=25))
def test_auroc_is_that_of_scikit_learn_with_ties_and_weights(
    rows: list[tuple[bool, int, int]],
) -> None:
    rows = [*rows, (True, 2, 1), (False, 2, 1)]
    positive, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    ours = measure_auroc(positive, scores.astype(float), weights[None].astype(float))[0]
    assert ours == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights))


def test_auroc_of_one_side_is_not_defined() -> None:
    assert np.isnan(measure_auroc(np.array([True, True]), np.array([1.0, 2.0]), np.ones((1, 2))))


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.0, 0.25), (0.1, 0.5), (0.19, 0.5), (0.2, 0.75), (1.0, 1.0)]
)
def test_tpr_is_read_off_where_the_rate_is_not_exceeded(rate: float, expected: float) -> None:
    # Ten human scores 0..9; of four machine ones the third ties with the second human one.
    human, machine = np.arange(10.0), np.array([9.5, 8.5, 8.0, -1.0])
    positive = np.repeat([False, True], [10, 4])
    found = measure_tpr(positive, np.r_[human, machine], np.ones((1, 14)), rate)
    assert found[0] == expected


def test_calibration_error_counts_both_classes_alike() -> None:
    positive = np.repeat([False, True], [90, 10])
    sure = np.full(100, 0.9)
    assert measure_calibration(positive, sure, np.ones((1, 100)))[0] == pytest.approx(0.4)
    even = np.full(100, 0.5)
    assert measure_calibration(positive, even, np.ones((1, 100)))[0] == pytest.approx(0.0)


def test_reliability_says_how_often_a_stated_probability_came_true() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(4000) < 0.5
    # Log-likelihood ratio of two normal distributions: a calibrated probability.
    stated = 1 / (1 + np.exp(-2 * (rng.normal(size=4000) + np.where(positive, 1, -1))))
    bins = measure_reliability(positive, stated, np.arange(4000), RESAMPLES)
    assert len(bins) == 10
    assert bins["documents"].sum() == 4000
    assert (bins["stated"] - bins["came_true"]).abs().max() < 0.09
    assert (bins["low"] <= bins["came_true"]).all()
    assert (bins["came_true"] <= bins["high"]).all()


def test_the_roc_curve_holds_its_area() -> None:
    documents = draw_documents(50)
    positive = (documents["label"] != "original").to_numpy()
    false, true = trace_roc(positive, rank_score(documents))
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    area = np.trapezoid(true, false)
    assert area == pytest.approx(roc_auc_score(positive, documents["probability"]))


# --------------------------------------------------------------------------------------
# Resampling
# --------------------------------------------------------------------------------------


def test_whole_articles_are_drawn() -> None:
    articles = ["a", "b", "a", "c", "c"]
    first, *rest = resample_articles(articles, 150)
    assert (first == 1).all()
    weights = np.concatenate(rest)
    assert weights.shape == (150, 5)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_versions_of_one_article_do_not_narrow_the_interval() -> None:
    mask = np.arange(40) % 4 == 0
    once = measure_share(mask, np.arange(40), RESAMPLES)
    often = measure_share(np.repeat(mask, 25), np.repeat(np.arange(40), 25), RESAMPLES)
    apart = measure_share(np.repeat(mask, 25), np.arange(1000), RESAMPLES)
    assert once is not None
    assert often is not None
    assert apart is not None
    assert (once.low, once.high) == pytest.approx((often.low, often.high))
    assert apart.high - apart.low < 0.5 * (once.high - once.low)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(100):
        mask = rng.random(60) < 0.3
        share = bootstrap(lambda w, m=mask: weigh_share(m, w), np.arange(60), RESAMPLES)
        assert share is not None
        covered += share.low <= 0.3 <= share.high
    assert 86 <= covered <= 100


def test_nothing_flagged_is_no_proof_of_nothing() -> None:
    share = measure_share(np.zeros(30, dtype=bool), np.arange(30), RESAMPLES)
    assert share is not None
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_too_few_articles_give_no_figure() -> None:
    few = np.arange(FEWEST_ARTICLES - 1)
    assert measure_share(few > 3, few) is None
    assert measure_share(np.r_[few, 9] > 3, np.r_[few, 9], RESAMPLES) is not None


# --------------------------------------------------------------------------------------
# One model
# --------------------------------------------------------------------------------------


def test_overall_figures_are_those_of_the_frame() -> None:
    documents = draw_documents(120)
    row = measure_documents(documents, RESAMPLES)["overall"]
    human = documents["label"] == "original"
    assert (row["human"], row["machine"], row["machine_articles"]) == (120, 240, 120)
    expected = roc_auc_score(~human, documents["probability"])
    assert row["auroc"]["value"] == pytest.approx(expected, abs=1e-4)
    assert row["auroc"]["low"] < expected < row["auroc"]["high"]
    assert row["false_positive_rate"]["value"] == pytest.approx(
        documents.loc[human, "flagged"].mean(), abs=1e-4
    )
    assert row["true_positive_rate"]["value"] == pytest.approx(
        documents.loc[~human, "flagged"].mean(), abs=1e-4
    )
    assert row["false_positive_rate"]["upper_bound"] > row["false_positive_rate"]["value"]
    assert row["tpr_at_1_percent_fpr"] is not None
    assert row["too_few"] == {}


def test_a_rate_of_one_percent_needs_a_hundred_human_articles() -> None:
    row = measure_documents(draw_documents(99), RESAMPLES)["overall"]
    assert row["tpr_at_1_percent_fpr"] is None
    assert row["too_few"] == {"tpr_at_1_percent_fpr": "99 human articles, 100 needed"}


def test_groups_without_human_documents_are_measured_against_all() -> None:
    result = measure_documents(draw_documents(40), RESAMPLES)
    engine = result["by"]["system"]["engine"]
    assert (engine["human"], engine["machine"]) == (40, 40)
    assert engine["against"] == "all human documents"
    assert engine["false_positive_rate"] is None
    assert engine["true_positive_rate"] is not None
    gazette = result["by"]["outlet"]["gazette"]
    assert (gazette["human"], gazette["machine"]) == (20, 40)
    assert gazette["false_positive_rate"] is not None


def test_lengths_are_set_apart_and_not_measured_against_others() -> None:
    documents = draw_documents(40).assign(words=[80] * 40 + [400] * 80)
    by_length = measure_documents(documents, RESAMPLES)["by"]["length"]
    assert list(by_length) == ["60-149 words", "300-599 words"]
    assert by_length["300-599 words"]["human"] == 0
    assert by_length["300-599 words"]["auroc"] is None
    assert by_length["300-599 words"]["true_positive_rate"] is not None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (0, "under 60 words"),
        (59, "under 60 words"),
        (60, "60-149 words"),
        (599, "300-599 words"),
        (600, "600 words and more"),
    ],
)
def test_length_bands_hold_their_lower_bound(words: int, name: str) -> None:
    assert name_length([words]) == [name]


def test_a_group_of_all_documents_is_not_repeated() -> None:
    documents = draw_documents(20).assign(outlet="gazette", kind="")
    assert set(measure_documents(documents, RESAMPLES)["by"]) == {"pivot", "system", "length"}


def test_documents_that_were_not_judged_are_counted_and_left_out() -> None:
    documents = draw_documents(30)
    documents.loc[[0, 1, 40], ["probability", "threshold"]] = np.nan
    result = measure_documents(documents, RESAMPLES)
    assert result["not_judged"] == 3
    assert (result["overall"]["human"], result["overall"]["machine"]) == (28, 59)
    assert "3 documents were not judged" in format_measurement(result)


def test_the_score_is_log_odds_above_the_documents_own_threshold() -> None:
    frame = pd.DataFrame({"probability": [0.5, 0.9, 1.0], "threshold": [0.5, 0.99, 0.9]})
    scores = rank_score(frame)
    assert scores[0] == pytest.approx(0.0)
    assert scores[1] == pytest.approx(np.log(9) - np.log(99))
    assert np.isfinite(scores[2])
    assert rank_score(frame.assign(score=[3, 2, 1])).tolist() == [3, 2, 1]
    assert rank_score(frame.assign(threshold=np.nan))[1] == pytest.approx(np.log(9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "human"}, "label must be one of original, translated, spun, not 'human'"),
        ({"flagged": None}, "no column 'flagged'"),
    ],
)
def test_a_frame_that_cannot_be_measured_is_refused(change: dict[str, Any], message: str) -> None:
    documents = draw_documents(12).assign(**{k: v for k, v in change.items() if v})
    documents = documents.drop(columns=[k for k, v in change.items() if not v])
    with pytest.raises(ValueError, match=message):
        measure_documents(documents)


def test_the_table_has_a_dash_where_there_is_too_little() -> None:
    text = format_measurement(measure_documents(draw_documents(12), RESAMPLES))
    overall = next(line for line in text.splitlines() if line.startswith("| overall"))
    assert overall.split("|")[5].strip() == "–"
    assert "TPR at 1 % FPR: 12 human articles, 100 needed" in text


# --------------------------------------------------------------------------------------
# Two models
# --------------------------------------------------------------------------------------


def test_a_model_does_not_differ_from_itself() -> None:
    documents = draw_documents(110)
    result = compare_models(documents, documents, documents, RESAMPLES)
    for name in FIGURES:
        cell = result["overall"][name]
        assert cell["difference"] == {"value": 0, "low": 0, "high": 0}
        assert cell["verdict"] == UNDECIDED
    assert (result["better"], result["worse"]) == ([], [])
    assert result["compared"] > 20


def test_a_share_of_none_is_as_unsure_beside_another_model_as_by_itself() -> None:
    documents = draw_documents(40).assign(flagged=False)
    alone = measure_documents(documents, RESAMPLES)["overall"]
    beside = compare_models(documents, documents, documents, RESAMPLES)["overall"]
    for name in ("true_positive_rate", "false_positive_rate"):
        figure = {key: alone[name][key] for key in ("value", "low", "high")}
        assert figure["value"] == 0
        assert figure["high"] > 0.05
        assert beside[name]["a"] == beside[name]["b"] == figure


def test_a_better_model_is_better_and_the_other_way_round_worse() -> None:
    documents = draw_documents(110, shift=1.0)
    machine = (documents["label"] != "original").to_numpy()
    log_odds = np.log(documents["probability"] / (1 - documents["probability"])).to_numpy()
    better = score(np.where(machine, log_odds + 1.5, log_odds - 1.0))
    forth = compare_models(documents, documents, better, RESAMPLES)
    back = compare_models(documents, better, documents, RESAMPLES)
    for name in ("auroc", "true_positive_rate", "false_positive_rate"):
        assert forth["overall"][name]["verdict"] == BETTER, name
        assert back["overall"][name]["verdict"] == WORSE, name
    fall = forth["overall"]["false_positive_rate"]["difference"]
    assert fall["high"] < 0
    assert "overall: auroc" in forth["better"]
    assert forth["worse"] == []
    assert "worse beyond noise" in format_model_comparison(back, "old", "new")


def test_pairing_finds_what_single_intervals_hide() -> None:
    documents = draw_documents(110, shift=1.0)
    log_odds = np.log(documents["probability"] / (1 - documents["probability"])).to_numpy()
    nudged = score(log_odds + 0.25 * (documents["label"] != "original").to_numpy())
    cell = compare_models(documents, documents, nudged, RESAMPLES)["overall"]["auroc"]
    assert cell["verdict"] == BETTER
    assert cell["b"]["low"] < cell["a"]["value"]


def test_noise_is_not_called_a_difference() -> None:
    documents = draw_documents(110)
    rng = np.random.default_rng(3)
    log_odds = np.log(documents["probability"] / (1 - documents["probability"])).to_numpy()
    noisy = score(log_odds + rng.normal(0, 0.1, len(documents)))
    result = compare_models(documents, documents, noisy, RESAMPLES)
    assert result["overall"]["auroc"]["verdict"] == UNDECIDED
    assert len(result["better"]) + len(result["worse"]) <= 0.2 * result["compared"]


def test_what_one_model_did_not_judge_is_left_out_for_both() -> None:
    documents = draw_documents(20)
    other = documents[["probability", "threshold", "flagged"]].copy()
    other.loc[3, "probability"] = np.nan
    result = compare_models(documents, documents, other, RESAMPLES)
    assert (result["not_judged"], result["overall"]["human"]) == (1, 19)


def test_scores_must_be_as_many_as_documents() -> None:
    documents = draw_documents(12)
    with pytest.raises(ValueError, match="36 documents, 36 and 35 scores"):
        compare_models(documents, documents, documents.iloc[1:])
