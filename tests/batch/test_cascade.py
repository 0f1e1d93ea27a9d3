"""A quick model reads all texts, an accurate one those that are likely a machine's."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_detector import FakeDetector

from detector.batch.cascade import LEAST_PROBABILITY, Cascade
from detector.batch.workers import find_loader
from detector.detector import Detector

TEXTS = [f"The {word} ran late again today." for word in "ferry tram bus train coach".split()]
FOREIGN = "A foreign text."


@pytest.fixture
def cascade(tmp_path: Path) -> Cascade:
    files = {"comparison.safetensors": None}
    bundle = SimpleNamespace(folder=tmp_path, manifest=SimpleNamespace(files=files))
    log = str(tmp_path / "asked")
    return Cascade(FakeDetector(), FakeDetector(log, model="accurate@1", bundle=bundle))


def score(cascade: Cascade, text: str) -> Any:
    return cascade.score(text, false_positive_rate=0.01, artifacts="none")


def test_only_likely_texts_are_read_twice(cascade: Cascade) -> None:
    likely = [(FakeDetector().score(t).probability or 0.0) >= LEAST_PROBABILITY for t in TEXTS]
    assert 0 < sum(likely) < len(TEXTS)
    models = [score(cascade, text).signature.split("model:")[1] for text in TEXTS]
    assert models == ["accurate@1" if again else "fake@0" for again in likely]


def test_what_cannot_be_judged_is_not_read_twice(cascade: Cascade) -> None:
    assert score(cascade, FOREIGN).probability is None
    assert score(cascade, "").probability is None


COMPARING: Any = {"false_positive_rate": 0.005, "verdict_rate": 0.01, "artifacts": "none"}


@pytest.mark.parametrize("text", [*TEXTS, "Nobody waits here.", FOREIGN])
def test_verdicts_beside_an_original_are_those_by_itself(cascade: Cascade, text: str) -> None:
    for original in TEXTS:
        comparison = cascade.compare(text, original, **COMPARING)
        assert comparison.verdict == score(cascade, text)
        assert comparison.original_verdict == score(cascade, original)


def test_the_accurate_model_compares_what_is_not_independent(
    cascade: Cascade, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    compare = FakeDetector.compare

    def note(self: FakeDetector, text: str, reference: str, **how: Any) -> Any:
        asked.append(self.model)
        return compare(self, text, reference, **how)

    monkeypatch.setattr(FakeDetector, "compare", note)
    assert cascade.compare(TEXTS[1], TEXTS[0], **COMPARING).relation == "edited"
    assert asked == ["fake@0", "accurate@1"]
    asked.clear()
    assert cascade.compare("Nobody waits here.", TEXTS[0], **COMPARING).relation == "independent"
    cascade.compare(FOREIGN, TEXTS[0], **COMPARING)
    assert asked == ["fake@0"] * 2


def test_a_model_that_compares_nothing_is_asked_for_verdicts_alone(
    tiny_detector: Detector,
) -> None:
    assert tiny_detector.bundle is not None
    assert "comparison.safetensors" not in tiny_detector.bundle.manifest.files
    cascade = Cascade(FakeDetector(), tiny_detector)
    for text in TEXTS:
        comparison = cascade.compare(text, TEXTS[0], **COMPARING)
        assert comparison.relation == "edited"
        assert comparison.verdict == score(cascade, text)


def test_it_is_called_after_both_models(cascade: Cascade) -> None:
    assert cascade.model == "fake@0+accurate@1"
    assert cascade.bundle is None  # one of the two came from no folder
    with pytest.raises(ValueError, match="came from no folder"):
        find_loader(cascade)


def test_workers_load_both_models(tiny_detector: Detector, tmp_path: Path) -> None:
    bundle = tiny_detector.bundle
    assert bundle is not None
    folder = shutil.copytree(bundle.folder, tmp_path / "second")
    cascade = Cascade(*(Detector.load(path, threads=2) for path in (bundle.folder, folder)))
    again = find_loader(cascade)()
    assert again.model == cascade.model == f"{tiny_detector.model}+{tiny_detector.model}"
    assert [model.bundle.folder for model in (again.quick, again.accurate)] == [
        bundle.folder, folder,
    ]  # fmt: skip
    assert again.quick.threads == 1
