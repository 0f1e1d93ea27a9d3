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
from detector.results import MACHINE_REWRITTEN, RELATIONS, RETOLD
from detector.training.corpora.broad.labelled_documents import TRANSLATED_DOCUMENTS
from detector.training.fitting.comparison import (
    PairFeatureTable,
    fit_pair_classifier,
    weigh_pairs,
)

EQUALS = np.zeros(0, dtype=np.uint32)


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
