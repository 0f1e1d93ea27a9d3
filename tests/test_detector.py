"""Load a model folder, score texts: whole path, tiny model."""

from __future__ import annotations

import json
import pickle
import random
import re
import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detector import __version__
from detector.detector import Detector
from detector.errors import BundleError
from detector.features.columns import FEATURE_COLUMNS
from detector.model.bundle import Bundle
from detector.reasons import MINIMUM_WORDS, find_obstacle
from detector.results import LABELS, Verdict
from detector.text.document import Document
from detector.text.normalization import normalize_text

FOREIGN = {
    "de": "Der Hafen wurde am Montag wieder geöffnet, eine Woche nachdem ihn der schlimmste Sturm "
    "seit zehn Jahren geschlossen hatte. Die Fischer hatten tagelang im kleinen Café am Pier "
    "gewartet, Kaffee getrunken und über den Wetterbericht geschimpft.",
    "ru": "Порт снова открылся в понедельник утром, через неделю после самого сильного шторма за "
    "десять лет. Рыбаки несколько дней ждали в маленьком кафе у причала и пили кофе.",
    "zh": "港口在星期一早上重新开放，距离十年来最严重的风暴将其关闭已经过去了一个星期。"
    "渔民们在码头旁边的小咖啡馆里等了好几天，喝着咖啡，抱怨天气预报。",
}
MISSING = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, "", " \n\t "]


@pytest.fixture(scope="module")
def human(tiny_detector: Detector, person_article: str) -> Verdict:
    return tiny_detector.score(person_article)


@pytest.fixture(scope="module")
def machine(tiny_detector: Detector, machine_article: str) -> Verdict:
    return tiny_detector.score(machine_article)


# --------------------------------------------------------------------------------------
# Verdicts
# --------------------------------------------------------------------------------------


def test_a_human_is_not_flagged_and_the_machine_is(human: Verdict, machine: Verdict) -> None:
    assert (human.label, human.flagged, human.reason) == ("original", False, None)
    assert (machine.label, machine.flagged, machine.reason) == ("translated", True, None)
    assert human.probability is not None
    assert machine.probability is not None
    assert machine.threshold is not None
    assert human.probability < machine.threshold <= machine.probability


def test_class_probabilities_add_up(human: Verdict, machine: Verdict) -> None:
    for verdict in (human, machine):
        assert tuple(verdict.class_probabilities) == LABELS
        assert sum(verdict.class_probabilities.values()) == pytest.approx(1.0)
        assert 1 - verdict.class_probabilities["original"] == pytest.approx(verdict.probability)


def test_flagged_is_reaching_the_threshold(
    tiny_detector: Detector, person_article: str, machine_article: str
) -> None:
    mixed = [person_article + machine_article[:n] for n in range(0, len(machine_article), 60)]
    verdicts = tiny_detector.score(mixed, false_positive_rate=0.05)
    for verdict in verdicts:
        assert verdict.probability is not None
        assert verdict.threshold is not None
        assert verdict.flagged == (verdict.probability >= verdict.threshold)
    assert {v.flagged for v in verdicts} == {True, False}


def test_sentences_point_into_the_callers_text(
    tiny_detector: Detector, person_article: str
) -> None:
    text = "\ufeff" + person_article.replace(". ", " .  ").replace('"', "“").replace("'", "&#39;")
    verdict = tiny_detector.score(text)
    assert len(verdict.sentences) > 6
    at = 0
    for sentence in verdict.sentences:
        assert at <= sentence.start < sentence.end <= len(text)
        found = normalize_text(text[sentence.start : sentence.end]).replace("\n", " ").strip()
        assert found == sentence.text
        at = sentence.end


def test_contributions_add_up_to_the_log_odds(
    tiny_detector: Detector, machine: Verdict, machine_article: str
) -> None:
    extractor = tiny_detector.extractor
    features = extractor.extract(extractor.read(machine_article))
    odds = tiny_detector.sentence_scorer.score(features.matrix)
    judged = [machine.sentences[i] for i in features.judged]
    assert len(judged) == len(odds) > 4
    for sentence, expected in zip(judged, odds, strict=True):
        assert tuple(sentence.contributions) == (*FEATURE_COLUMNS, "constant")
        assert sentence.log_odds == pytest.approx(expected, abs=1e-3)


def test_boilerplate_has_no_contributions(human: Verdict) -> None:
    boilerplate = [s for s in human.sentences if s.kind == "boilerplate"]
    assert [s.text for s in boilerplate] == ["Leave a Comment"]
    assert not boilerplate[0].contributions


def test_signature_names_version_model_and_threshold(
    tiny_detector: Detector, tiny_bundle: Path, human: Verdict
) -> None:
    model = Bundle.open(tiny_bundle).identifier
    assert re.fullmatch(r"tiny@[0-9a-f]{8}", model)
    assert human.signature == (
        f"detector:{__version__}|model:{model}|threshold:{human.threshold:.6g}@fpr0.01"
    )
    assert tiny_detector.score("").signature.endswith("threshold:withheld@fpr0.01")


def test_verdicts_survive_json(tiny_detector: Detector, human: Verdict, machine: Verdict) -> None:
    for verdict in (human, machine, tiny_detector.score(""), tiny_detector.score(FOREIGN["de"])):
        assert Verdict.from_json(verdict.to_json()) == verdict
        assert json.loads(verdict.to_json())["probability"] == verdict.probability


def test_loading_again_gives_the_same_verdict(
    tiny_bundle: Path, human: Verdict, person_article: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_MODEL", str(tiny_bundle))
    assert Detector.load(threads=1).score(person_article) == human


# --------------------------------------------------------------------------------------
# What may be asked
# --------------------------------------------------------------------------------------


def test_texts_may_come_in_any_collection(
    tiny_detector: Detector, person_article: str, machine_article: str
) -> None:
    texts = [person_article, machine_article, ""]

    def generate() -> Iterator[str]:
        yield from texts

    expected = tiny_detector.score(texts)
    assert [v.label for v in expected] == ["original", "translated", None]
    series = pd.Series(texts, index=[9, 9, 3])
    for collection in (tuple(texts), series, series.astype("string"), generate(), np.array(texts)):
        assert tiny_detector.score(collection) == expected
    assert tiny_detector.score([]) == []


@pytest.mark.parametrize("item", MISSING, ids=repr)
def test_missing_text_is_answered_as_empty(tiny_detector: Detector, item: str) -> None:
    (verdict,) = tiny_detector.score([item])
    assert verdict.reason_code == "empty"
    assert (verdict.probability, verdict.label, verdict.flagged) == (None, None, False)
    assert verdict.language is None


def test_missing_texts_leave_the_rest_in_place(
    tiny_detector: Detector, machine_article: str, machine: Verdict
) -> None:
    verdicts = tiny_detector.score(pd.Series([None, machine_article, pd.NA], dtype="string"))
    assert [v.reason_code for v in verdicts] == ["empty", None, "empty"]
    assert verdicts[1] == machine


@pytest.mark.parametrize("item", [7, 1.5, b"bytes", ["a list"], np.array([1, 2])], ids=repr)
def test_what_is_no_text_is_refused_with_its_place(tiny_detector: Detector, item: str) -> None:
    with pytest.raises(TypeError, match=rf"text 1 is {type(item).__name__}; give strings"):
        tiny_detector.score(["A text.", item])


def test_what_is_no_list_of_texts_is_refused(tiny_detector: Detector) -> None:
    with pytest.raises(TypeError, match="not a DataFrame: score_frame takes one"):
        tiny_detector.score(pd.DataFrame({"text": ["A text."]}))
    for given in (7, None, b"bytes", {"text": "A text."}):
        with pytest.raises(TypeError, match=f"not {type(given).__name__}"):
            tiny_detector.score(given)  # type: ignore[call-overload]


@pytest.mark.parametrize("rate", [0, 1, -0.1, 5, float("nan"), 0.02, 0.0100001])
def test_rates_that_do_not_exist_are_refused_with_those_that_do(
    tiny_detector: Detector, rate: float
) -> None:
    with pytest.raises(ValueError, match=rf"must be 0.05, 0.01 or 0.001, not {rate}: only"):
        tiny_detector.score("A text.", false_positive_rate=rate)
    with pytest.raises(ValueError, match=r"must be 0.05, 0.01, 0.005 or 0.001, not"):
        tiny_detector.compare("A text.", "A text.", false_positive_rate=rate)
    with pytest.raises(ValueError, match=r"verdict_rate must be 0.05, 0.01 or 0.001"):
        tiny_detector.compare("A text.", "A text.", verdict_rate=rate)


@pytest.mark.parametrize("rate", ["0.01", "1%", None, True, [0.01]], ids=repr)
def test_rates_that_are_no_numbers_are_refused_with_what_they_are(
    tiny_detector: Detector, rate: float
) -> None:
    kind = type(rate).__name__
    with pytest.raises(TypeError, match=rf"false_positive_rate is {kind} \(.*\); give 0.05"):
        tiny_detector.score("A text.", false_positive_rate=rate)


def test_rates_may_be_numbers_of_any_kind(tiny_detector: Detector) -> None:
    for rate in (np.float32(0.05), np.float64(0.05), 1 / 20, Fraction(1, 20)):
        assert tiny_detector.score("", false_positive_rate=rate).signature.endswith("@fpr0.05")  # type: ignore[arg-type]


def test_a_detector_says_what_it_is(tiny_detector: Detector, tiny_bundle: Path) -> None:
    model = Bundle.open(tiny_bundle).identifier
    assert repr(tiny_detector) == f"<Detector {model}, false-positive rates 0.01, 0.05>"


def test_rate_without_a_guarantee_flags_nothing(
    tiny_detector: Detector, machine_article: str, machine: Verdict
) -> None:
    assert tiny_detector.false_positive_rates == (0.01, 0.05)
    verdict = tiny_detector.score(machine_article, false_positive_rate=0.001)
    assert (verdict.flagged, verdict.threshold) == (False, None)
    assert verdict.reason == "no threshold: this model guarantees none at 0.001, only at 0.01, 0.05"
    assert verdict.probability == machine.probability


# --------------------------------------------------------------------------------------
# Texts that cannot be judged
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(FOREIGN))
def test_other_languages_are_not_judged(tiny_detector: Detector, code: str) -> None:
    verdict = tiny_detector.score(FOREIGN[code])
    assert (verdict.probability, verdict.flagged, verdict.language) == (None, False, code)
    assert verdict.reason == f"not English: the text looks like {code!r}"


def test_digits_have_no_language(tiny_detector: Detector) -> None:
    verdict = tiny_detector.score("1204 3441 88.2 7 7 7\n" * 40)
    assert (verdict.probability, verdict.language) == (None, None)
    assert verdict.reason_code == "not English"


ENGLISH, DIGITS = "The boats waited in the old harbour for days.", "1204 3441 88.2 7 7 7\n" * 40


@pytest.mark.parametrize(
    ("copy", "original", "obstacle"),
    [
        (ENGLISH, DIGITS, "not English: the language of the original could not be told"),
        (DIGITS, ENGLISH, "not English: the language of the copy could not be told"),
        (DIGITS, DIGITS, "not English: the language of the copy could not be told"),
        (FOREIGN["de"], FOREIGN["de"], "not English: the texts look like 'de'"),
        (
            ENGLISH,
            FOREIGN["de"],
            "two languages: the copy looks like 'en', the original like 'de'",
        ),
        (DIGITS, "", "empty: the original has no text"),
        (ENGLISH, ENGLISH, None),
    ],
)
def test_pairs_of_other_languages_are_not_compared(
    copy: str, original: str, obstacle: str | None
) -> None:
    assert find_obstacle(Document.make(copy, ()), Document.make(original, ())) == obstacle


def test_binary_is_not_judged(tiny_detector: Detector) -> None:
    noise = random.Random(5).randbytes(20_000)
    for text in (noise.decode("latin-1"), noise.decode("utf-8", "replace"), "\x00" * 5000):
        verdict = tiny_detector.score(text)
        assert not verdict.flagged
        assert verdict.reason is not None


def test_broken_characters_do_not_stop_a_batch(
    tiny_detector: Detector, person_article: str, human: Verdict
) -> None:
    broken = person_article.replace("storm", "st\ud800rm").replace(
        "boats", "b\x00\ufffeo\U0001fffeats"
    )
    verdicts = tiny_detector.score([broken, person_article])
    assert verdicts[0].language == "en"
    assert verdicts[1].label == human.label


def test_short_text_is_scored_and_never_flagged(
    tiny_detector: Detector, machine_article: str
) -> None:
    short = " ".join(machine_article.split()[: MINIMUM_WORDS - 20]) + "."
    verdict = tiny_detector.score(short)
    assert verdict.probability is not None
    assert verdict.threshold is not None
    assert verdict.probability >= verdict.threshold
    assert not verdict.flagged
    assert verdict.reason == f"too short: {verdict.words} words in whole sentences, 60 needed"


def test_english_without_a_sentence_is_too_short(tiny_detector: Detector) -> None:
    verdict = tiny_detector.score("Leave a Comment")
    assert (verdict.probability, verdict.reason) == (None, "too short: no whole sentence to judge")


def make_line(ends: str, size: int) -> str:
    """English of a given size in characters on one line, with capitals as initials have them."""
    clause = f"the boats waited in the old harbour and Anna B. Lind paid for vitamin C{ends} "
    return clause * (size // len(clause))


SIZES = [300_000, pytest.param(10_000_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ends", ["", "."], ids=["one sentence", "many sentences"])
def test_endless_line_is_answered(tiny_detector: Detector, ends: str, size: int) -> None:
    text = make_line(ends, size)
    started = time.process_time()
    verdict = tiny_detector.score(text)
    # Not a benchmark: what this catches is time that grows with the square of the length.
    assert time.process_time() - started < 60
    assert verdict.language == "en"
    assert verdict.reason is not None or verdict.probability is not None


# --------------------------------------------------------------------------------------
# Batches and frames
# --------------------------------------------------------------------------------------


def test_verdict_hardly_depends_on_the_batch(
    tiny_detector: Detector, person_article: str, machine_article: str
) -> None:
    texts = [person_article, machine_article, *FOREIGN.values(), person_article[:300]]
    texts = texts * 12
    together = tiny_detector.score(texts)
    alone = {text: tiny_detector.score(text) for text in set(texts)}
    for text, verdict in zip(texts, together, strict=True):
        assert verdict.label == alone[text].label
        assert verdict.flagged == alone[text].flagged
        assert verdict.words == alone[text].words
        if verdict.probability is not None:
            assert verdict.probability == pytest.approx(alone[text].probability, abs=1e-3)


@pytest.mark.parametrize("index", [["a", "b", "c"], [4, 4, 4], pd.date_range("2026", periods=3)])
def test_frame_keeps_its_index(
    tiny_detector: Detector, person_article: str, machine_article: str, index: list[str]
) -> None:
    frame = pd.DataFrame({"body": [machine_article, None, person_article]}, index=index)
    answer = tiny_detector.score_frame(frame, text_column="body")
    assert answer.index.equals(frame.index)
    verdicts = tiny_detector.score(frame["body"])
    assert answer["flagged"].tolist() == [True, False, False]
    assert answer["flagged"].dtype == bool
    assert answer["words"].tolist() == [v.words for v in verdicts]
    expected = [np.nan if v.probability is None else v.probability for v in verdicts]
    np.testing.assert_array_equal(answer["probability"], expected)
    for label in LABELS:
        expected = [v.class_probabilities.get(label, np.nan) for v in verdicts]
        np.testing.assert_array_equal(answer[f"probability_{label}"], expected)
    assert answer["reason"].iloc[1] == "empty: there is no text"


def test_empty_frame_has_the_columns_of_any_other(tiny_detector: Detector) -> None:
    full = tiny_detector.score_frame(pd.DataFrame({"text": ["", None]}))
    empty = tiny_detector.score_frame(pd.DataFrame({"text": []}))
    assert list(empty.columns) == list(full.columns)
    assert len(empty) == 0
    assert empty["probability"].dtype == full["probability"].dtype == "float64"


def test_missing_column_is_named_beside_those_there(tiny_detector: Detector) -> None:
    frame = pd.DataFrame({"id": [1], "body": ["x"]})
    with pytest.raises(KeyError, match=r"no column 'text'; the frame has 'id', 'body'"):
        tiny_detector.score_frame(frame)


# --------------------------------------------------------------------------------------
# Loading
# --------------------------------------------------------------------------------------


def test_model_without_its_classifier_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "model"))
    (folder / "classifier.safetensors").unlink()
    with pytest.raises(BundleError, match=r"classifier\.safetensors: missing"):
        Detector.load(folder)


@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (-1, ValueError, "threads must be at least 1, not -1"),
        (0, ValueError, "threads must be at least 1, not 0"),
        (1.5, TypeError, r"threads is float \(1\.5\); give a whole number"),
        (True, TypeError, r"threads is bool \(True\); give a whole number"),
        ("2", TypeError, r"threads is str \('2'\); give a whole number"),
    ],
)
def test_threads_that_there_cannot_be_are_refused_by_name(
    tiny_bundle: Path, threads: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Detector.load(tiny_bundle, threads=threads)


def test_threads_may_be_counted_by_numpy(tiny_bundle: Path) -> None:
    assert Detector.load(tiny_bundle, threads=np.int64(2)).threads == 2  # type: ignore[arg-type]


def test_a_detector_compares_after_the_process_went_elsewhere(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person_article: str
) -> None:
    monkeypatch.chdir(tiny_bundle.parent)
    detector = Detector.load(tiny_bundle.name, threads=1)
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(pickle.dumps(detector))  # noqa: S301 - our own bytes
    assert again.score(person_article) == detector.score(person_article)
    # The part for comparisons is read when it is first needed: it is missed in its own folder.
    with pytest.raises(
        BundleError, match=f"^{re.escape(str(tiny_bundle))}: this model has no part"
    ):
        detector.compare(person_article, person_article)


def test_altered_encoder_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "model"))
    path = folder / "encoder" / "onnx" / "model_quantized.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model_quantized\.onnx: altered"):
        Detector.load(folder)
