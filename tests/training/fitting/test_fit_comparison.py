"""The classifier of relations: what other translations of one article do to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from detector.comparison.pair_features import (
    _SUBSTITUTION_COLUMNS,
    PAIR_COLUMNS,
)
from detector.comparison.relation_classifier import SHORT_PAIR_WORDS
from detector.results import MACHINE_REWRITTEN, RELATIONS, RETOLD
from detector.training.corpora.broad.labelled_documents import TRANSLATED_DOCUMENTS
from detector.training.fitting.comparison import (
    EXCERPT_LABELS,
    PairFeatureTable,
    fit_pair_classifier,
    measure_excerpts,
    weigh_pairs,
)

EQUALS = np.zeros(0, dtype=np.uint32)

LONG, SHORT = 2 * SHORT_PAIR_WORDS, SHORT_PAIR_WORDS // 2


def draw_pairs(translations: int) -> PairFeatureTable:
    """120 pairs of each relation, and other translations, which look like a machine's rewritings.

    Relations differ in some columns of gains; other translations in the last one, too.
    """
    rng = np.random.default_rng(4)
    relations = np.repeat([*RELATIONS, RETOLD], [120] * len(RELATIONS) + [translations])
    groups = np.repeat(["news", TRANSLATED_DOCUMENTS], [120 * len(RELATIONS), translations])
    is_translation = groups == TRANSLATED_DOCUMENTS
    columns = rng.normal(0.0, 0.5, (len(relations), len(PAIR_COLUMNS)))
    looks = np.where(is_translation, MACHINE_REWRITTEN, relations)
    first = PAIR_COLUMNS.index("gain_encoder_translated")
    for place, relation in enumerate(RELATIONS, first):
        columns[looks == relation, place] += 3.0
    for name, value in (
        ("coverage", 1.0), ("kept words", 0.5), ("exchanges", 10.0), ("changes per 100", 20.0),
        ("rephrasing per 100", 20.0), ("synonym per 100", 0.0), ("word order per 100", 0.0),
    ):  # fmt: skip
        columns[:, PAIR_COLUMNS.index(name)] = value
    columns[is_translation, -1] += 3.0
    frame = pd.DataFrame({"relation": relations, "group": groups, "rate": 0.0})
    frame["compared_words"] = LONG
    frame["article_id"] = [f"a{i}" for i in range(len(frame))]
    substitutions = rng.normal(0.0, 1.0, (len(frame), 2, len(_SUBSTITUTION_COLUMNS)))
    return PairFeatureTable(frame, columns, list(substitutions))


def test_other_translations_are_learnt_from() -> None:
    pairs = draw_pairs(60)
    is_translation = (pairs.frame["group"] == TRANSLATED_DOCUMENTS).to_numpy()
    place = RELATIONS.index(MACHINE_REWRITTEN)
    without, rests_on = fit_pair_classifier(pairs.select(~is_translation), EQUALS)
    with_them, also_on = fit_pair_classifier(pairs, EQUALS)
    before, after = (
        fitted.judge(pairs.columns)[is_translation, place].mean() for fitted in (without, with_them)
    )
    assert before > 0.6
    assert after < 0.3
    # No threshold rests on them, and their words are no people's choice.
    assert rests_on[0]["other_pairs"] == also_on[0]["other_pairs"] == 480
    for name, values in without.substitutions.to_arrays("s").items():
        np.testing.assert_array_equal(values, with_them.substitutions.to_arrays("s")[name])


def test_groups_of_a_relation_weigh_alike() -> None:
    frame = draw_pairs(60).frame
    rewritten = np.flatnonzero(frame["relation"] == MACHINE_REWRITTEN)
    frame.loc[rewritten[:100], ["group", "rate"]] = "spun", 0.1
    frame.loc[rewritten[100:110], ["group", "rate"]] = "spun", 0.5
    is_translation = frame["group"] == TRANSLATED_DOCUMENTS
    is_retold = (frame["relation"] == RETOLD) & ~is_translation
    weights = weigh_pairs(frame)
    assert weights[is_translation].sum() == pytest.approx(weights[is_retold].sum())
    assert weights[rewritten].sum() == pytest.approx(2 * weights[is_retold].sum())
    assert weights[rewritten[:110]].sum() == pytest.approx(weights[rewritten[110:]].sum())
    independent = np.flatnonzero(frame["relation"] == "independent")
    frame.loc[independent[:60], ["group", "rate"]] = "spun", 0.1
    frame.loc[independent[60:80], ["group", "rate"]] = "spun", 0.5
    by_rate = weigh_pairs(frame, by_rate=True)
    assert by_rate[independent[:80]].sum() == pytest.approx(by_rate[independent[80:]].sum())
    assert by_rate[rewritten[:100]].sum() == pytest.approx(by_rate[rewritten[100:110]].sum())
    assert by_rate[rewritten[:100]].sum() == pytest.approx(by_rate[rewritten[110:]].sum())


def test_the_hardest_weigh_more() -> None:
    frame = draw_pairs(60).frame
    is_retold = (frame["relation"] == RETOLD) & (frame["group"] != TRANSLATED_DOCUMENTS)
    frame.loc[is_retold, "group"] = "teachers"
    weights = weigh_pairs(frame)
    others = weights[frame["group"] == TRANSLATED_DOCUMENTS].sum()
    assert weights[is_retold].sum() == pytest.approx(4 * others)


def draw_short_and_long() -> PairFeatureTable:
    """The pairs of `draw_pairs`, and as many short ones of which the relation shows less."""
    long = draw_pairs(60)
    columns = np.random.default_rng(5).normal(0.5 * long.columns, 1.0)
    for name in ("coverage", "kept words", "exchanges", "changes per 100", "rephrasing per 100"):
        at = PAIR_COLUMNS.index(name)
        columns[:, at] = long.columns[:, at]
    ids = "short " + long.frame["article_id"]
    frame = long.frame.assign(article_id=ids, compared_words=SHORT)
    short = PairFeatureTable(frame, columns, long.substitutions)
    return PairFeatureTable.concatenate([long, short])


def test_short_pairs_have_thresholds_of_their_own() -> None:
    pairs = draw_short_and_long()
    unlinked = pairs.select(np.arange(50))
    apart = unlinked.frame.assign(compared_words=0)
    nothing = PairFeatureTable(apart, unlinked.columns, unlinked.substitutions)
    both = PairFeatureTable.concatenate([pairs, nothing])
    classifier, rests_on = fit_pair_classifier(both, EQUALS)
    found = {(row["compared_words"], row["false_positive_rate"]): row for row in rests_on}
    assert found["150 and more", 0.05]["other_pairs"] == 480
    assert found["fewer than 150", 0.05]["other_pairs"] == 480
    assert classifier.short_thresholds[0.05] > classifier.thresholds[0.05] + 0.05
    half = len(pairs.frame) // 2
    assert classifier.choose_thresholds(LONG) is classifier.thresholds
    assert classifier.choose_thresholds(SHORT) is classifier.short_thresholds
    machine = classifier.judge(pairs.columns)[:, RELATIONS.index(MACHINE_REWRITTEN)]
    limits = np.repeat([classifier.thresholds[0.05], classifier.short_thresholds[0.05]], half)
    np.testing.assert_array_equal(
        classifier.flag(pairs.columns, pairs.frame["compared_words"], 0.05), machine >= limits
    )
    assert not classifier.flag(pairs.columns, pairs.frame["compared_words"], 1e-9).any()
    arrays = classifier.to_arrays()
    again = type(classifier).from_arrays(arrays)
    assert again.short_thresholds == classifier.short_thresholds
    assert again.thresholds == classifier.thresholds


@pytest.mark.filterwarnings("error:invalid value")
def test_lengths_of_which_there_is_no_pair_have_no_threshold() -> None:
    classifier, rests_on = fit_pair_classifier(draw_pairs(60), EQUALS)
    assert list(classifier.short_thresholds) == []
    assert classifier.thresholds
    assert not classifier.flag(draw_pairs(60).columns, np.full(660, SHORT), 0.05).any()
    assert len(rests_on) == 6


def test_excerpts_are_counted_by_kind_and_length() -> None:
    pairs = draw_short_and_long()
    frame = pairs.frame
    frame.loc[frame["group"] != TRANSLATED_DOCUMENTS, "group"] = "roundtrip_news"
    classifier, _ = fit_pair_classifier(pairs, EQUALS)
    rows = {row["kind"]: row for row in measure_excerpts(classifier, pairs)}
    at_60, at_150 = EXCERPT_LABELS[1], EXCERPT_LABELS[3]
    trips = rows["news round trips"]
    assert [trips[at_60][0], trips[at_150][0]] == [120, 120]
    assert sum(row[label][0] for row in rows.values() for label in EXCERPT_LABELS) == len(frame)
    flagged = sum(row[label][1] for row in rows.values() for label in EXCERPT_LABELS)
    assert flagged == classifier.flag(pairs.columns, frame["compared_words"], 0.005).sum()
