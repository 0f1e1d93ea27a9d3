"""A detector that has scored also scores in every other process, and as a copy."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest

from detector.detector import Detector
from detector.errors import BundleError
from detector.results import Verdict

_SECONDS = 120


def _score(detector: Detector, text: str) -> Verdict:
    return detector.score(text)


def _pickle(detector: Detector) -> Detector:
    again: Detector = pickle.loads(pickle.dumps(detector))  # noqa: S301
    return again


@pytest.fixture
def scored(tiny_bundle: Path, machine_article: str) -> tuple[Detector, Verdict]:
    detector = Detector.load(tiny_bundle, threads=2)
    return detector, detector.score(machine_article)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_pool_of_processes_scores(
    scored: tuple[Detector, Verdict], machine_article: str, method: str
) -> None:
    detector, verdict = scored
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.starmap_async(_score, [(detector, machine_article)] * 3).get(_SECONDS)
    assert answers == [verdict] * 3


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_a_forked_child_scores_with_the_detector_of_its_parent(
    scored: tuple[Detector, Verdict], machine_article: str
) -> None:
    detector, verdict = scored
    context: Any = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=lambda: theirs.send(detector.score(machine_article)))
    child.start()
    try:
        assert ours.poll(_SECONDS), "the child hangs"
        assert ours.recv() == verdict
    finally:
        child.kill()
        child.join()
    assert detector.score(machine_article) == verdict


@pytest.mark.parametrize("repeat", [copy.copy, copy.deepcopy, _pickle])
def test_a_copy_scores_alike(
    scored: tuple[Detector, Verdict],
    machine_article: str,
    repeat: Callable[[Detector], Detector],
) -> None:
    detector, verdict = scored
    again = repeat(detector)
    assert again.score(machine_article) == verdict
    assert again.threads == detector.threads == 2


def test_joblib_hands_a_detector_to_its_workers(
    scored: tuple[Detector, Verdict], machine_article: str
) -> None:
    detector, verdict = scored
    run = joblib.Parallel(n_jobs=2)
    assert run([joblib.delayed(_score)(detector, machine_article)] * 2) == [verdict] * 2


def test_a_detector_from_no_folder_is_copied_with_all_it_holds(
    scored: tuple[Detector, Verdict], machine_article: str
) -> None:
    detector, verdict = scored
    detector.bundle = None
    for again in (copy.deepcopy(detector), _pickle(detector)):
        assert again.score(machine_article) == verdict


def test_a_pickle_names_a_folder_that_holds_another_model(
    scored: tuple[Detector, Verdict], tmp_path: Path
) -> None:
    shutil.copytree(scored[0].bundle.folder, tmp_path / "model")  # type: ignore[union-attr]
    pickled = pickle.dumps(Detector.load(tmp_path / "model"))
    manifest = tmp_path / "model" / "manifest.json"
    content = json.loads(manifest.read_bytes()) | {"name": "another"}
    manifest.write_text(json.dumps(content))
    with pytest.raises(BundleError, match=r"holds the model .* by now"):
        pickle.loads(pickled)  # noqa: S301
