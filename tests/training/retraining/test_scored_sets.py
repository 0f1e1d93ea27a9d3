"""Old and new model are compared on scores that neither learnt by heart, and drawn as they flag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from detector.model.thresholds import Thresholds
from detector.training.evaluation import plots
from detector.training.evaluation.regression_check import ScoredSet
from detector.training.fitting.adapter import refit_guarantees
from detector.training.retraining import writing
from detector.training.retraining.fitting import HELD_OUT_SET, USER_SET, fit_on_user, score_sets
from detector.training.retraining.replay_data import locate_replay_data
from detector.training.retraining.retrain import retrain
from detector.training.retraining.settings import CLASSIFIER, RetrainSettings
from detector.training.retraining.user_features import (
    BaseModel,
    measure_documents,
    prepare_documents,
)
from detector.training.retraining.writing import write_retrained

MakePairs = Callable[..., pd.DataFrame]


class Taught(NamedTuple):
    """A model that learnt from `pairs`, and its out-of-fold scores of them."""

    folder: Path
    pairs: pd.DataFrame
    scores: np.ndarray[Any, Any]


def say_nothing(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def taught(
    tiny_base_bundle: Path, make_pairs: MakePairs, tmp_path_factory: pytest.TempPathFactory
) -> Taught:
    folder = tmp_path_factory.mktemp("taught")
    pairs = make_pairs(20, known=False)
    pairs.to_csv(folder / "pairs.csv", index=False)
    settings = RetrainSettings(accept_regression=True)
    result = retrain([folder / "pairs.csv"], tiny_base_bundle, settings, say_nothing)
    write_retrained(result, folder / "mine", say_nothing)
    base = BaseModel.open(folder / "mine", settings)
    assert base.replay is not None
    scores = refit_guarantees(base.replay, base.classifier).fitted.out_of_fold
    return Taught(folder / "mine", pairs, scores[base.replay.frame["added"].to_numpy()])


def score_again(model: Path, frame: pd.DataFrame, folder: Path) -> ScoredSet:
    """The user's set where `model` is retrained on the pairs of `frame`."""
    path = folder / "again.csv"
    frame.to_csv(path, index=False)
    settings = RetrainSettings()
    base = BaseModel.open(model, settings)
    user = prepare_documents([path], settings, say_nothing)
    features = measure_documents(user.frame, base, settings, say_nothing)
    held_out = features.new.frame["held_out"].to_numpy(dtype=bool)
    fit = fit_on_user(base, features.new.select(~held_out), CLASSIFIER)
    return score_sets(base, features, fit, CLASSIFIER)[0]


def test_a_model_is_not_judged_on_what_it_learnt(taught: Taught, tmp_path: Path) -> None:
    scored = score_again(taught.folder, taught.pairs, tmp_path)
    assert scored.name == USER_SET
    np.testing.assert_allclose(np.sort(scored.old["score"]), np.sort(taught.scores))


def test_what_it_knows_in_another_version_is_not_compared(
    taught: Taught, make_pairs: MakePairs, tmp_path: Path
) -> None:
    others = make_pairs(20, known=True)
    new = make_pairs(12, first=300)
    scored = score_again(taught.folder, pd.concat([others, new]), tmp_path)
    unknown = scored.old["probability"].isna()
    # The originals are the same; the copies are another spinner's.
    assert set(scored.documents["label"][unknown]) == {"spun"}
    assert unknown.sum() == 20
    assert scored.new["probability"].notna().all()
    assert not scored.old["flagged"][unknown].any()


def test_articles_that_were_learnt_from_are_not_held_out(
    taught: Taught, make_pairs: MakePairs, tmp_path: Path
) -> None:
    splits = pd.concat([taught.pairs.head(12), make_pairs(12, first=300)]).assign(
        split=["test"] * 12 + ["train"] * 12
    )
    assert score_again(taught.folder, splits, tmp_path).name == USER_SET
    turned = splits.assign(split=["train"] * 12 + ["test"] * 12)
    assert score_again(taught.folder, turned, tmp_path).name == HELD_OUT_SET


def test_what_is_stopped_is_drawn_as_not_flagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(plots, "plot_evaluation", lambda *given: drawn.append(given) or [])
    scores = pd.DataFrame({"score": [3.0, 3.0, 0.0], "stopped": [False, True, False]})
    documents = pd.DataFrame({"label": ["original"] * 3})
    scored = ScoredSet("a set", documents, scores, scores)
    result: Any = SimpleNamespace(
        classifier=SimpleNamespace(thresholds=Thresholds({0.01: 2.0})), sets=[scored]
    )
    writing._draw(result, tmp_path / "mine")
    assert drawn[0][1][0.01].tolist() == [True, False, False]
    assert not locate_replay_data(tmp_path / "mine").exists()
