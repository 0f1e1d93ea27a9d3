"""A machine that a user brings: learnt from pairs, heeded beside the classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from detector.errors import DetectorError
from detector.model.document_classifier import DocumentClassifier
from detector.training.fitting.adapter import (
    FEWEST_PAIRS,
    LEAST_GAIN,
    MOST_LOST,
    AdaptedClassifier,
    fit_adapter,
    refit_guarantees,
)
from detector.training.fitting.classifier import FittedClassifier, fit_classifier
from detector.training.fitting.feature_table import FeatureTable, concatenate
from detector.training.fitting.fingerprints import DocumentFingerprints

DrawDocuments = Callable[..., FeatureTable]
WIDTH = 12
RATE = 0.01
#: Words are numbers here: everybody's, and those that the machine puts in.
EVERYBODYS, ITS = np.arange(1000, 3000), np.arange(5000, 5060)


def _give_traces(documents: FeatureTable, seed: int) -> FeatureTable:
    """Traces that say nothing: words drawn alike for all, embeddings about zero."""
    rng = np.random.default_rng(seed)
    words = [
        np.sort(rng.choice(EVERYBODYS, 120, replace=False)).astype(np.uint32)
        for _ in documents.matrices
    ]
    embeddings = rng.normal(0.0, 0.3, (len(words), WIDTH)).astype(np.float32)
    return replace(documents, fingerprints=DocumentFingerprints(embeddings, words))


def _draw_user(
    draw_documents: DrawDocuments, pairs: int, seed: int, leaves_traces: bool = True
) -> FeatureTable:
    """Pairs whose copies only the traces give away, by eight words and a lean."""
    drawn = draw_documents(2 * pairs, 0, seed=seed, outlets=("the gazette",))
    documents = _give_traces(drawn, seed)
    assert documents.fingerprints is not None
    rng = np.random.default_rng(seed + 1)
    embeddings, words = documents.fingerprints.embeddings.copy(), list(documents.fingerprints.words)
    for copy in range(pairs, 2 * pairs):
        embeddings[copy] = embeddings[copy - pairs]
        words[copy] = words[copy - pairs]
        if leaves_traces:
            embeddings[copy, 0] += 0.5
            put_in = rng.choice(ITS, 8, replace=False)
            words[copy] = np.union1d(words[copy][8:], put_in).astype(np.uint32)
    article = [f"u{seed}/{i % pairs}" for i in range(2 * pairs)]
    is_copy = np.arange(2 * pairs) >= pairs
    frame = documents.frame.assign(
        label=np.where(is_copy, "spun", "original"),
        system=np.where(is_copy, "a test's spinner", ""),
        article_id=article,
        added=True,
        adapted=is_copy,
    )
    return replace(documents, frame=frame, fingerprints=DocumentFingerprints(embeddings, words))


@pytest.fixture(scope="module")
def base(draw_documents: DrawDocuments) -> FeatureTable:
    documents = _give_traces(draw_documents(500, 150, seed=3), 11)
    return replace(documents, frame=documents.frame.assign(added=False, adapted=False))


@pytest.fixture(scope="module")
def both(base: FeatureTable, draw_documents: DrawDocuments) -> FeatureTable:
    return concatenate([base, _draw_user(draw_documents, 50, seed=21)])


@pytest.fixture(scope="module")
def fitted(both: FeatureTable) -> FittedClassifier:
    return fit_classifier(both)


@pytest.fixture(scope="module")
def adapted(both: FeatureTable, fitted: FittedClassifier) -> AdaptedClassifier:
    return fit_adapter(both, fitted)


def _flag(classifier: DocumentClassifier, documents: FeatureTable) -> np.ndarray:
    scores, _ = classifier.score(documents.summaries, documents.words)
    return scores >= classifier.thresholds[RATE]


def test_new_copies_are_found_that_the_classifier_misses(
    adapted: AdaptedClassifier, fitted: FittedClassifier, draw_documents: DrawDocuments
) -> None:
    fresh = _draw_user(draw_documents, 60, seed=31)
    copies = (fresh.frame["label"] == "spun").to_numpy()
    without = _flag(fitted.classifier, fresh)
    heeded = _flag(adapted.fitted.classifier, fresh.with_fingerprint(adapted.fingerprint))
    assert without[copies].mean() < 0.2
    assert heeded[copies].mean() > 0.8
    assert heeded[~copies].mean() <= 0.05
    assert adapted.figures is not None
    assert adapted.figures["found with it"] >= adapted.figures["found without it"] + LEAST_GAIN


def test_words_of_the_machine_are_learnt(adapted: AdaptedClassifier) -> None:
    assert adapted.fingerprint is not None
    odds = dict(
        zip(adapted.fingerprint.words.tolist(), adapted.fingerprint.log_odds.tolist(), strict=True)
    )
    known = [odds[word] for word in ITS.tolist() if word in odds]
    assert len(known) > 50
    assert min(known) > 1.0
    assert max((odds.get(word, 0.0) for word in EVERYBODYS.tolist()), default=0.0) < min(known)


def test_nothing_else_is_lost(
    adapted: AdaptedClassifier, fitted: FittedClassifier, base: FeatureTable
) -> None:
    count = len(base.frame)
    found = [
        f.out_of_fold[:count] >= f.classifier.thresholds[RATE] for f in (fitted, adapted.fitted)
    ]
    for _, rows in base.frame[base.frame["label"] != "original"].groupby("system"):
        before, after = (f[rows.index].mean() for f in found)
        assert before - after <= MOST_LOST
    human = (base.frame["label"] == "original").to_numpy()
    assert found[1][human].mean() <= RATE


def test_scores_are_only_raised(adapted: AdaptedClassifier, both: FeatureTable) -> None:
    classifier, seen = adapted.fitted.classifier, both.with_fingerprint(adapted.fingerprint)
    plain, shares = replace(classifier, adapter=None).score(both.summaries, both.words)
    heeded, heeded_shares = classifier.score(seen.summaries, seen.words)
    assert (heeded >= plain).all()
    raised = heeded > plain
    assert 0 < raised.sum() < len(raised)
    np.testing.assert_array_equal(heeded_shares[~raised], shares[~raised])
    # where the alarm speaks, the document is of the machine's kind
    assert np.exp(heeded_shares[raised])[:, 1].min() == pytest.approx(0.95)


def test_arrays_bring_the_alarm_back(adapted: AdaptedClassifier, both: FeatureTable) -> None:
    classifier, seen = adapted.fitted.classifier, both.with_fingerprint(adapted.fingerprint)
    again = DocumentClassifier.from_arrays(classifier.to_arrays())
    for one, other in zip(
        classifier.score(seen.summaries, seen.words),
        again.score(seen.summaries, seen.words),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_an_alarm_needs_what_it_judges_by(adapted: AdaptedClassifier, both: FeatureTable) -> None:
    with pytest.raises(ValueError, match="features lack what it judges by"):
        adapted.fitted.classifier.score(both.summaries, both.words)


def test_a_machine_without_traces_is_not_learnt(
    base: FeatureTable, draw_documents: DrawDocuments
) -> None:
    user = _draw_user(draw_documents, 50, seed=41, leaves_traces=False)
    documents = concatenate([base, user])
    fitted = fit_classifier(documents)
    adapted = fit_adapter(documents, fitted)
    assert adapted.fingerprint is None
    assert adapted.fitted is fitted


def test_few_pairs_teach_nothing(
    base: FeatureTable, draw_documents: DrawDocuments, fitted: FittedClassifier
) -> None:
    documents = concatenate([base, _draw_user(draw_documents, FEWEST_PAIRS - 1, seed=51)])
    scores = replace(fitted, out_of_fold=np.zeros(len(documents.frame)))
    assert fit_adapter(documents, scores).fitted is scores


def test_a_base_that_keeps_no_traces_teaches_nothing(
    both: FeatureTable, fitted: FittedClassifier
) -> None:
    assert fit_adapter(replace(both, fingerprints=None), fitted).fitted is fitted


def test_new_thresholds_are_measured_on_the_alarm_that_is_written(
    adapted: AdaptedClassifier, both: FeatureTable, draw_documents: DrawDocuments
) -> None:
    # A new outlet whose people lean like the machine, and put some of its words.
    human = _give_traces(draw_documents(400, 0, seed=61, outlets=("the courier",)), 61)
    assert human.fingerprints is not None
    rng = np.random.default_rng(4)
    embeddings = human.fingerprints.embeddings.copy()
    embeddings[:, 0] += 0.3
    words = [
        np.union1d(w[3:], rng.choice(ITS, 3, replace=False)).astype(np.uint32)
        for w in human.fingerprints.words
    ]
    frame = human.frame.assign(added=True, adapted=False, fitted=False, guaranteed=True)
    human = replace(human, frame=frame, fingerprints=DocumentFingerprints(embeddings, words))
    both = replace(both, frame=both.frame.assign(fitted=True, guaranteed=False))
    refitted = refit_guarantees(concatenate([both, human]), adapted.fitted.classifier)
    assert refitted.fingerprint is not None
    least = refitted.fitted.classifier.thresholds[RATE]
    out_of_fold = refitted.fitted.out_of_fold[len(both.frame) :] >= least
    deployed = _flag(refitted.fitted.classifier, human.with_fingerprint(refitted.fingerprint))
    assert out_of_fold.mean() <= RATE
    assert deployed.mean() <= 2 * RATE


def test_an_alarm_cannot_be_kept_without_traces(
    adapted: AdaptedClassifier, both: FeatureTable
) -> None:
    with pytest.raises(DetectorError, match="no longer keeps"):
        refit_guarantees(replace(both, fingerprints=None), adapted.fitted.classifier)
