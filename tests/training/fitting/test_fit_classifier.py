"""What is promised rests on documents that the score was not fitted to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from detector.choices import VERDICT_RATES
from detector.features.columns import FEATURE_COLUMNS
from detector.features.ngrams import HASHES
from detector.model.classes import SENTENCE_CLASSES
from detector.model.document_classifier import raise_answers
from detector.text.masking import MaskedSentence, mask_sentence
from detector.training.corpora.labelled_pairs import label_pair
from detector.training.fitting import feature_table
from detector.training.fitting.classifier import (
    FittedClassifier,
    choose_length_power,
    fit_classifier,
    keep_guarantees,
    refit_thresholds,
)
from detector.training.fitting.feature_table import (
    CROPS,
    FOLDS,
    DocumentAverages,
    FeatureTable,
    assign_folds,
    balance,
    concatenate,
    extract_features,
)
from detector.training.fitting.length_scale import fit_human_scale
from detector.training.fitting.linear import fit_lexical, fit_linear, unpack_pairs
from detector.training.fitting.thresholds import (
    bound_above,
    bound_above_weighted,
    bound_below,
    choose_threshold,
    fit_thresholds,
)

if TYPE_CHECKING:
    from conftest import DrawDocuments

    from detector.detector import Detector


def probability_of(fitted: FittedClassifier, documents: FeatureTable) -> Any:
    scores, _ = fitted.classifier.score(documents.summaries, documents.words)
    return fitted.classifier.calibrate(scores, documents.words)


def is_machine(documents: FeatureTable) -> Any:
    return (documents.frame["label"] != "original").to_numpy()


# --------------------------------------------------------------------------------------
# Thresholds
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flagged", "articles", "expected"),
    [
        # nothing flagged: 1 - .05 ** (1 / n)
        (0, 10, 0.2588656),
        (0, 300, 0.0099361),
        (0, 3000, 0.0009981),
        (1, 10, 0.3941633),
        (5, 100, 0.1022534),
        (10, 10, 1.0),
        (0, 0, 1.0),
    ],
)
def test_bounds_are_clopper_and_pearsons(flagged: int, articles: int, expected: float) -> None:
    assert bound_above(flagged, articles) == pytest.approx(expected, abs=1e-7)


def test_bound_is_where_so_few_would_be_a_surprise() -> None:
    from scipy.stats import binom

    for flagged, articles in ((0, 50), (3, 200), (17, 900)):
        assert binom.cdf(flagged, articles, bound_above(flagged, articles)) == pytest.approx(0.05)
    assert bound_above(2, 100, confidence=0.5) == pytest.approx(beta.ppf(0.5, 3, 98))


@pytest.mark.parametrize(
    ("articles", "rate", "allowed"),
    [
        (300, 0.01, 0),
        (299, 0.01, 0),  # 1 - .05 ** (1 / 299) = .00997
        (298, 0.01, None),  # .01000 and a little
        (473, 0.01, 1),
        (472, 0.01, 0),
        (59, 0.05, 0),
        (58, 0.05, None),
        (3000, 0.001, 0),
        (2995, 0.001, 0),
        (2994, 0.001, None),
        (1, 0.05, None),
        (0, 0.05, None),
    ],
)
def test_threshold_allows_as_many_as_the_bound_does(
    articles: int, rate: float, allowed: int | None
) -> None:
    scores = np.random.default_rng(2).permutation(articles).astype(float)
    threshold = choose_threshold(scores, rate)
    if allowed is None:
        assert threshold is None
    else:
        assert threshold is not None
        assert (scores >= threshold).sum() == allowed
        # and no more than needed: the next lower score is just under it
        assert threshold == pytest.approx(articles - 1 - allowed, abs=1e-9)


def test_ties_at_the_threshold_are_not_flagged() -> None:
    scores = np.concatenate([np.zeros(1000), np.ones(500)])
    threshold = choose_threshold(scores, 0.01)
    assert threshold is not None
    assert (scores >= threshold).sum() == 0


def test_no_large_register_lies_surely_above_the_rate() -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=3300)
    scores[3000:] += 3.0
    groups = pd.Series(["many"] * 3000 + ["odd"] * 300)
    thresholds, table = fit_thresholds(scores, groups)
    assert sorted(thresholds) == [0.01, 0.05]
    for rate, threshold in thresholds.items():
        odd = int((scores[3000:] >= threshold).sum())
        assert bound_below(odd, 300) <= rate
        # and no more than needed: were one more flagged, it would lie above, or all together would
        lower = np.sort(scores[scores < threshold])[-1]
        more = scores >= lower
        weights = np.where(groups == "many", 0.1, 1.0)
        assert (
            bound_below(int(more[3000:].sum()), 300) > rate
            or bound_above_weighted(more, weights) > rate
        )
    assert [row["false_positive_rate"] for row in table] == list(VERDICT_RATES)
    kept, withheld = table[1], table[2]
    assert kept["score"] == thresholds[0.01]
    assert kept["flagged"] == (scores >= thresholds[0.01]).sum()
    assert kept["upper_bound"] <= 0.01
    assert withheld["withheld"] == "too few human articles to guarantee 0.001"
    assert "score" not in withheld


def test_a_group_may_have_a_rate_of_its_own() -> None:
    scores = np.random.default_rng(4).normal(size=9300)
    scores[9000:] += 3.0
    groups = pd.Series([f"register {n // 300}" for n in range(9000)] + ["odd"] * 300)
    found, table = fit_thresholds(scores, groups, rates=[0.05], own_rates={"odd": 0.15})
    flagged = int((scores[9000:] >= found[0.05]).sum())
    # As many as do not lie significantly above its rate.
    assert bound_below(flagged, 300) <= 0.15 < bound_below(flagged + 1, 300)
    assert flagged > 0.15 * 300
    assert table[0]["upper_bound"] <= 0.05


def test_an_own_rate_spares_a_group_the_test_of_large_ones() -> None:
    scores = np.random.default_rng(4).normal(size=9300)
    scores[9000:] += 3.0
    groups = pd.Series([f"register {n // 300}" for n in range(9000)] + ["odd"] * 300)
    tested, _ = fit_thresholds(scores, groups, rates=[0.05])
    spared, table = fit_thresholds(scores, groups, rates=[0.05], own_rates={"odd": 0.5})
    assert spared[0.05] < tested[0.05]
    assert table[0]["upper_bound"] <= 0.05


def test_small_registers_are_pooled_into_the_bound() -> None:
    """One of them may have a flagged article; it was a third of all finds that this cost."""
    scores = np.concatenate([np.linspace(0, 1, 3000), [5.0], np.zeros(99)])
    groups = pd.Series(["many"] * 3000 + ["few"] * 100)
    thresholds, _ = fit_thresholds(scores, groups, rates=[0.05])
    assert thresholds[0.05] < 1.0 < scores[3000]


def test_registers_of_full_size_count_alike() -> None:
    weights = np.concatenate([np.full(3000, 0.1), np.ones(300)])
    flagged = np.zeros(3300, dtype=bool)
    flagged[3000:3009] = True
    # 9 of 600 articles' worth of weight; as many articles as tell as much: 600^2 / 330
    size = 600**2 / 330
    assert bound_above_weighted(flagged, weights) == pytest.approx(
        beta.ppf(0.95, 0.015 * size + 1, size - 0.015 * size)
    )


# --------------------------------------------------------------------------------------
# Weights and scales
# --------------------------------------------------------------------------------------


def test_classes_groups_and_documents_count_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_table, "ARTICLES_OF_A_FULL_GROUP", 2)
    frame = pd.DataFrame(
        {
            "label": ["original"] * 12 + ["translated"] * 3 + ["spun"] * 5,
            "group": ["big"] * 10 + ["small"] * 2 + ["big"] * 3 + ["big"] * 5,
            "system": [""] * 12 + ["engine"] * 3 + ["one"] * 4 + ["two"],
            "article_id": [f"a{n}" for n in range(20)],
        }
    )
    weights = balance(frame)
    assert weights.mean() == pytest.approx(1.0)
    by_class = pd.Series(weights).groupby(frame["label"]).sum()
    assert by_class.to_numpy() == pytest.approx(20 / 3)
    assert weights[:10].sum() == pytest.approx(weights[10:12].sum())
    # spun documents are grouped by their source of synonyms; one article is half of a full group
    assert weights[15:19].sum() == pytest.approx(2 * weights[19])
    assert len(set(weights[:10])) == 1


def test_human_scale_recovers_what_scores_were_drawn_from() -> None:
    rng = np.random.default_rng(6)
    words = np.exp(rng.uniform(np.log(60), np.log(2000), 20_000))
    length = np.log(words / 300)
    scores = -2 + 0.7 * length + rng.normal(size=len(words)) * np.sqrt(0.4 + 0.8 * 300 / words)
    scale = fit_human_scale(scores, words, np.ones(len(words)), np.zeros(len(words)))
    assert scale.mean == pytest.approx([-2, 0.7], abs=0.05)
    assert scale.variance == pytest.approx([0.4, 0.8], abs=0.08)
    standard = scale.standardize(scores, words)
    for part in np.array_split(np.argsort(words), 4):
        assert standard[part].mean() == pytest.approx(0, abs=0.05)
        assert standard[part].std() == pytest.approx(1, abs=0.05)


def test_what_sets_outlets_apart_does_not_pass_for_length() -> None:
    rng = np.random.default_rng(8)
    words = np.concatenate([rng.uniform(60, 120, 3000), rng.uniform(400, 900, 3000)])
    outlets = np.repeat(["wire", "magazine"], 3000)
    # The wire's short articles score 3 lower than the magazine's long ones; length does nothing.
    scores = np.where(outlets == "wire", -3.0, 0.0) + rng.normal(size=6000)
    scale = fit_human_scale(scores, words, np.ones(6000), outlets)
    assert scale.mean == pytest.approx([-1.5, 0.0], abs=0.1)
    assert scale.variance.sum() == pytest.approx(1.0, abs=0.1)


def test_scale_of_equal_scores_is_finite() -> None:
    words = np.array([100, 200, 300, 400])
    scale = fit_human_scale(np.array([1.0, 1.1, 1.0, 1.1]), words, np.ones(4), np.zeros(4))
    assert np.isfinite(scale.standardize(np.array([5.0]), [250])).all()


# --------------------------------------------------------------------------------------
# Sentence models
# --------------------------------------------------------------------------------------

COMMON = frozenset("the boats left harbour at noon men waited for coffee commence anew did".split())
PEOPLE = ["The boats left at noon.", "The men waited for coffee.", "The men left the harbour."]
ENGINES = ["The boats did commence anew.", "The men did commence.", "The coffee did commence anew."]


def test_lexical_model_learns_the_words_of_each_class() -> None:
    masked_sentences = [mask_sentence(s, COMMON) for s in PEOPLE * 4 + ENGINES * 4]
    labels = np.repeat([0, 1], 12)
    # all four classes must be there; the other two get sentences of their own
    masked_sentences += [
        mask_sentence("Coffee waited.", COMMON),
        mask_sentence("For noon.", COMMON),
    ]
    model = fit_lexical(masked_sentences, np.append(labels, [2, 3]))
    assert model.weights.shape == (HASHES, len(SENTENCE_CLASSES))
    from detector.features.ngrams import score_ngrams

    held_out = [
        mask_sentence(s, COMMON) for s in ("The men left.", "The harbour did commence anew.")
    ]
    scores = score_ngrams(held_out, model)
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]


def test_linear_model_takes_raw_columns() -> None:
    rng = np.random.default_rng(8)
    features = rng.normal(size=(500, 3)) * [1.0, 1000.0, 0.0] + [0.0, 5000.0, 7.0]
    labels = (features[:, 0] + (features[:, 1] - 5000) / 1000 > 0).astype(np.int64)
    model = fit_linear(features, labels)
    assert model.weights.shape == (3, 1)
    assert model.weights[2, 0] == 0
    assert ((model(features)[:, 0] > 0) == labels).mean() > 0.97
    three = fit_linear(features, np.arange(500) % 3)
    assert three.weights.shape == (3, 3)


def test_weights_of_samples_are_heeded() -> None:
    features = np.array([[0.0], [1.0], [0.0], [1.0]])
    labels = np.array([0, 1, 1, 0])
    model = fit_linear(features, labels, np.array([1.0, 1.0, 0.0, 0.0]))
    assert model.weights[0, 0] > 0


def test_pairs_unpack_to_both_sides_with_their_classes() -> None:
    pairs = [
        label_pair(PEOPLE[0], ENGINES[0], "translated", COMMON),
        label_pair(PEOPLE[1], ENGINES[1], "spun", COMMON, is_translation=True),
    ]
    masked_sentences, labels, human = unpack_pairs(pairs)
    names = [SENTENCE_CLASSES[i] for i in labels]
    assert names == ["native", "translated", "human_translation", "spun"]
    assert [v.text for v in masked_sentences[::2]] == [p.original.text for p in pairs]
    assert [v.text for v in masked_sentences[1::2]] == [p.text.text for p in pairs]
    expected: list[MaskedSentence] = [pairs[0].original] * 2 + [pairs[1].original] * 2
    assert human == expected


# --------------------------------------------------------------------------------------
# Documents as evidence
# --------------------------------------------------------------------------------------


def test_crops_are_runs_of_sentences_with_their_words(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(20, 5, seed=1)
    cropped = documents.crop(8)
    assert len(cropped.frame) == sum(len(m) > 8 for m in documents.matrices)
    by_article = dict(zip(documents.frame["article_id"], documents.matrices, strict=True))
    starts = set()
    for i, article in enumerate(cropped.frame["article_id"]):
        whole, part = by_article[article], cropped.matrices[i]
        found = [s for s in range(len(whole) - 7) if np.array_equal(whole[s : s + 8], part)]
        assert len(found) == 1
        starts.add(found[0])
        assert len(cropped.counts[i]) == 8
    assert len(starts) > 3
    assert cropped.words.min() >= 50


def test_crops_of_too_few_words_are_left_out(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(10, 0, seed=1)
    short = FeatureTable(
        documents.frame,
        documents.matrices,
        [np.full(len(m), 4, np.int32) for m in documents.matrices],
    )
    assert len(short.crop(4).frame) == 0
    assert short.crop(16).words.tolist() == [64] * sum(len(m) > 16 for m in short.matrices)


def test_with_crops_adds_every_size(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(12, 4, seed=1)
    sizes = [len(documents.crop(n).frame) for n in CROPS]
    assert len(documents.with_crops().frame) == len(documents.frame) + sum(sizes)


def test_select_and_concatenate_keep_rows_together(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(6, 3, seed=1)
    mask = is_machine(documents)
    both = concatenate([documents.select(~mask), documents.select(mask)])
    assert both.frame.equals(documents.frame)
    np.testing.assert_array_equal(both.summaries, documents.summaries)
    np.testing.assert_array_equal(both.words, documents.words)


def test_documents_without_evidence_are_left_out(
    tiny_detector: Detector, person_article: str, machine_article: str
) -> None:
    frame = pd.DataFrame(
        {"text": [person_article, "Print", machine_article], "article_id": ["p", "none", "m"]},
        index=[7, 8, 9],
    )
    documents = extract_features(frame, tiny_detector.extractor)
    assert documents.frame.to_dict("list") == {"article_id": ["p", "m"], "stopped": [False] * 2}
    assert [m.shape[1] for m in documents.matrices] == [len(FEATURE_COLUMNS)] * 2
    extractor = tiny_detector.extractor
    whole = [extractor.extract(extractor.read(text)) for text in (person_article, machine_article)]
    assert documents.words.tolist() == [d.words for d in whole]
    assert [len(c) for c in documents.counts] == [len(d.judged) for d in whole]


def test_what_cannot_be_flagged_is_known(tiny_detector: Detector, machine_article: str) -> None:
    misspelt = machine_article.replace("water", "watter").replace("small", "smal") + (
        "\n\nIt was becouse of the necesary repairs that somebodey was late untill noon."
    )
    frame = pd.DataFrame({"text": [machine_article, misspelt, machine_article.lower()]})
    documents = extract_features(frame, tiny_detector.extractor)
    assert documents.frame["stopped"].tolist() == [False, True, True]


# --------------------------------------------------------------------------------------
# The document classifier
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh(draw_documents: DrawDocuments) -> FeatureTable:
    """Documents that the classifier was not fitted on."""
    return draw_documents(1200, 300, seed=77)


def test_the_scorer_of_a_fold_does_not_depend_on_its_articles(
    draw_documents: DrawDocuments,
) -> None:
    documents = draw_documents(80, 40, seed=5)
    folds = assign_folds(documents.frame["article_id"], FOLDS)
    moved = [m + np.float32(fold == 1) for m, fold in zip(documents.matrices, folds, strict=True)]
    before = fit_classifier(documents, length_power=0.3)
    after = fit_classifier(replace(documents, matrices=moved), length_power=0.3)
    for fold in range(FOLDS):
        own = documents.select(folds == fold)
        scores, _ = before.of_folds[fold].score(own.summaries, own.words)
        np.testing.assert_allclose(scores, before.out_of_fold[folds == fold], atol=1e-6)
        weights = [fitted.of_folds[fold].scorer.weights for fitted in (before, after)]
        assert np.array_equal(*weights) == (fold == 1)


def test_classes_are_told_apart(synthetic_fit: FittedClassifier, fresh: FeatureTable) -> None:
    probabilities = probability_of(synthetic_fit, fresh)
    assert roc_auc_score(is_machine(fresh), probabilities) > 0.95
    _, shares = synthetic_fit.classifier.score(fresh.summaries, fresh.words)
    for i, label in enumerate(("translated", "spun")):
        assert (shares[(fresh.frame["label"] == label).to_numpy()].argmax(1) == i).mean() > 0.95


def test_probabilities_are_shares_at_even_odds(
    synthetic_fit: FittedClassifier, draw_documents: DrawDocuments
) -> None:
    even = draw_documents(300, 150, seed=78)
    assert probability_of(synthetic_fit, even).mean() == pytest.approx(0.5, abs=0.03)


def test_promised_rates_hold_on_fresh_articles(
    synthetic_fit: FittedClassifier, fresh: FeatureTable
) -> None:
    human = fresh.select(~is_machine(fresh))
    assert sorted(synthetic_fit.classifier.thresholds) == [0.01, 0.05]
    probabilities = probability_of(synthetic_fit, human)
    for rate in (0.05, 0.01):
        threshold = synthetic_fit.classifier.find_threshold(rate, human.words)
        assert (probabilities >= threshold).mean() <= rate


def test_what_is_stopped_raises_no_threshold(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(400, 150, seed=3)
    human = documents.select(~is_machine(documents)).frame
    scores = np.linspace(0, 4, len(human))
    loud = scores > 3.5
    free, _ = keep_guarantees(human, scores)
    stopped, table = keep_guarantees(human.assign(stopped=loud), scores)
    assert free.get(0.05, 0.0) > 3.5
    assert stopped.get(0.05, 9.0) <= 3.5
    assert table[0]["articles"] == len(human)
    assert table[0]["flagged"] == (scores[~loud] >= stopped[0.05]).sum()


def test_out_of_fold_scores_are_of_whole_documents(
    synthetic_fit: FittedClassifier, draw_documents: DrawDocuments
) -> None:
    documents = draw_documents(400, 150, seed=3)
    assert synthetic_fit.out_of_fold.shape == (700,)
    assert roc_auc_score(is_machine(documents), synthetic_fit.out_of_fold) > 0.95
    fitted, _ = synthetic_fit.classifier.score(documents.summaries, documents.words)
    assert not np.allclose(fitted, synthetic_fit.out_of_fold)
    assert [row["articles"] for row in synthetic_fit.threshold_table] == [400] * 3


def test_labels_without_signal_are_not_told_apart(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(90, 45, seed=5)
    shuffled = documents.frame.sample(frac=1.0, random_state=0).reset_index(drop=True)
    frame = documents.frame.assign(label=shuffled["label"], system=shuffled["system"])
    noise = FeatureTable(frame, documents.matrices, documents.counts)
    fitted = fit_classifier(noise)
    auroc = roc_auc_score(is_machine(noise), fitted.out_of_fold)
    # Out of fold, nothing that was learnt by heart helps.
    assert 0.35 < auroc < 0.65


def average_lengths(machine: str, human: int = 3000) -> DocumentAverages:
    """Documents of 75 to 1,200 words, of which people wrote so many, and a machine 300."""
    labels = ["original"] * human + [machine] * 300
    n = len(labels)
    frame = pd.DataFrame({"label": labels, "group": "news", "article_id": range(n)})
    words = np.geomspace(75, 1200, n).round().astype(int)[np.random.default_rng(1).permutation(n)]
    return DocumentAverages(frame.assign(by_translator=False), np.zeros((n, 1)), words, n)


def test_people_are_flagged_equally_often_at_all_lengths() -> None:
    documents = average_lengths("spun")
    rng = np.random.default_rng(2)
    human = (documents.frame["label"] == "original").to_numpy()
    scores = np.where(human, rng.normal(-1.0, 1.0, len(human)), rng.normal(2.5, 0.5, len(human)))
    answers = np.column_stack([np.full(len(scores), -50.0), scores])
    short = raise_answers(answers, documents.words, -0.4)
    power = choose_length_power(documents, short)
    assert power == pytest.approx(0.4, abs=0.1)
    least_and_most = (
        (short, 0.0, 0.004),
        (raise_answers(short, documents.words, power), 0.006, 0.014),
    )
    for raised, least, most in least_and_most:
        threshold = np.quantile(raised[human, 1], 0.99)
        is_long = documents.words > 600
        assert least <= (raised[human & is_long, 1] >= threshold).mean() <= most
    # Nothing is gained where the tail is level, or where there are too few people to tell.
    assert choose_length_power(documents, answers) == pytest.approx(0.0, abs=0.1)
    assert choose_length_power(average_lengths("spun", 900), short[:1200]) == 0.0


def test_fits_keep_which_people_a_machine_is_told_from(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(90, 45, seed=5)
    translators = documents.frame["article_id"].isin(documents.frame["article_id"][:40])
    documents = replace(documents, frame=documents.frame.assign(by_translator=translators))
    either = fit_classifier(documents)
    likelier = fit_classifier(documents, likelier_people=True)
    assert likelier.classifier.likelier_people
    # One kind of people is no likelier than both together.
    assert (likelier.out_of_fold > either.out_of_fold).all()
    again = refit_thresholds(documents, likelier.classifier)
    assert again.classifier.likelier_people
    np.testing.assert_allclose(again.out_of_fold, likelier.out_of_fold)


def test_fitting_draws_nothing(draw_documents: DrawDocuments) -> None:
    documents = draw_documents(60, 20, seed=6)
    one, two = (fit_classifier(documents) for _ in range(2))
    for name, values in one.classifier.to_arrays().items():
        np.testing.assert_array_equal(values, two.classifier.to_arrays()[name])
    assert one.threshold_table == two.threshold_table


def test_texts_of_one_article_tell_no_more_than_one() -> None:
    scores = np.repeat(np.linspace(0.0, 1.0, 200), 5)
    articles = pd.Series(np.repeat(np.arange(200), 5).astype(str))
    groups = pd.Series(["news"] * len(scores))
    apart, _ = fit_thresholds(scores, groups, rates=[0.05])
    together, table = fit_thresholds(scores, groups, rates=[0.05], articles=articles)
    alone, of_each = fit_thresholds(scores[::5], groups[::5], rates=[0.05])
    assert apart[0.05] < together[0.05] == alone[0.05]
    assert table[0]["upper_bound"] == pytest.approx(of_each[0]["upper_bound"])


def test_a_guarantee_counts_an_article_once() -> None:
    scores = np.repeat(np.linspace(0.0, 1.0, 70), 10)
    articles = pd.Series(np.repeat(np.arange(70), 10).astype(str))
    assert choose_threshold(scores, 0.05) < choose_threshold(scores, 0.05, articles)
    assert choose_threshold(scores, 0.05, articles) == choose_threshold(scores[::10], 0.05)
    assert choose_threshold(scores[:100], 0.05, articles[:100]) is None
