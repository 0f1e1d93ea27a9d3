"""A register is measured by a model that saw nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("sklearn")

from drawn_articles import draw_articles

from detector.training.evaluation.corpora.figures import leave_one_register_out, measure_documents
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


def test_versions_of_its_articles_in_another_register_are_left_out_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detector.training.evaluation.corpora.figures.count_cores", lambda: 1)
    documents = draw_articles(articles=90)
    frame = documents.frame
    courier = frame.index[(frame["group"] == "courier") & (frame["label"] == "original")]
    foreign = frame.index[(frame["group"] == "foreign") & (frame["label"] == "original")]
    frame.loc[foreign[:50], "article_id"] = frame.loc[courier[:50], "article_id"].to_numpy()
    own = (frame["group"] == "courier").to_numpy()
    beside = frame["article_id"].isin(frame["article_id"][own]).to_numpy()
    assert beside.sum() > own.sum()
    scorer, rest = cross_fit_directions(documents.select(~beside))
    left_out = fill_directions(documents.select(own), scorer)
    expected = tabulate_false_positives(score_documents(left_out, fit_classifier(rest).classifier))
    found = leave_one_register_out(documents, likelier_people=False)
    assert [row for row in found if row["outlet"] == "courier"] == expected


def test_people_that_were_fitted_on_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.training.evaluation.corpora.figures.count_cores", lambda: 1)
    documents = draw_articles(articles=90)
    frame = documents.frame.assign(split="test", held_out=False, rate=0.0, pivot="", system="")
    _, filled = cross_fit_directions(replace(documents, frame=frame))
    classifier = fit_classifier(filled).classifier
    human = (filled.frame["label"] == "original").to_numpy()
    rest = filled.select(~(human & (filled.frame["group"] == "courier").to_numpy()))
    kept = []
    measure_documents(filled, classifier, rest.drop_embeddings(), collect=kept.append)
    groups = kept[0].frame.groupby("label")["group"].unique()
    assert set(groups["original"]) == {"courier"}
    assert set(groups["translated"]) == set(
        filled.frame["group"][filled.frame["label"] == "translated"]
    )
