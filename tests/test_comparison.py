"""A copy against its original: evidence of the pair, relations, thresholds, storage, bad input."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector.comparison.pair_features import PAIR_COLUMNS, PairFeatures
from detector.comparison.relation_classifier import PairClassifier, hash_pair
from detector.detector import MAXIMUM_CHARACTERS, Detector
from detector.errors import BundleError
from detector.model.bundle_writing import write_bundle
from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, RELATIONS, VERBATIM, Comparison
from detector.text.masking import mask_sentence
from detector.text.sentences import place_words, split_sentences

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
            ("\n".join(REWRITTEN.strip().split("\n")[i % 3 :]), ORIGINAL, MACHINE_REWRITTEN),
            ("\n".join(OTHER.strip().split("\n")[i % 2 :]), ORIGINAL, INDEPENDENT),
        ]
    frame = pd.DataFrame(rows, columns=["copy", "original", "relation"])
    return frame.assign(group="harbour", article_id=[f"a{i // 4}" for i in range(len(rows))])


@pytest.fixture(scope="module")
def classifier(tiny_detector: Detector, pairs: pd.DataFrame) -> PairClassifier:
    from detector.training.fitting.comparison import PairFeatureTable, fit_pair_classifier

    gathered = PairFeatureTable.gather(tiny_detector, pairs)
    equals = np.array(sorted({hash_pair("town", "city")}), dtype=np.uint32)
    fitted, _ = fit_pair_classifier(gathered, equals)
    return replace(fitted, thresholds={0.05: 0.5, 0.005: 0.6})


@pytest.fixture(scope="module")
def comparing(
    tiny_bundle: Path, classifier: PairClassifier, tmp_path_factory: pytest.TempPathFactory
) -> Detector:
    """The tiny detector with something to compare with."""
    folder = tmp_path_factory.mktemp("comparing")
    parts: dict[str, object] = {
        path.name: path for path in tiny_bundle.iterdir() if path.name != "manifest.json"
    }
    parts["comparison.safetensors"] = classifier.to_arrays()
    write_bundle(folder / "model", parts, name="tiny", seed=3, licence="Apache-2.0")  # type: ignore[arg-type]
    return Detector.load(folder / "model", threads=1)


@pytest.mark.parametrize(
    ("copy", "relation"),
    [
        (ORIGINAL, VERBATIM),
        ("\n".join(ORIGINAL.split("\n")[:5]), VERBATIM),
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


def test_substitutions_carry_both_places_and_a_score(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL)
    found = {(s.text, s.original_text) for s in comparison.substitutions}
    assert {("fissures", "cracks"), ("persistence", "patience"), ("girders", "beams")} <= found
    for s in comparison.substitutions:
        assert REWRITTEN[s.start : s.end] == s.text
        assert ORIGINAL[s.original_start : s.original_end] == s.original_text
    assert len({s.score for s in comparison.substitutions}) > 1


def test_a_dictionary_keeps_a_synonym_from_being_called_a_wrong_sense(
    classifier: PairClassifier, tiny_detector: Detector
) -> None:
    gathered = tiny_detector.extractor.gather([REWRITTEN, ORIGINAL])
    features = PairFeatures.gather((REWRITTEN, ORIGINAL), (gathered[0], gathered[1]), (0.0, 0.0))
    sure = replace(
        classifier, substitutions=replace(classifier.substitutions, bias=np.float32([5.0]))
    )
    kinds = {s.text: s.kind for s in sure.name_substitutions(features)}
    assert kinds["city"] == "synonym"
    assert kinds["fissures"] == "wrong sense"


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


def test_a_rate_without_a_promise_flags_nothing(comparing: Detector) -> None:
    comparison = comparing.compare(REWRITTEN, ORIGINAL, false_positive_rate=0.01)
    assert comparison.threshold is None
    assert not comparison.flagged
    assert "only at 0.005, 0.05" in str(comparison.reason)


def test_a_model_without_comparison_says_so(tiny_detector: Detector) -> None:
    with pytest.raises(BundleError, match=r"comparison\.safetensors"):
        tiny_detector.compare(REWRITTEN, ORIGINAL)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_an_impossible_rate_is_refused(comparing: Detector, rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        comparing.compare(REWRITTEN, ORIGINAL, false_positive_rate=rate)


def test_only_strings_are_compared(comparing: Detector) -> None:
    with pytest.raises(TypeError, match="reference is list"):
        comparing.compare(ORIGINAL, [ORIGINAL])  # type: ignore[arg-type]


def test_words_are_found_in_the_callers_text() -> None:
    text = (
        "A first line.\n\n“We &amp; they — the crew’s  men — left…”  she said 🙂 at 9 p.m. today."
    )
    for sentence in split_sentences(text):
        masked = mask_sentence(sentence.text, frozenset({"we", "they", "crew", "men", "left"}))
        for word, (start, end) in zip(
            masked.words, place_words(text, sentence, masked.places), strict=True
        ):
            if word.isalpha() and word not in ("xx",):
                assert text[start:end].lower().replace("’", "'").startswith(word.lower()[:2])


def test_nothing_of_a_damaged_comparison_is_used(comparing: Detector, tmp_path: Path) -> None:
    assert comparing.bundle is not None
    broken = tmp_path / "broken"
    shutil.copytree(comparing.bundle.folder, broken)
    (broken / "comparison.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(BundleError, match=r"comparison\.safetensors"):
        Detector.load(broken)
