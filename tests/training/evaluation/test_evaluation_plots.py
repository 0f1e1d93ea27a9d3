"""Pictures are drawn, are the same each time, and fail clearly."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pytest

from detector.errors import DetectorError
from detector.presentation.plots import check_matplotlib
from detector.training.evaluation import plots

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def scored() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = np.repeat(["original", "translated", "spun"], 40)
    log_odds = rng.normal(size=120) + 2.0 * (label != "original")
    frame = pd.DataFrame(
        {
            "label": label,
            "article_id": [f"a{i}" for i in range(40)] * 3,
            "outlet": ["gazette", "courier"] * 60,
            "system": np.where(label == "spun", "thesaurus", ""),
            "words": rng.integers(30, 900, 120),
            "probability": 1 / (1 + np.exp(-log_odds)),
            "threshold": 0.9,
        }
    )
    return frame.assign(flagged=frame["probability"] >= 0.9)


@pytest.fixture(scope="module")
def flagged_at(scored: pd.DataFrame) -> dict[float, Any]:
    probability = scored["probability"].to_numpy()
    return {0.05: probability >= 0.8, 0.01: probability >= 0.9, 0.001: probability >= 0.99}


@pytest.fixture(scope="module")
def drawn(
    scored: pd.DataFrame, flagged_at: dict[float, Any], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    folder = tmp_path_factory.mktemp("drawn") / "new" / "plots"
    return plots.plot_evaluation(scored, flagged_at, folder)


NAMES = ("roc", "reliability", "scores", "accuracy_by_length")


def test_every_picture_is_there_as_png_and_svg(drawn: list[Path]) -> None:
    from matplotlib.image import imread

    paths = drawn
    expected = [f"{name}{suffix}" for name in NAMES for suffix in (".png", ".svg")]
    assert [path.name for path in paths] == expected
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted(expected)
    for path in paths[::2]:
        picture = imread(path)[..., :3]
        assert min(picture.shape[:2]) > 300
        # Ink on paper: neither blank nor full, and more colours than a page of text has.
        assert 0.005 < (picture.min(axis=2) < 0.9).mean() < 0.6
        colours = (picture * 8).astype(int) @ np.array([100, 10, 1])
        assert len(np.unique(colours)) > 8


def test_the_same_figures_give_the_same_files(
    drawn: list[Path], scored: pd.DataFrame, flagged_at: dict[float, Any], tmp_path: Path
) -> None:
    # Nor do the caller's own settings change them.
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "svg.hashsalt": "x"}):
        second = plots.plot_evaluation(scored, flagged_at, tmp_path)
    for one, other in zip(drawn, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    svg = drawn[1].read_text()
    assert "dc:date" not in svg
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)


@pytest.mark.parametrize("column", ["score", "logit"])
def test_scores_are_named_log_odds_and_rates_guaranteed(
    drawn: list[Path], scored: pd.DataFrame, tmp_path: Path, column: str
) -> None:
    [_, svg] = plots.plot_scores(scored.assign(**{column: 0.5}), tmp_path)
    assert "<!-- score: log-odds above the threshold" in svg.read_text()
    assert "<!-- guaranteed: 1 % -->" in drawn[-1].read_text()


def test_unjudged_documents_do_not_matter(
    drawn: list[Path], scored: pd.DataFrame, flagged_at: dict[float, Any], tmp_path: Path
) -> None:
    unjudged = scored.iloc[:5].assign(probability=np.nan, threshold=np.nan, flagged=False)
    more = pd.concat([scored, unjudged], ignore_index=True)
    masks = {rate: np.r_[mask, np.zeros(5, dtype=bool)] for rate, mask in flagged_at.items()}
    second = plots.plot_evaluation(more, masks, tmp_path)
    assert [p.read_bytes() for p in drawn] == [p.read_bytes() for p in second]


def test_without_human_documents_there_is_no_roc(
    scored: pd.DataFrame, flagged_at: dict[float, Any], tmp_path: Path
) -> None:
    machine = (scored["label"] != "original").to_numpy()
    masks = {rate: mask[machine] for rate, mask in flagged_at.items()}
    paths = plots.plot_evaluation(scored[machine], masks, tmp_path)
    assert {path.stem for path in paths} == {"scores", "accuracy_by_length"}


def test_groups_beyond_the_most_are_left_out_and_counted(scored: pd.DataFrame) -> None:
    outlets = [f"outlet {i:02d}" for i in range(40)] * 3
    groups, left_out = plots._choose_groups(scored.assign(outlet=outlets))
    assert (len(groups), left_out) == (plots.MOST_GROUPS, 81 - plots.MOST_GROUPS)
    assert "thesaurus spun" in [name for name, _, _ in groups]


def test_a_folder_that_is_a_file_is_a_clear_error(scored: pd.DataFrame, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(DetectorError, match=r"taken/reliability\.png: cannot be written"):
        plots.plot_reliability(scored, taken)
    assert taken.read_text() == "mine"


def test_a_picture_that_fails_leaves_the_older_one(
    scored: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    def fill_disk(self: Figure, stream: IO[bytes], **_: object) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "reliability.png").write_text("older")
    monkeypatch.setattr(Figure, "savefig", fill_disk)
    with pytest.raises(DetectorError, match="No space left"):
        plots.plot_reliability(scored, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["reliability.png"]
    assert (tmp_path / "reliability.png").read_text() == "older"


def test_without_matplotlib_the_extra_is_named(
    scored: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DetectorError, match=r"pip install 'mt-artifact-detector\[plots\]'"):
        check_matplotlib()
    with pytest.raises(DetectorError, match="plots need matplotlib"):
        plots.plot_reliability(scored, tmp_path)
