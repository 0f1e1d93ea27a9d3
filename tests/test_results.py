"""Verdicts read well, survive JSON and cannot contradict themselves."""

import json
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.result_base import format_signature
from detector.results import (
    LABELS,
    Artifact,
    Comparison,
    SentenceLink,
    SentenceScore,
    Substitution,
    Verdict,
)

VERDICT = Verdict(
    probability=0.981,
    label="translated",
    class_probabilities={"original": 0.019, "translated": 0.931, "spun": 0.05},
    flagged=True,
    threshold=0.973,
    false_positive_rate=0.01,
    sentences=(
        SentenceScore("The mayor gave a call.", 0, 22, "sentence", {"encoder": 1.5, "words": 0.25}),
        SentenceScore("It rained.", 23, 33, "sentence", {"encoder": -0.5}),
        SentenceScore("Leave a Comment", 34, 49, "boilerplate"),
    ),
    artifacts=(Artifact(17, 21, "call", "synonym", 2.1, "appeal"),),
    words=9,
    language="en",
    signature="detector:0.1.0|model:default@ab12cd34|threshold:0.973@fpr0.01",
)
NOT_JUDGED = Verdict(
    probability=None,
    label=None,
    class_probabilities={},
    flagged=False,
    threshold=0.973,
    false_positive_rate=0.01,
    reason="not English: German",
    language="de",
)
COMPARISON = Comparison(
    relation="machine-rewritten",
    class_probabilities={"machine-rewritten": 0.9, "edited": 0.1},
    probability=0.9,
    flagged=True,
    threshold=0.5,
    false_positive_rate=0.005,
    coverage=0.75,
    original_coverage=0.5,
    alignment=(SentenceLink("merged", (0,), (0, 1), 0.6), SentenceLink("dropped", (), (2,), 0.0)),
    substitutions=(Substitution(17, 21, "call", 4, 10, "appeal", "synonym", 2.1, 0.5),),
    features={"coverage": 0.75},
    verdict=replace(VERDICT, notes=("read in part: 9 of 10 characters",)),
    original_verdict=NOT_JUDGED,
    direction=0.8,
)


@pytest.mark.parametrize("verdict", [VERDICT, NOT_JUDGED])
def test_json_gives_the_same_verdict_back(verdict: Verdict) -> None:
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert Verdict.from_dict(verdict.to_dict()) == verdict


@pytest.mark.parametrize("result", [VERDICT, COMPARISON])
def test_to_dict_holds_nothing_that_json_lacks(result: Verdict | Comparison) -> None:
    data = result.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert json.loads(result.to_json()) == data


def test_a_comparison_survives_json() -> None:
    assert Comparison.from_json(COMPARISON.to_json()) == COMPARISON
    assert Comparison.from_dict(COMPARISON.to_dict()) == COMPARISON


def test_parts_survive_json_by_themselves() -> None:
    sentence, artifact = VERDICT.sentences[0], VERDICT.artifacts[0]
    assert SentenceScore.from_json(sentence.to_json()) == sentence
    assert Artifact.from_json(artifact.to_json()) == artifact


def test_a_verdict_travels_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(VERDICT)) == VERDICT  # noqa: S301 - our own bytes


def test_a_verdict_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        VERDICT.flagged = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": 1.2}, "between 0 and 1"),
        ({"probability": float("nan")}, "between 0 and 1"),
        ({"threshold": -0.1}, "between 0 and 1"),
        ({"label": "human"}, "one of original, translated, spun"),
        ({"probability": None}, "together or not at all"),
        ({"probability": None, "label": None, "flagged": False}, "needs a reason"),
        ({"threshold": None}, "flagged needs"),
        ({"reason": "too short: 9 words, 60 needed"}, "flagged needs"),
    ],
)
def test_contradictions_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(VERDICT, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": 1.2}, "between 0 and 1"),
        ({"coverage": -0.1}, "between 0 and 1"),
        ({"false_positive_rate": 7.0}, "false_positive_rate must lie between 0 and 1"),
        ({"relation": "translated"}, "one of verbatim"),
        ({"relation": None}, "together or not at all"),
        ({"relation": None, "probability": None, "flagged": False}, "needs a reason"),
        ({"relation": None, "probability": None, "reason": "empty: it is"}, "flagged needs"),
        ({"threshold": None}, "flagged needs"),
        ({"reason": "too short: 9 words, 30 needed"}, "flagged needs"),
    ],
)
def test_contradictions_of_a_comparison_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(COMPARISON, **change)


@pytest.mark.parametrize("span", [(-1, 3), (4, 3)])
def test_impossible_spans_are_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a span"):
        SentenceScore("x", *span)
    with pytest.raises(ValueError, match="not a span"):
        Artifact(*span, "x", "synonym", 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "not a Verdict: list where an object is meant"),
        ('{"sentences": null}', "NoneType where a list of SentenceScore is meant"),
        ('{"sentences": {}}', "dict where a list of SentenceScore is meant"),
        ('{"artifacts": [3]}', "not a Artifact: int where an object is meant"),
        (VERDICT.to_json().replace('"notes": []', '"notes": null'), "not a Verdict"),
        ('{"verdict": 1}', "no field 'verdict'"),
        ('{"probability": 0.5}', "not a Verdict"),
        (VERDICT.to_json().replace('"kind"', '"sort"'), "no field 'sort'"),
        ("{", "Expecting"),
    ],
)
def test_foreign_json_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Verdict.from_json(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verdict": 3}, "not a Verdict: int where an object is meant"),
        ({"original_verdict": None}, "not a Verdict: NoneType where an object is meant"),
        ({"verdict": {"sentences": [None]}}, "not a SentenceScore: NoneType where an object"),
        ({"alignment": None}, "NoneType where a list of SentenceLink is meant"),
        ({"substitutions": [[]]}, "not a Substitution: list where an object is meant"),
    ],
)
def test_foreign_parts_of_a_comparison_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Comparison.from_dict(COMPARISON.to_dict() | change)


def test_nan_in_contributions_never_becomes_invalid_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        SentenceScore("x", 0, 1, contributions={"encoder": float("nan")}).to_json()


def test_str_names_outcome_and_weightiest_sentence_first() -> None:
    lines = str(VERDICT).splitlines()
    assert lines[0] == (
        "translated · probability of a machine 0.981 · "
        "flagged at 1 % false positives (threshold 0.973)"
    )
    assert "9 words, 2 of 3 sentences judged, language en" in lines[2]
    assert lines[4].strip().startswith("+1.75  [0–22] The mayor gave a call.")
    assert "Leave a Comment" not in str(VERDICT)
    assert "encoder" not in str(VERDICT), "columns are for programs"
    assert "'call' ← 'appeal'" in str(VERDICT)
    assert lines[-1].strip() == VERDICT.signature


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (NOT_JUDGED, "not judged · not English: German"),
        (
            replace(VERDICT, flagged=False, reason="too short: 9 words, 60 needed"),
            "not flagged (too short: 9 words, 60 needed)",
        ),
        (
            replace(VERDICT, flagged=False, threshold=None, false_positive_rate=0.001),
            "not flagged at 0.1 % false positives (no threshold)",
        ),
    ],
)
def test_str_says_why_nothing_was_flagged(verdict: Verdict, expected: str) -> None:
    assert str(verdict).splitlines()[0].endswith(expected)


def test_long_sentences_are_shortened_on_one_line() -> None:
    shown = str(SentenceScore("word\n" * 100, 0, 500, contributions={"encoder": 1.0}))
    assert "…" in shown
    assert "\n" not in shown
    assert len(shown) < 120


def test_reason_code_is_what_stands_before_the_colon() -> None:
    assert NOT_JUDGED.reason_code == "not English"
    assert VERDICT.reason_code is None


def test_signature_names_version_model_and_threshold() -> None:
    assert format_signature("0.1.0", "default@ab12cd34", 0.973, 0.01) == VERDICT.signature
    assert format_signature("0.1.0", "m@0", None, 0.001).endswith("threshold:withheld@fpr0.001")


shares = st.floats(0, 1)
names = st.text(max_size=8)
sentences = st.builds(
    lambda text, start, contributions: SentenceScore(
        text, start, start + len(text), "sentence", contributions
    ),
    st.text(max_size=20),
    st.integers(0, 10**6),
    st.dictionaries(names, st.floats(-1e6, 1e6), max_size=3),
)
verdicts = st.builds(
    Verdict,
    probability=shares,
    label=st.sampled_from(LABELS),
    class_probabilities=st.fixed_dictionaries(dict.fromkeys(LABELS, shares)),
    flagged=st.booleans(),
    threshold=shares,
    false_positive_rate=shares,
    sentences=st.lists(sentences, max_size=3).map(tuple),
    words=st.integers(0, 10**6),
    language=st.none() | names,
    signature=names,
)


@settings(derandomize=True, deadline=None)
@given(verdicts)
def test_any_verdict_survives_json_and_prints(verdict: Verdict) -> None:
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert str(verdict)


def test_a_list_of_verdicts_is_read_at_a_glance() -> None:
    assert repr(VERDICT) == (
        "<Verdict label='translated', probability=0.981, flagged=True, reason=None, words=9, "
        "3 sentences, 1 artifact>"
    )
    assert "reason='not English: German'" in repr(NOT_JUDGED)
    assert len(repr([VERDICT] * 10)) < 1500
