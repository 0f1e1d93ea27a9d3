"""A register is measured by a model that saw nothing of it."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from drawn_articles import draw_articles

from detector.training.evaluation.corpora.figures import leave_one_register_out
from detector.training.evaluation.scored_documents import score_documents, tabulate_false_positives
from detector.training.fitting.classifier import fit_classifier
from detector.training.fitting.directions import cross_fit_directions, fill_directions


def test_each_register_is_measured_as_if_it_had_never_been_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.training.evaluation.corpora.figures.count_cores", lambda: 1)
    documents = draw_articles(articles=90)
    expected = []
    for register in ("courier", "foreign", "gazette"):
        own = (documents.frame["group"] == register).to_numpy()
        scorer, rest = cross_fit_directions(documents.select(~own))
        left_out = fill_directions(documents.select(own), scorer)
        scored = score_documents(left_out, fit_classifier(rest).classifier)
        expected += tabulate_false_positives(scored)
    assert [row["articles"] for row in expected] == [90] * 3
    assert any(row["flagged at 0.05"] for row in expected)
    assert leave_one_register_out(documents, likelier_people=False) == expected


def test_a_register_of_few_articles_is_not_left_out_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.training.evaluation.corpora.figures.count_cores", lambda: 1)
    assert leave_one_register_out(draw_articles(articles=39), likelier_people=False) == []
