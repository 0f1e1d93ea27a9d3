"""A copy against its original: features of the pair, relations, thresholds, storage, bad input."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bundles import write_bundle
from span_models import make_memory, make_model

from detector.batch.judge import Judge, Settings
from detector.comparison.alignment import DescribedText, LinkedTexts
from detector.comparison.pair_features import (
    _DIRECTED,
    _DIRECTED_PLACES,
    _PUT,
    _TAKEN,
    PAIR_COLUMNS,
    PairFeatures,
    select_directed,
)
from detector.comparison.relation_classifier import PairClassifier, judge_relations
from detector.detector import Detector
from detector.errors import BundleError
from detector.features.columns import FEATURE_COLUMNS
from detector.features.encoder import SentenceEncoder
from detector.model.document_classifier import DocumentClassifier
from detector.model.thresholds import Thresholds
from detector.results import (
    EDITED,
    INDEPENDENT,
    MACHINE_REWRITTEN,
    RELATIONS,
    RETOLD,
    VERBATIM,
    Comparison,
)
from detector.spans.finder import ArtifactFinder
from detector.text.document import MAXIMUM_CHARACTERS
from detector.text.hashing import hash_unordered_pair

ORIGINAL = """\
The town council closed the old harbour bridge on Friday after engineers found new cracks.
Mayor Ines Kohl called for calm at a crowded meeting and asked shop owners for patience.
"We will not take risks with people's lives," she said during the two-hour hearing.
Ferry boats will carry passengers between the two banks until the repairs are finished.
The works are expected to cost four million euros, most of it paid by the region.
Fishermen fear that the detour will ruin the summer season for the smaller restaurants.
A petition against the closure had gathered nine hundred signatures by Sunday evening.
The last inspection, three years ago, had found the steel beams in good condition.
"""
REWRITTEN = """\
The city council shut the ancient harbour bridge on Friday after engineers discovered new fissures.
Mayor Ines Kohl appealed for calm at a crowded session and begged shop owners for persistence.
"We will not undertake risks with the life of people," she stated in the two-hour hearing.
Ferry vessels will transport passengers between both banks until the repairs are terminated.
The works are anticipated to cost four million euros, the majority of it paid by the region.
Fishers dread that the diversion will ruin the summer season for the littler restaurants.
A request against the shutdown had collected nine hundred signatures by Sunday evening.
The last examination, three years ago, had discovered the steel girders in good state.
"""
RETELLING = """\
People who take the ferry will have to wait. The town has shut it because the jetty is unsafe.
A diver looked at it. He saw that the steel under the water was cracked in several places.
The ferry used to take some two thousand people over the bay each day. They must go by bus now.
"It is not what anybody wants," said the mayor. He hopes that it is over before the summer.
The repair costs four million euros. Most of that comes from the region.
Fishermen and the owners of small restaurants are worried. They live on the summer guests.
Nine hundred people have signed a letter against it so far. They did so before Sunday evening.
Nobody had seen the cracks three years ago. That was when the beams were last looked at.
"""
OTHER = """\
A storm that crossed the northern valleys on Tuesday night left thousands without electricity.
Rescue teams searched the woods near Aldau for two hikers who had not come down in time.
Schools stayed shut in eleven villages, and trains were cancelled until the afternoon.
The weather service had warned of gusts stronger than any measured since the spring of 1990.
Farmers reported broken greenhouses, drowned lambs and fields covered with fallen branches.
Insurers said that it was too early to put a figure on the damage done to roofs and cars.
"""


def edit(text: str, keep: int) -> str:
    lines = text.strip().split("\n")[:keep]
    return "\n".join([*lines[1:], lines[0].replace("closed", "shut"), "More details tomorrow."])


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    rows = []
    for i in range(5):
        cut = "\n".join(ORIGINAL.strip().split("\n")[i % 3 :])
        rows += [
            (cut, ORIGINAL, VERBATIM),
            (edit(ORIGINAL, 8 - i % 3), ORIGINAL, EDITED),
            ("\n".join(RETELLING.strip().split("\n")[i % 3 :]), ORIGINAL, RETOLD),
            ("\n".join(REWRITTEN.strip().split("\n")[i % 3 :]), ORIGINAL, MACHINE_REWRITTEN),
            ("\n".join(OTHER.strip().split("\n")[i % 2 :]), ORIGINAL, INDEPENDENT),
        ]
    frame = pd.DataFrame(rows, columns=["copy", "original", "relation"])
    return frame.assign(
        group="harbour",
        rate=0.0,
        article_id=[f"a{i // 5}" for i in range(len(rows))],
        original_article_id=[f"a{i // 5}" for i in range(len(rows))],
    )


@pytest.fixture(scope="module")
def classifier(tiny_detector: Detector, pairs: pd.DataFrame) -> PairClassifier:
    from detector.training.fitting.comparison import (
        PairFeatureTable,
        extract_pair_features,
        fit_pair_classifier,
    )

    gathered = PairFeatureTable.collect(pairs, extract_pair_features(tiny_detector, pairs))
    equals = np.array(sorted({hash_unordered_pair("town", "city")}), dtype=np.uint32)
    fitted, _ = fit_pair_classifier(gathered, equals)
    thresholds = Thresholds({0.05: 0.5, 0.005: 0.6})
    return replace(fitted, thresholds=thresholds, short_thresholds=thresholds)


@pytest.fixture(scope="module")
def comparing(
    tiny_bundle: Path, classifier: PairClassifier, tmp_path_factory: pytest.TempPathFactory
) -> Detector:
    """The tiny detector with something to compare with and spans to point at."""
    folder = tmp_path_factory.mktemp("comparing")
    parts: dict[str, object] = {
        path.name: path for path in tiny_bundle.iterdir() if path.name != "manifest.json"
    }
    parts["comparison.safetensors"] = classifier.to_arrays()
    parts |= ArtifactFinder(make_memory({"fissures": "cracks"}), make_model()).to_parts()
    write_bundle(folder / "model", parts, name="tiny", seed=3, licence="Apache-2.0")  # type: ignore[arg-type]
    return Detector.load(folder / "model", threads=1)


def test_short_pairs_are_flagged_by_thresholds_of_their_own(
    comparing: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = comparing.compare(REWRITTEN, ORIGINAL)
    limits = Thresholds({0.05: 0.5, 0.005: 0.999})
    strict = replace(comparing._load_pair_classifier(), short_thresholds=limits)
    monkeypatch.setattr(comparing, "_pair_classifier", strict)
    withheld = comparing.compare(REWRITTEN, ORIGINAL)
    assert (short.flagged, short.threshold) == (True, 0.6)
    assert (withheld.flagged, withheld.threshold) == (False, 0.999)
    assert withheld.probability == short.probability


@pytest.mark.parametrize(("direction", "is_flagged"), [(0.25, True), (0.15, False)])
def test_nobody_is_flagged_who_rather_wrote_the_original(
    comparing: Detector, monkeypatch: pytest.MonkeyPatch, direction: float, is_flagged: bool
) -> None:
    monkeypatch.setattr(PairClassifier, "tell_direction", lambda *_: np.array([direction]))
    judged = comparing.compare(REWRITTEN, ORIGINAL)
    assert judged.relation == MACHINE_REWRITTEN
    assert judged.flagged == is_flagged
    reason = "the other way round: the original seems made of the copy (85 %)"
    assert judged.reason == (None if is_flagged else reason)
    columns = np.array([[judged.features[name] for name in PAIR_COLUMNS]])
    classifier = comparing._load_pair_classifier()
    assert classifier.flag(columns, [100], 0.005).tolist() == [is_flagged]


def test_whose_form_is_odd_is_said(comparing: Detector) -> None:
    loud = comparing.compare(REWRITTEN, ORIGINAL.upper())
    assert loud.reason is not None
    assert ": the original, since it is written in capital letters" in loud.reason
    assert not loud.flagged
    loud = comparing.compare(REWRITTEN.upper(), ORIGINAL)
    assert loud.reason is not None
    assert ": the copy, since it is written in capital letters" in loud.reason


def test_an_original_that_reads_like_a_translation_is_measured_as_one(
    tiny_detector: Detector,
) -> None:
    extract = tiny_detector.extractor
    copy, original, other = (
        extract.extract(extract.read(text)) for text in (REWRITTEN, ORIGINAL, OTHER)
    )
    rows = dict(zip(FEATURE_COLUMNS, original.matrix.T, strict=True))
    linked = PairFeatures.measure(copy, original, 0.0, 0.0).named_columns
    unlinked = PairFeatures.measure(other, original, 0.0, 0.0).named_columns
    for source in ("encoder", "lexical", "style"):
        odds = (rows[f"{source}_translated"] - rows[f"{source}_machine"]).mean()
        assert linked[f"original_is_translation_{source}"] == pytest.approx(odds, abs=1e-4)
        assert unlinked[f"original_is_translation_{source}"] == 0.0


@pytest.mark.parametrize(
    ("coverage", "kept", "exchanges", "exchanged", "relation"),
    [
        (1.0, 0.98, 10.0, 0.9, MACHINE_REWRITTEN),
        (1.0, 0.99, 10.0, 0.9, EDITED),
        (1.0, 0.9, 2.0, 0.9, EDITED),
        (1.0, 0.9, 3.0, 0.9, MACHINE_REWRITTEN),
        # Nine of ten changes are endings, articles, what was dropped and added.
        (1.0, 0.9, 10.0, 0.1, EDITED),
        # An article that quotes another.
        (0.2, 0.9, 2.0, 0.9, EDITED),
        (0.2, 0.9, 10.0, 0.9, MACHINE_REWRITTEN),
        (0.1, 0.5, 10.0, 0.9, INDEPENDENT),
    ],
)
def test_no_machine_is_named_where_little_was_exchanged_or_little_is_a_copy(
    coverage: float, kept: float, exchanges: float, exchanged: float, relation: str
) -> None:
    def accuse(columns: object) -> np.ndarray:
        return np.where(np.array(RELATIONS) == MACHINE_REWRITTEN, 9000.0, 0.0)[np.newaxis]

    columns = np.zeros((1, len(PAIR_COLUMNS)))
    for name, value in (
        ("coverage", coverage), ("kept words", kept), ("exchanges", exchanges),
        ("changes per 100", 20.0), ("synonym per 100", 10.0 * exchanged),
        ("rephrasing per 100", 10.0 * exchanged),
    ):  # fmt: skip
        columns[:, PAIR_COLUMNS.index(name)] = value
    shares = judge_relations(accuse, columns)  # type: ignore[arg-type]
    assert shares.sum() == pytest.approx(1.0)
    assert RELATIONS[shares[0].argmax()] == relation
    expected = 1.0 if relation == MACHINE_REWRITTEN else 0.1
    assert shares[0, RELATIONS.index(MACHINE_REWRITTEN)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kept", "exchanged", "relation"),
    [
        (0.4, 6.0, RETOLD),
        (0.68, 3.5, RETOLD),
        # names kept, or few of them and hardly one exchanged
        (0.8, 6.0, MACHINE_REWRITTEN),
        (0.0, 1.0, MACHINE_REWRITTEN),
    ],
)
def test_other_facts_by_one_template_are_no_machines(
    kept: float, exchanged: float, relation: str
) -> None:
    def accuse(columns: object) -> np.ndarray:
        return np.where(np.array(RELATIONS) == MACHINE_REWRITTEN, 9000.0, 0.0)[np.newaxis]

    columns = np.zeros((1, len(PAIR_COLUMNS)))
    for name, value in (
        ("coverage", 1.0), ("kept words", 0.7), ("exchanges", 10.0), ("changes per 100", 20.0),
        ("synonym per 100", 10.0), ("names kept", kept), ("name or spelling per 100", exchanged),
    ):  # fmt: skip
        columns[:, PAIR_COLUMNS.index(name)] = value
    shares = judge_relations(accuse, columns)  # type: ignore[arg-type]
    assert shares.sum() == pytest.approx(1.0)
    assert RELATIONS[shares[0].argmax()] == relation


@pytest.mark.parametrize(("synonyms", "relation"), [(0.0, VERBATIM), (0.5, EDITED)])
def test_a_copy_with_synonyms_is_not_verbatim(synonyms: float, relation: str) -> None:
    def find_verbatim(columns: object) -> np.ndarray:
        return np.where(np.array(RELATIONS) == VERBATIM, 9000.0, 0.0)[np.newaxis]

    columns = np.zeros((1, len(PAIR_COLUMNS)))
    for name, value in (("coverage", 1.0), ("kept words", 0.99), ("synonym per 100", synonyms)):
        columns[:, PAIR_COLUMNS.index(name)] = value
    shares = judge_relations(find_verbatim, columns)  # type: ignore[arg-type]
    assert shares.sum() == pytest.approx(1.0)
    assert RELATIONS[shares[0].argmax()] == relation


@pytest.mark.parametrize(
    ("copy", "relation"),
    [
        (ORIGINAL, VERBATIM),
        ("\n".join(ORIGINAL.split("\n")[:5]), VERBATIM),
        (RETELLING, RETOLD),
        (REWRITTEN, MACHINE_REWRITTEN),
        (OTHER, INDEPENDENT),
    ],
)
def test_relations_are_told_apart(comparing: Detector, copy: str, relation: str) -> None:
    comparison = comparing.compare(copy, ORIGINAL)
    assert comparison.relation == relation
    assert sum(comparison.class_probabilities.values()) == pytest.approx(1.0)
    assert tuple(comparison.class_probabilities) == RELATIONS
    assert comparison.flagged == (relation == MACHINE_REWRITTEN)


def test_a_text_is_measured_once_for_several_comparisons(comparing: Detector) -> None:
    copy, original = comparing.measure(REWRITTEN), comparing.measure(ORIGINAL)
    assert comparing.compare(copy, original) == comparing.compare(REWRITTEN, ORIGINAL)
    assert comparing.compare(copy, ORIGINAL) == comparing.compare(REWRITTEN, original)
    with pytest.raises(TypeError, match="text is int; give a string"):
        comparing.measure(7)  # type: ignore[arg-type]


def test_sentences_linked_before_need_not_be_linked_again(
    comparing: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, original = comparing.measure(REWRITTEN), comparing.measure(ORIGINAL)
    texts = [DescribedText.describe(text.document) for text in (copy, original)]
    linked = LinkedTexts.link(*texts)
    expected = comparing.compare(copy, original)
    calls = Calls(monkeypatch)
    calls.watch_function("detector.comparison.sentence_alignment", "group_sentences")
    assert comparing.compare(copy, original, linked=linked) == expected
    assert not calls.counts
    for others in ((original, copy), (REWRITTEN, ORIGINAL)):
        with pytest.raises(ValueError, match="linked is of other texts"):
            comparing.compare(*others, linked=linked)


def test_which_text_was_made_of_which_changes_with_their_places(comparing: Detector) -> None:
    forward, back = comparing.compare(REWRITTEN, ORIGINAL), comparing.compare(ORIGINAL, REWRITTEN)
    assert forward.relation == back.relation == MACHINE_REWRITTEN
    assert forward.direction is not None
    assert back.direction is not None
    assert forward.direction > 0.5 > back.direction
    assert forward.direction + back.direction == pytest.approx(1.0, abs=0.05)
    assert comparing.compare(RETELLING, ORIGINAL).direction is None


def test_substitutions_carry_both_places_and_a_score(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL)
    found = {(s.text, s.original_text) for s in comparison.substitutions}
    assert {("fissures", "cracks"), ("persistence", "patience"), ("girders", "beams")} <= found
    for s in comparison.substitutions:
        assert REWRITTEN[s.start : s.end] == s.text
        assert ORIGINAL[s.original_start : s.original_end] == s.original_text
    assert len({s.score for s in comparison.substitutions}) > 1


def test_each_side_has_the_verdict_that_it_has_alone(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL)
    assert comparison.verdict == comparing.score(REWRITTEN)
    assert comparison.original_verdict == comparing.score(ORIGINAL)
    assert [artifact.text for artifact in comparison.verdict.artifacts] == ["fissures"]
    other = comparing.compare(REWRITTEN, ORIGINAL, verdict_rate=0.05, artifacts="none")
    assert other.verdict == comparing.score(REWRITTEN, false_positive_rate=0.05, artifacts="none")
    assert (other.probability, other.threshold) == (comparison.probability, comparison.threshold)


def test_a_refused_pair_has_the_verdicts_of_either_side(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, "Leave a Comment")
    assert comparison.reason == "too short: the original has no whole sentence"
    assert comparison.verdict == comparing.score(REWRITTEN)
    assert comparison.original_verdict == comparing.score("Leave a Comment")


class Calls:
    """Counts the calls of functions, by name and first argument, wherever they are bound."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        self.monkeypatch = monkeypatch

    def watch_function(self, module: str, name: str) -> None:
        """Count a function in every module of the package that imported it."""
        function = getattr(sys.modules[module], name)
        counted = self._count(name, function)
        for place, holder in list(sys.modules.items()):
            if place.startswith("detector.") and getattr(holder, name, None) is function:
                self.monkeypatch.setattr(holder, name, counted)

    def watch_method(self, owner: type, name: str) -> None:
        """Count a method."""
        label = f"{owner.__name__}.{name}"
        self.monkeypatch.setattr(owner, name, self._count(label, getattr(owner, name)))

    def _count(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.counts[label] += 1
            return function(*args, **kwargs)

        return counted


def test_a_frame_of_pairs_is_answered_as_the_pairs_are(comparing: Detector) -> None:
    frame = pd.DataFrame({"copy": [REWRITTEN, OTHER], "was": [ORIGINAL, ORIGINAL]}, index=[5, 3])
    answer = comparing.compare_frame(frame, text_column="copy", reference_column="was")
    assert answer.index.tolist() == [5, 3]
    for row, copy in zip(answer.to_dict("records"), frame["copy"], strict=True):
        comparison = comparing.compare(copy, ORIGINAL, artifacts="none")
        assert row["comparison_probability"] == comparison.probability
        assert (row["relation"], row["coverage"]) == (comparison.relation, comparison.coverage)
        assert row["probability"] == comparison.verdict.probability
    assert answer["flagged"].tolist() == [True, False]


@pytest.fixture
def calls(comparing: Detector, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    comparing.compare(REWRITTEN, ORIGINAL)  # now every module is imported
    calls = Calls(monkeypatch)
    for module, name in (
        ("detector.text.normalization", "normalize"),
        ("detector.text.sentences", "split_normalized"),
        ("detector.text.language", "guess_language"),
        ("detector.text.intake.form", "find_deviation"),
    ):
        calls.watch_function(module, name)
    calls.watch_method(SentenceEncoder, "encode")
    calls.watch_method(DocumentClassifier, "score")
    return calls.counts


@pytest.mark.parametrize("original", [ORIGINAL, "Leave a Comment."])
def test_a_comparison_reads_and_scores_each_text_once(
    comparing: Detector, calls: Counter[str], original: str
) -> None:
    comparing.compare(REWRITTEN, original)
    judged = 2 if original == ORIGINAL else 1
    assert calls == {
        "normalize": 2,
        "split_normalized": 2,
        "guess_language": 2,
        "find_deviation": judged,
        "SentenceEncoder.encode": judged,
        "DocumentClassifier.score": judged,
    }


def test_a_retrained_model_scores_each_text_once_with_either_classifier(
    comparing: Detector, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "_log_odds_classifier", replace(comparing.classifier))
    comparing.compare(REWRITTEN, ORIGINAL)
    assert calls["DocumentClassifier.score"] == 4


def test_a_row_with_its_original_is_encoded_once(comparing: Detector, calls: Counter[str]) -> None:
    settings = Settings(false_positive_rate=0.05, artifacts="many", whole=True)
    judgement = Judge(comparing, settings).judge(REWRITTEN, ORIGINAL)
    assert calls["SentenceEncoder.encode"] == calls["DocumentClassifier.score"] == 2
    verdict = comparing.score(REWRITTEN, false_positive_rate=0.05, artifacts="many")
    assert judgement.verdict == verdict
    assert judgement.columns["threshold"] == verdict.threshold
    assert judgement.columns["artifacts"] == [a.to_dict() for a in verdict.artifacts] != []


def test_a_comparison_survives_json(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL)
    assert Comparison.from_json(comparison.to_json()) == comparison
    assert "machine-rewritten" in str(comparison)
    assert "'fissures' ← 'cracks'" in str(comparison)


def test_a_classifier_survives_storage(
    classifier: PairClassifier, tiny_detector: Detector, pairs: pd.DataFrame
) -> None:
    again = PairClassifier.from_arrays(classifier.to_arrays())
    columns = np.random.default_rng(1).normal(size=(4, len(PAIR_COLUMNS)))
    assert np.array_equal(again.judge(columns), classifier.judge(columns))
    assert again.thresholds == classifier.thresholds


@pytest.mark.parametrize(
    ("copy", "original", "reason"),
    [
        ("", ORIGINAL, "empty: the copy"),
        (ORIGINAL, " \n ", "empty: the original"),
        (ORIGINAL, "Der Hafen bleibt am Montag geschlossen, weil der Sturm nicht nachlässt. " * 5,
         "two languages"),
        ("x" * (MAXIMUM_CHARACTERS + 1), ORIGINAL, "too long: the copy"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_answered_with_the_reason(
    comparing: Detector, copy: str, original: str, reason: str
) -> None:
    comparison = comparing.compare(copy, original)
    assert comparison.relation is None
    assert not comparison.flagged
    assert comparison.reason is not None
    assert comparison.reason.startswith(reason)


def test_a_short_pair_is_judged_but_not_flagged(comparing: Detector) -> None:
    short = comparing.compare(*(t.split("\n")[0] for t in (REWRITTEN, ORIGINAL)))
    assert short.relation is not None
    assert not short.flagged
    assert short.reason is not None
    assert short.reason.startswith("too short")


def test_a_rate_without_a_guarantee_flags_nothing(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL, false_positive_rate=0.01)
    assert comparison.threshold is None
    assert not comparison.flagged
    assert "only at 0.005, 0.05" in str(comparison.reason)


def test_a_model_without_comparison_says_so(tiny_detector: Detector) -> None:
    with pytest.raises(BundleError, match=r"comparison\.safetensors"):
        tiny_detector.compare(REWRITTEN, ORIGINAL)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
@pytest.mark.parametrize("name", ["false_positive_rate", "verdict_rate"])
def test_an_impossible_rate_is_refused(comparing: Detector, name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 0.05, 0.01"):
        comparing.compare(REWRITTEN, ORIGINAL, **{name: rate})


def test_an_unknown_setting_is_refused(comparing: Detector) -> None:
    with pytest.raises(ValueError, match=r"must be one of 'few', .*, not 'loud'"):
        comparing.compare(REWRITTEN, ORIGINAL, artifacts="loud")


def test_only_strings_are_compared(comparing: Detector) -> None:
    with pytest.raises(TypeError, match="reference is list"):
        comparing.compare(ORIGINAL, [ORIGINAL])  # type: ignore[arg-type]


def test_nothing_of_a_damaged_comparison_is_used(comparing: Detector, tmp_path: Path) -> None:
    assert comparing.bundle is not None
    broken = tmp_path / "broken"
    shutil.copytree(comparing.bundle.folder, broken)
    (broken / "comparison.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(BundleError, match=r"comparison\.safetensors"):
        Detector.load(broken)


def test_direction_is_asked_of_both_orders(classifier: PairClassifier) -> None:
    columns = np.random.default_rng(2).normal(size=(6, len(PAIR_COLUMNS)))
    forward, back = select_directed(columns), select_directed(columns, swapped=True)
    directed = len(_DIRECTED) + 1
    np.testing.assert_array_equal(forward[:, :directed], -back[:, :directed])
    np.testing.assert_array_equal(forward[:, directed:], back[:, directed:])
    swapped = columns.copy()
    swapped[:, _DIRECTED_PLACES] *= -1.0
    swapped[:, [_PUT, _TAKEN]] = columns[:, [_TAKEN, _PUT]]
    shares = classifier.tell_direction(columns)
    np.testing.assert_allclose(shares + classifier.tell_direction(swapped), 1.0, atol=1e-9)
    assert shares.std() > 0.01
